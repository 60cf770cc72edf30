/** @file Scores of one run and how like its training films each film is, gathered for a file: kept ones, and those that are missing made now. */
import type { ExportRequest } from '../../../shared/contract/exchange.ts';
import type { Suitability } from '../../../shared/contract/inference.ts';
import type { TableFormat } from '../../../shared/domain/exchange.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { keptWords } from '../../../shared/domain/kept-threshold.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { counted } from '../import/wording.ts';
import { finishedRun, type FinishedRun } from '../inference/finished-run.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { InferenceService } from '../service-types.ts';
import { gatherReview } from './gather-annotations.ts';
import { holdsLikeness, type FilmLikeness, type PredictionSet } from './prediction-formats.ts';

export interface PredictionSource {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
}

interface Progress {
  readonly signal: AbortSignal;
  readonly report: (phase: string, done: number, total: number | null) => void;
}

/** The run whose scores are wanted. @throws ServiceError BAD_INPUT, NOT_FOUND, CONFLICT */
export function scoringRun(library: OpenLibrary, runId: RunId | null): FinishedRun {
  if (runId !== null) return finishedRun(library, runId);
  throw new ServiceError('BAD_INPUT', 'Say which run is wanted: name a finished one.');
}

/** @throws ServiceError as `scoringRun`; BAD_INPUT there is no film */
export async function gatherPredictions(
  { library, predict }: PredictionSource,
  { reviewId, runId, reads }: Pick<ExportRequest, 'reviewId' | 'runId' | 'reads'>,
  { signal, report }: Progress,
): Promise<PredictionSet> {
  const { store } = library;
  const { run, weightsSha256 } = scoringRun(library, runId);
  const wanted =
    reviewId === null
      ? null
      : new Set(
          (
            await gatherReview(store, reviewId, reads, {
              signal,
              report: (done, total) => report('Gathering films', done, total),
            })
          ).set.films.map(({ filmId }) => filmId),
        );
  const ids = store.films.names().filter(({ id }) => wanted === null || wanted.has(id));
  if (ids.length === 0) {
    throw new ServiceError(
      'BAD_INPUT',
      'There are no films to export. Nothing was written; add films first.',
    );
  }
  const films: PredictionSet['films'] = [];
  let operatingPoints: PredictionSet['run']['operatingPoints'] = [];
  let fit: PredictionSet['run']['likeness'] = null;
  for (const [index, { id }] of ids.entries()) {
    signal.throwIfAborted();
    report('Scoring films', index, ids.length);
    const film = store.films.find(id);
    if (film === null) continue;
    const { t1, t2, suitability } = await predict({ runId: run.id, filmId: id, attention: [] }, { signal });
    operatingPoints = [t2, ...t1].map(({ name, threshold, kept }) => ({
      name,
      threshold,
      setByHand: kept === null ? null : keptWords(kept),
    }));
    fit = fitOf(suitability.likeness) ?? fit;
    films.push({
      filmId: id,
      file: film.name,
      width: film.cols,
      height: film.rows,
      abnormal: t2.score,
      scores: t1.map(({ score }) => score),
      likeness: filmLikeness(suitability.likeness),
    });
  }
  const { method, model, resolution, findings } = run.config;
  return {
    run: {
      id: run.id,
      name: run.name,
      method,
      model,
      resolution,
      weightsSha256,
      operatingPoints,
      likeness: fit,
    },
    findings: [...findings],
    films,
  };
}

/** What all films are compared with; null where nothing was fitted. */
function fitOf(likeness: Suitability['likeness']): PredictionSet['run']['likeness'] {
  if (likeness.state === 'not-fitted') return null;
  const { limit, quantile, trainFilms, validationFilms } = likeness;
  return { limit, quantile, trainFilms, validationFilms };
}

/** A distance that is no number (unlike anything) has no place in a file. */
function filmLikeness(likeness: Suitability['likeness']): FilmLikeness {
  if (likeness.state === 'not-fitted') return { state: 'not-fitted', distance: null };
  const { state, distance } = likeness;
  return { state, distance: Number.isFinite(distance) ? distance : null };
}

/** What is to be known of the likeness in a file with these scores. */
export function likenessNotes({ films }: PredictionSet, format: TableFormat): string[] {
  const unlike = films.filter(({ likeness }) => likeness?.state === 'unlike').length;
  if (unlike === 0) return [];
  const are = `${counted(unlike, 'film')} of ${films.length} ${unlike === 1 ? 'is' : 'are'} not like those that the model learned from, so their scores say little`;
  return [
    holdsLikeness(format)
      ? `${are}: they are told apart in the file (likeness).`
      : `${are}. This format has no column for that; CSV, JSON and COCO tell them apart.`,
  ];
}
