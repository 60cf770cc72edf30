/** @file The scores that a run wrote at its end, joined with its films' labels as they are in the library now. */
import { join } from 'node:path';

import { z } from 'zod';

import type { Part } from '../../../shared/contract/base.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { scoreRow } from '../../../shared/worker/protocol.ts';
import { readText, type LibraryVault } from '../../files/vault.ts';
import type { RunRow } from '../../store/runs.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import { labelledFilms } from '../library/labelled-films.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { measuredSplit } from './measured-split.ts';

const SCORES_FILE = 'scores.json';
/** Task T2 among the tasks. */
export const ABNORMAL = 'abnormal';

/** One binary task on the films of a part. */
export interface TaskScores {
  readonly name: string;
  /** One a film; null = unknown, left out of the metrics. */
  readonly labels: readonly (0 | 1 | null)[];
  /** Probabilities, one a film. */
  readonly scores: Float64Array;
}

export interface PartScores {
  readonly filmIds: readonly FilmId[];
  /** Patient keys, one a film. */
  readonly patients: readonly string[];
  /** One a finding, in the order of the run's findings. */
  readonly findings: readonly TaskScores[];
  readonly abnormal: TaskScores;
}

/** Parts of which a run keeps scores. */
export type ScoredPart = Exclude<Part, 'train'>;
export type RunScores = Readonly<Record<ScoredPart, PartScores>>;

type ScoreRow = z.infer<typeof scoreRow>;

/** @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY */
export async function readRunScores({ store, files }: OpenLibrary, run: RunRow): Promise<RunScores> {
  refuseUnmeasured(store, run);
  const rows = await readRows(files.vault, join(files.runsDir, run.id, SCORES_FILE), run);
  const { findings, labelRule, labelVersionId } = run.config;
  const splitId = measuredSplit(store, run);
  const films = new Map(
    labelledFilms(store, splitId, findings, labelRule, labelVersionId).map((film) => [film.filmId, film]),
  );
  const joined = rows.map((row) => {
    const film = films.get(row.filmId as FilmId);
    if (film?.part !== row.part || row.t1.length !== findings.length) throw damaged(run);
    return { row, film };
  });
  const part = (wanted: ScoredPart): PartScores =>
    columns(
      findings,
      joined.filter(({ row }) => row.part === wanted),
    );
  return { validation: part('validation'), test: part('test') };
}

/** @throws ServiceError CONFLICT for a model from elsewhere that was not measured here */
function refuseUnmeasured({ importedModels }: OpenLibrary['store'], run: RunRow): void {
  const imported = importedModels.find(run.id);
  if (imported === null || imported.measuredSplitId !== null) return;
  throw new ServiceError(
    'CONFLICT',
    `“${run.name}” came from elsewhere and was not measured on this library's films yet. Measure it here; the figures from where it was trained are on its card.`,
    { runId: run.id, unmeasured: true },
  );
}

async function readRows(vault: LibraryVault, path: string, run: RunRow): Promise<readonly ScoreRow[]> {
  let text: string;
  try {
    text = await readText(vault, path);
  } catch {
    throw new ServiceError(
      'NOT_FOUND',
      `The scores of "${run.name}" are not in its folder, so it cannot be evaluated. Its weights are kept; train it again to get scores.`,
      { runId: run.id },
    );
  }
  try {
    return z.array(scoreRow).parse(JSON.parse(text));
  } catch {
    throw damaged(run);
  }
}

function damaged(run: RunRow): ServiceError {
  return new ServiceError(
    'CORRUPT_LIBRARY',
    `The scores of "${run.name}" do not fit its split: the file ${SCORES_FILE} in its folder is damaged. Train the run again (measure it again, if it came from elsewhere); nothing else is affected.`,
    { runId: run.id },
  );
}

function columns(
  findings: readonly string[],
  joined: readonly { readonly row: ScoreRow; readonly film: DatasetFilm }[],
): PartScores {
  return {
    filmIds: joined.map(({ film }) => film.filmId),
    patients: joined.map(({ film }) => film.patientKey),
    findings: findings.map((name, index) => ({
      name,
      labels: joined.map(({ film }) => film.labels[index] ?? null),
      scores: Float64Array.from(joined, ({ row }) => row.t1[index] ?? Number.NaN),
    })),
    abnormal: {
      name: ABNORMAL,
      labels: joined.map(({ film }) => film.abnormal),
      scores: Float64Array.from(joined, ({ row }) => row.t2),
    },
  };
}
