/** @file What an attention figure shows: its runs, its films, a map and the scores of every pane that has a run. */
import type { AttentionMap, FigureRequest, Prediction } from '../../../../shared/contract/inference.ts';
import {
  chooseFigureRuns,
  FIGURE_CELLS,
  type FigureCell,
  type FigureRun,
} from '../../../../shared/domain/attention-figure.ts';
import { scaleFor, scaleMaps, type ScaledMap } from '../../../../shared/domain/attention-scale.ts';
import { NO_FINDING } from '../../../../shared/domain/findings.ts';
import type { FilmId, RunId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { shortPatient } from '../../../store/patients.ts';
import type { RunRow } from '../../../store/runs.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import type { CallContext } from '../../service-types.ts';
import { inputFilm, originalFilm, panePng } from './pane-picture.ts';

/** A column: a run, or the cell that no finished run fills. */
export interface FigureColumn {
  readonly cell: FigureCell;
  readonly run: RunRow | null;
}

export interface FigurePane {
  readonly png: Uint8Array;
  readonly prediction: Prediction;
  readonly scaled: ScaledMap;
}

export interface FigureRow {
  readonly patient: string;
  readonly labels: readonly string[];
  /** Upright height of the film, of its width. */
  readonly ratio: number;
  readonly film: Uint8Array;
  /** One a column; null where there is no run. */
  readonly panes: readonly (FigurePane | null)[];
}

export interface FigureData {
  readonly columns: readonly FigureColumn[];
  readonly rows: readonly FigureRow[];
}

export interface FigureSources {
  readonly library: OpenLibrary;
  readonly predict: (
    runId: RunId,
    filmId: FilmId,
    attention: readonly Pick<AttentionMap, 'method' | 'head' | 'target'>[],
  ) => Promise<Prediction>;
}

/** Finished runs as the choice of panes looks at them. */
export function figureRuns({ store }: OpenLibrary): readonly FigureRun[] {
  return store.runs
    .list()
    .filter(({ state, config }) => state === 'finished' && config.method !== 'pretrain')
    .map(({ id, config, splitId, teacherRunId, endedAt }) => ({
      id,
      method: config.method,
      resolution: config.resolution,
      model: config.model,
      seed: config.seed,
      splitId,
      teacherRunId,
      endedAt,
    }));
}

function columnsOf(library: OpenLibrary, asked: readonly (RunId | null)[] | null): readonly FigureColumn[] {
  const ids = asked ?? chooseFigureRuns(figureRuns(library));
  const columns = ids.map((id, index) => {
    const run = id === null ? null : library.store.runs.get(id);
    const cell = run === null ? FIGURE_CELLS[index] : run.config;
    if (cell === undefined) throw new ServiceError('BAD_INPUT', `Name the run of pane ${index + 1}.`);
    return { cell: { method: cell.method, resolution: cell.resolution }, run };
  });
  if (columns.every(({ run }) => run === null)) {
    throw new ServiceError(
      'CONFLICT',
      'No run is finished yet, so there is no attention to show. Train a teacher first.',
    );
  }
  return columns;
}

/** Predictions come one after the other. @throws ServiceError NOT_FOUND, CONFLICT, CANCELLED, UNREADABLE_FILE */
export async function gatherFigure(
  sources: FigureSources,
  request: FigureRequest,
  context: CallContext,
): Promise<FigureData> {
  const columns = columnsOf(sources.library, request.runIds);
  const rows: FigureRow[] = [];
  for (const filmId of request.films) rows.push(await gatherRow(sources, request, columns, filmId, context));
  return { columns, rows };
}

async function gatherRow(
  { library, predict }: FigureSources,
  request: FigureRequest,
  columns: readonly FigureColumn[],
  filmId: FilmId,
  context: CallContext,
): Promise<FigureRow> {
  const { store, filmBytes } = library;
  const film = store.films.find(filmId);
  if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
  const { method, head, target } = request;
  const predictions: (Prediction | null)[] = [];
  for (const { run } of columns) {
    if (context.signal.aborted)
      throw new ServiceError('CANCELLED', 'The figure was cancelled. Nothing was written.');
    const attention = [{ method, head, target }];
    predictions.push(run === null ? null : await predict(run.id, filmId, attention));
  }
  const maps = predictions.flatMap((one) => one?.attention ?? []);
  const scaled = new Map(
    scaleMaps(maps, scaleFor(method, request.scale)).map((one, index) => [maps[index], one]),
  );
  const original = await originalFilm(filmBytes, filmId);
  const panes = await Promise.all(
    columns.map(async ({ run }, index): Promise<FigurePane | null> => {
      const prediction = predictions[index] ?? null;
      const map: AttentionMap | undefined = prediction?.attention[0];
      const mapScaled = scaled.get(map);
      if (run === null || prediction === null || map === undefined || mapScaled === undefined) return null;
      const base =
        request.base === 'film'
          ? original
          : await inputFilm(filmBytes, filmId, run.config.resolution, original);
      const { colourMap, opacity } = request;
      const overlay = { shares: mapScaled.shares, grid: map.grid, colourMap, opacity };
      return { png: await panePng(base, overlay), prediction, scaled: mapScaled };
    }),
  );
  return {
    patient: shortPatient(film.patientKey),
    labels: store.labels
      .ofFilm(film.no)
      .filter(({ finding, value }) => value && finding !== NO_FINDING)
      .map(({ finding }) => finding),
    ratio: original.height / original.width,
    film: await panePng(original, null),
    panes,
  };
}
