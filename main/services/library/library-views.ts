/** @file Rows as the contract shows them: film rows, splits, the overview with its warnings. */
import type { FilmRow, LabelCount, LibraryOverview, Split } from '../../../shared/contract/library.ts';
import { NO_FINDING } from '../../../shared/domain/findings.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { FilmListRow } from '../../store/film-query.ts';
import type { PartCountsRow, SplitRow } from '../../store/splits.ts';
import { shortPatient } from '../../store/patients.ts';
import type { Store } from '../../store/store.ts';

const FEW_POSITIVES = 10;
/** Share of the rarer of normal and abnormal below which figures mislead. */
const IMBALANCED = 0.1;

export function filmRowView({ patientKey, positives, ...row }: FilmListRow): FilmRow {
  return { ...row, patient: shortPatient(patientKey), positives: [...positives] };
}

export function splitView(store: Store, row: SplitRow): Split {
  const parts = store.splits.parts(row.id);
  return {
    id: row.id,
    name: row.name,
    seed: row.seed,
    createdAt: row.createdAt,
    parts: {
      train: partView(parts.train),
      validation: partView(parts.validation),
      test: partView(parts.test),
    },
    sharedPatients: store.splits.sharedPatients(row.id),
    warnings: [...row.warnings],
  };
}

function partView(part: PartCountsRow): Split['parts']['train'] {
  return { ...part, findings: part.findings.map((count) => ({ ...count })) };
}

export function overviewView(store: Store, files: LibraryFiles, splits: Split[]): LibraryOverview {
  const labels = store.labels.counts().map((count) => ({ ...count }));
  const abnormal: LabelCount = { finding: 'Abnormal', ...store.films.abnormalCounts() };
  const { films } = store.films.totals();
  return {
    name: files.name,
    dir: files.dir,
    readOnly: files.readOnly,
    films,
    patients: store.patients.count(),
    bytes: store.artifacts.totalBytes(),
    labels,
    abnormal,
    views: store.films.views(),
    sources: store.films.sources(),
    splits,
    filmsReadTwice: store.readings.filmsReadTwice(),
    warnings: [
      ...restoredWarning(store),
      ...cutOffWarning(store),
      ...(films === 0 ? [] : overviewWarnings(labels, abnormal)),
    ],
  };
}

/** What a person must be told about how the library was found. */
export function openingWarnings(store: Store): string[] {
  return [...restoredWarning(store), ...cutOffWarning(store)];
}

const utc = (at: number, digits: number): string =>
  `${new Date(at).toISOString().slice(0, digits).replace('T', ' ')} UTC`;

function cutOffWarning({ cutOffAfter }: Store): string[] {
  if (cutOffAfter === null) return [];
  return [
    'Chestlight was cut off in the middle of saving. The library is whole, but what was saved last may be missing: the' +
      ` newest act that is kept is of ${utc(cutOffAfter, 19)}.`,
  ];
}

function restoredWarning({ restored }: Store): string[] {
  if (restored === null) return [];
  const at = utc(restored.at, 16);
  return [
    restored.why === 'damaged'
      ? `The library’s database was damaged. Its copy of ${at} is in use and the damaged file is kept; import again what` +
        ' came in since then.'
      : `The library is as it was at ${at}. The state before is kept: Settings, Copies.`,
  ];
}

function overviewWarnings(labels: readonly LabelCount[], abnormal: LabelCount): string[] {
  const warnings: string[] = [];
  const known = abnormal.positive + abnormal.negative;
  if (known === 0) warnings.push('No film is labelled normal or abnormal yet: training needs a labels file.');
  else if (Math.min(abnormal.positive, abnormal.negative) / known < IMBALANCED) {
    const rare = abnormal.positive < abnormal.negative ? 'abnormal' : 'normal';
    const count = Math.min(abnormal.positive, abnormal.negative);
    warnings.push(`Only ${count} of ${known} labelled films are ${rare}.`);
  }
  const few = labels.filter(
    ({ finding, positive }) => finding !== NO_FINDING && positive > 0 && positive < FEW_POSITIVES,
  );
  if (few.length > 0) {
    const names = few.map(({ finding, positive }) => `${finding} (${positive})`).join(', ');
    warnings.push(`Findings with fewer than ${FEW_POSITIVES} positive films: ${names}.`);
  }
  return warnings;
}
