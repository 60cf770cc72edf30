/**
 * @file The library's database as services see it: one repository per kind of row, one transaction function. Services take
 * a Store; only main/store writes SQL. One process writes; a second opener gets it read-only (main/files keeps the lock).
 */
import { createAdjudicationDraftStore, type AdjudicationDraftStore } from './adjudication-drafts.ts';
import { createAnnotationStore, type AnnotationStore } from './annotations.ts';
import { createArtifactStore, type ArtifactStore } from './artifacts.ts';
import { createAuditStore, type AuditStore } from './audit.ts';
import { createComparisonStore, type ComparisonStore } from './comparisons.ts';
import { checkDatabase, type Db } from './connection.ts';
import { createCopyStore, type CopyStore } from './copies.ts';
import { openDatabase, userVersion } from './database.ts';
import type { DatabaseKey } from './driver.ts';
import { createDecisionStore, type DecisionStore } from './decisions.ts';
import { createEvaluationStore, type EvaluationStore } from './evaluations.ts';
import { createEventStore, type EventStore } from './events.ts';
import { createFilmQueryStore, type FilmQueryStore } from './film-query.ts';
import { createFilmStore, type FilmStore } from './films.ts';
import { createImportedModelStore, type ImportedModelStore } from './imported-models.ts';
import { createImportStore, type ImportStore } from './imports.ts';
import { createLabelStore, type LabelStore } from './labels.ts';
import { createLabelVersionStore, type LabelVersionStore } from './label-versions.ts';
import { createLikenessStore, type LikenessStore } from './likeness.ts';
import { createLocalisationStore, type LocalisationStore } from './localisations.ts';
import { createOutsideScoreStore, type OutsideScoreStore } from './outside-scores.ts';
import { createPatientStore, type PatientStore } from './patients.ts';
import { createPredictionStore, type PredictionStore } from './predictions.ts';
import { createReaderStore, type ReaderStore } from './readers.ts';
import { createReadingStore, type ReadingStore } from './readings.ts';
import type { Restored } from './restore.ts';
import { createReviewStore, type ReviewStore } from './reviews.ts';
import { createRunStore, type RunStore } from './runs.ts';
import { createSessionMergeStore, type SessionMergeStore } from './session-merge.ts';
import { createSettingsStore, type SettingsStore } from './settings.ts';
import { createSplitStore, type SplitStore } from './splits.ts';
import { createStudyStore, type StudyStore } from './studies.ts';
import { createThresholdStore, type ThresholdStore } from './thresholds.ts';
import { translated, translateSqliteError } from './sqlite-error.ts';

export interface Store {
  readonly adjudicationDrafts: AdjudicationDraftStore;
  readonly annotations: AnnotationStore;
  readonly artifacts: ArtifactStore;
  readonly patients: PatientStore;
  readonly films: FilmStore;
  readonly filmQueries: FilmQueryStore;
  readonly labels: LabelStore;
  readonly labelVersions: LabelVersionStore;
  readonly readings: ReadingStore;
  readonly splits: SplitStore;
  readonly imports: ImportStore;
  readonly runs: RunStore;
  readonly importedModels: ImportedModelStore;
  readonly outsideScores: OutsideScoreStore;
  readonly studies: StudyStore;
  readonly evaluations: EvaluationStore;
  readonly comparisons: ComparisonStore;
  readonly likeness: LikenessStore;
  readonly localisations: LocalisationStore;
  readonly predictions: PredictionStore;
  readonly thresholds: ThresholdStore;
  readonly readers: ReaderStore;
  readonly reviews: ReviewStore;
  readonly decisions: DecisionStore;
  readonly sessionMerge: SessionMergeStore;
  readonly settings: SettingsStore;
  readonly events: EventStore;
  readonly audit: AuditStore;
  readonly copies: CopyStore;
  readonly readOnly: boolean;
  /** Layout version of the open file. */
  readonly version: number;
  /** The last session ended without closing the library. */
  readonly wasUnclean: boolean;
  /**
   * It ended in the middle of a write, or the end of its log is missing: when the last act that is kept was done, ms since 1970.
   * Null = nothing can be missing. A person must be told.
   */
  readonly cutOffAfter: number | null;
  /** Path of the copy made before the layout was brought up to date, if it was. */
  readonly backup: string | null;
  /** A copy took the place of the database (damaged, or left by a person); null = it is as it was. A person must be told. */
  readonly restored: Restored | null;
  /**
   * Runs `work` in one immediate transaction: all of it is stored when this returns, none of it when it throws. May be
   * nested. `work` must not be async.
   */
  transaction<Result>(work: () => Result): Result;
  /** SQLite's whole check with foreign keys; empty = sound. */
  check(): readonly string[];
  /** Lets SQLite refresh what it knows about the tables after many rows changed. */
  optimize(): void;
  /** Safe to call twice. */
  close(): void;
}

export interface StoreOptions {
  readonly readOnly?: boolean;
  readonly clock: { now(): number };
  /** Id of a copy to go back to; what was there before is kept beside it. */
  readonly goBackTo?: string | null;
  /** 32 bytes; null or absent = the database is not encrypted. */
  readonly key?: DatabaseKey;
  /** Folder of the numbered migrations; tests give their own. */
  readonly migrationsDir?: URL;
}

export const MIGRATIONS_DIR = new URL('./migrations/', import.meta.url);

/**
 * Opens (or makes) the database of a library.
 * @param file path of library.db, or ':memory:'
 * @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, READ_ONLY, NOT_FOUND, DISK_FULL
 */
export function openStore(file: string, options: StoreOptions): Store {
  const { db, wasUnclean, wasCutOff, backup, restored } = openDatabase(file, {
    readOnly: options.readOnly ?? false,
    migrationsDir: options.migrationsDir ?? MIGRATIONS_DIR,
    now: () => options.clock.now(),
    goBackTo: options.goBackTo ?? null,
    key: options.key ?? null,
  });
  const labels = translated(createLabelStore(db));
  const audit = translated(createAuditStore(db));
  return {
    adjudicationDrafts: translated(createAdjudicationDraftStore(db)),
    annotations: translated(createAnnotationStore(db)),
    artifacts: translated(createArtifactStore(db)),
    patients: translated(createPatientStore(db)),
    films: translated(createFilmStore(db)),
    filmQueries: translated(createFilmQueryStore(db)),
    labels,
    labelVersions: translated(createLabelVersionStore(db, labels.ensureFinding)),
    readings: translated(createReadingStore(db, labels.ensureFinding)),
    splits: translated(createSplitStore(db)),
    imports: translated(createImportStore(db)),
    runs: translated(createRunStore(db)),
    importedModels: translated(createImportedModelStore(db)),
    outsideScores: translated(createOutsideScoreStore(db)),
    studies: translated(createStudyStore(db)),
    evaluations: translated(createEvaluationStore(db)),
    comparisons: translated(createComparisonStore(db)),
    likeness: translated(createLikenessStore(db)),
    localisations: translated(createLocalisationStore(db)),
    predictions: translated(createPredictionStore(db)),
    thresholds: translated(createThresholdStore(db)),
    readers: translated(createReaderStore(db)),
    reviews: translated(createReviewStore(db)),
    decisions: translated(createDecisionStore(db)),
    sessionMerge: translated(createSessionMergeStore(db)),
    settings: translated(createSettingsStore(db)),
    events: translated(createEventStore(db)),
    audit,
    copies: translated(createCopyStore(db, file, () => options.clock.now(), options.key ?? null)),
    readOnly: options.readOnly ?? false,
    version: userVersion(db),
    wasUnclean,
    cutOffAfter: wasCutOff ? (audit.lastAt() ?? options.clock.now()) : null,
    backup,
    restored,
    transaction: (work) => inTransaction(db, work),
    check: () => check(db),
    optimize: () => {
      if (!db.readonly) db.pragma('optimize');
    },
    close: () => {
      if (db.open) db.close();
    },
  };
}

function inTransaction<Result>(db: Db, work: () => Result): Result {
  try {
    return db.inTransaction ? db.transaction(work)() : db.transaction(work).immediate();
  } catch (error) {
    throw translateSqliteError(error);
  }
}

function check(db: Db): readonly string[] {
  try {
    const strangers = db.pragma('foreign_key_check') as readonly { table: string; rowid: number }[];
    return [
      ...checkDatabase(db, 'integrity_check'),
      ...strangers.map(({ table, rowid }) => `row ${rowid} of ${table} points at a row that does not exist`),
    ];
  } catch (error) {
    const known = translateSqliteError(error);
    if (known instanceof Error) return [known.message];
    throw known;
  }
}
