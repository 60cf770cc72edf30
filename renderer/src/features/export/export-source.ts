/** @file What an export can be of, by its kind: the whole library, what was drawn, a session, a run's scores. */
import type { ExportKind } from '../../../../shared/domain/exchange.ts';
import type { ReviewId, RunId } from '../../../../shared/domain/ids.ts';
import type { Sources } from './export-state.svelte.ts';

/** A session only. */
export const needsReview = (what: ExportKind): boolean => what === 'session' || what === 'report';
/** A table of the whole library or a session. */
export const isTable = (what: ExportKind): boolean => what === 'annotations' || what === 'predictions';
/** Of one run. */
export const needsRun = (what: ExportKind): boolean => what === 'predictions' || what === 'bundle';
/** DICOM objects: of a session, of drawings, reports also of a run. */
export const isObjects = (what: ExportKind): boolean => what === 'sr' || what === 'gsps';

interface Option {
  readonly value: string;
  readonly label: string;
  readonly hint: string;
}

/** '' stands for what belongs to no session. */
export function sourceOptions(what: ExportKind, sources: Sources | null): Option[] {
  const reviews = (sources?.reviews ?? []).filter(({ isOpenToSee }) => isOpenToSee || what === 'session');
  return [
    ...(needsReview(what)
      ? []
      : isObjects(what)
        ? [{ value: '', label: 'Drawn in the reading room', hint: 'every film' }]
        : [{ value: '', label: 'The whole library', hint: `${sources?.films ?? 0} films` }]),
    ...reviews.map(({ id, name, signed }) => ({
      value: id,
      label: name,
      hint: `${signed} signed`,
    })),
    ...(what === 'sr'
      ? (sources?.runs ?? []).map(({ id, name }) => ({
          value: id,
          label: name,
          hint: 'its scores',
        }))
      : []),
  ];
}

/** What the chosen source is. */
export function sourceIds(
  source: string,
  sources: Sources | null,
): { reviewId: ReviewId | null; runId: RunId | null } {
  const isRun = (sources?.runs ?? []).some(({ id }) => id === source);
  if (source === '') return { reviewId: null, runId: null };
  return isRun ? { reviewId: null, runId: source as RunId } : { reviewId: source as ReviewId, runId: null };
}

/** Why an export cannot begin yet, with what to do; null = it can, or a session is what is missing. */
export function missingFor(what: ExportKind, { films, runs }: Sources, runId: string): string | null {
  if ((isTable(what) || isObjects(what)) && films === 0)
    return 'There are no films yet: add them on the Library page.';
  if (!needsRun(what) || runId !== '') return null;
  return runs.length === 0 ? 'No run is finished yet: train a teacher first.' : 'Choose a run.';
}
