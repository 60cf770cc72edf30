/** @file The films of a report: chosen by rule, with what each resolution sees and where each run looked. */
import { thresholdInForce } from '../../../../shared/domain/kept-threshold.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';
import { equalMultiples } from '../../../../shared/domain/attention-scale.ts';
import { NO_FINDING } from '../../../../shared/domain/findings.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { shortPatient } from '../../../store/patients.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import type { CallContext, InferenceService } from '../../service-types.ts';
import { readRunScores } from '../part-scores.ts';
import { drawnRuns } from './drawn-runs.ts';
import { chooseFilms, type FilmVerdict } from './choose-films.ts';
import { overlayPng } from './overlay-picture.ts';
import type { ReportFilm, ReportOverlay, ReportRun } from './report-data.ts';

/** Where no threshold could be chosen. */
const PLAIN_THRESHOLD = 0.5;

export interface Pictures {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
}

interface ScoredRun {
  readonly run: ReportRun;
  readonly threshold: number | null;
  readonly scores: ReadonlyMap<FilmId, { readonly score: number; readonly label: 0 | 1 | null }>;
}

export interface GatheredFilms {
  readonly films: readonly ReportFilm[];
  readonly omissions: readonly string[];
}

/** @throws ServiceError CANCELLED when the caller has gone away */
export async function gatherFilms(
  pictures: Pictures,
  runs: readonly ReportRun[],
  context: CallContext,
): Promise<GatheredFilms> {
  const { library } = pictures;
  const splitId = runs[0]?.config.splitId;
  const shown = drawnRuns(runs.filter(({ config }) => config.splitId === splitId));
  const scored: ScoredRun[] = [];
  for (const run of shown) scored.push(await scoresOf(library, run));
  const failed = new Set<string>();
  const films: ReportFilm[] = [];
  for (const { filmId, why } of chooseFilms(verdicts(scored))) {
    films.push(await gatherFilm(pictures, scored, filmId, why, context, failed));
  }
  return { films, omissions: [...failed].map((reason) => `Attention overlays are missing: ${reason}`) };
}

async function scoresOf(library: OpenLibrary, run: ReportRun): Promise<ScoredRun> {
  const { test } = await readRunScores(library, library.store.runs.get(run.id));
  return {
    run,
    threshold: thresholdInForce(
      run.kept.find(({ task }) => task === 't2'),
      run.evaluation.t2.operatingPoint,
    ),
    scores: new Map(
      test.filmIds.map((filmId, film) => [
        filmId,
        { score: test.abnormal.scores[film] ?? Number.NaN, label: test.abnormal.labels[film] ?? null },
      ]),
    ),
  };
}

/** Films that every run has scored and whose label is known. */
function verdicts(scored: readonly ScoredRun[]): readonly FilmVerdict[] {
  const [first] = scored;
  if (first === undefined) return [];
  return [...first.scores].flatMap(([filmId, { label }]) => {
    const margins = scored.flatMap(({ scores, threshold }) => {
      const one = scores.get(filmId);
      return one === undefined ? [] : [one.score - (threshold ?? PLAIN_THRESHOLD)];
    });
    return label === null || margins.length < scored.length
      ? []
      : [{ filmId, abnormal: label === 1, margins }];
  });
}

async function gatherFilm(
  { library, predict }: Pictures,
  scored: readonly ScoredRun[],
  filmId: FilmId,
  why: string,
  context: CallContext,
  failed: Set<string>,
): Promise<ReportFilm> {
  const { store, filmBytes } = library;
  const film = store.films.find(filmId);
  if (film === null) throw new Error('a film with scores is in the library');
  const image = await filmBytes.modelImage(filmId);
  const resolutions = [
    224,
    ...new Set(scored.map(({ run }) => run.config.resolution).filter((px) => px !== 224)),
  ];
  const inputs = await Promise.all(
    resolutions.map(async (resolution) => ({ resolution, png: await filmBytes.input(filmId, resolution) })),
  );
  const overlays: ReportOverlay[] = [];
  for (const { run, scores, threshold } of scored) {
    if (context.signal.aborted)
      throw new ServiceError('CANCELLED', 'The report was cancelled. Nothing was written.');
    let picture: ReportOverlay['picture'] = null;
    try {
      const attention = [{ method: 'last' as const, head: null, target: null }];
      const [map] = (await predict({ runId: run.id, filmId, attention }, context)).attention;
      if (map !== undefined) {
        const multiples = equalMultiples(map.grid, map.values, map.peak);
        picture = { png: await overlayPng(image, map), multiples };
      }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failed.add(error.message);
    }
    overlays.push({ run: run.label, score: scores.get(filmId)?.score ?? Number.NaN, threshold, picture });
  }
  return {
    filmId,
    patient: shortPatient(film.patientKey),
    abnormal: film.abnormal === true,
    findings: store.labels
      .ofFilm(film.no)
      .filter(({ finding, value }) => value && finding !== NO_FINDING)
      .map(({ finding }) => finding),
    why,
    inputs,
    overlays,
  };
}
