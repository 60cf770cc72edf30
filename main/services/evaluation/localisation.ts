/**
 * @file How well a run's maps agree with the boxes of a part: maps from the inference process (kept there), the prior from the
 * boxes of the training part alone; figures are stored and computed again when labels, boxes or weights are others.
 */
import type { Localisation } from '../../../shared/contract/localisation.ts';
import type { AttentionMethod } from '../../../shared/contract/inference.ts';
import { filmToModel, MODEL_SIDE, type Box } from '../../../shared/domain/geometry.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import {
  boxMask,
  enlargeMap,
  localise,
  meanMask,
  POINTING_TOLERANCE,
} from '../../numeric/metrics/localisation.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, Clock, InferenceService } from '../service-types.ts';
import { measureLocalisation, type LocalisedCase } from './measure-localisation.ts';
import { measuredSplit } from './measured-split.ts';
import type { ScoredPart } from './part-scores.ts';
import { madeFrom } from './results.ts';

export interface LocalisationDeps {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
  readonly clock: Clock;
}

/** Maps that one prediction may be asked for. */
const MAPS_A_FILM = 16;

/** The boxes of one finding on one film, in pixels of the model's square. */
interface Boxed {
  readonly filmId: FilmId;
  readonly finding: string;
  readonly boxes: readonly Box[];
}

function toModel({ x, y, width, height }: Box, rows: number, cols: number): Box {
  const corner = filmToModel(x, y, rows, cols);
  const size = filmToModel(width, height, rows, cols);
  return { ...corner, width: size.x, height: size.y };
}

/**
 * The boxes that are the truth for a run: those of readers, as imported; where the run learned labels of a review, what the
 * review settled of a finding's place, and none where it calls the finding absent or unknown.
 */
function boxesOfRun(
  store: OpenLibrary['store'],
  run: RunRow,
): readonly (Box & { readonly filmId: FilmId; readonly finding: string })[] {
  const splitId = measuredSplit(store, run);
  const imported = store.readings.boxesOfSplit(splitId);
  const { labelVersionId } = run.config;
  if (labelVersionId === null) return imported;
  const reviewed = store.labelVersions.ofSplit(labelVersionId, splitId);
  const kept = imported.filter(({ filmId, finding }) => {
    const own = reviewed.get(filmId);
    const label = own?.labels.get(finding);
    if (own === undefined || label === undefined) return true;
    return label === 1 && !own.boxes.some((box) => box.finding === finding);
  });
  const settled = [...reviewed].flatMap(([filmId, { boxes }]) => boxes.map((box) => ({ filmId, ...box })));
  return [...kept, ...settled];
}

function boxedFilms({ store }: OpenLibrary, run: RunRow): readonly Boxed[] {
  const findings = new Set(run.config.findings);
  const known = boxesOfRun(store, run).filter(({ finding }) => findings.has(finding));
  return [...Map.groupBy(known, ({ filmId }) => filmId)].flatMap(([filmId, own]) => {
    const film = store.films.find(filmId);
    if (film === null) return [];
    return [...Map.groupBy(own, ({ finding }) => finding)].map(([finding, list]) => ({
      filmId,
      finding,
      boxes: list.map((box) => toModel(box, film.rows, film.cols)),
    }));
  });
}

export type Localiser = (
  run: RunRow,
  part: ScoredPart,
  method: AttentionMethod,
  context: CallContext & { readonly onFilm?: (done: number, total: number) => void },
) => Promise<Localisation>;

export function createLocaliser({ library, predict, clock }: LocalisationDeps): Localiser {
  const { store, files } = library;

  /** One map a finding, in their order; the maps of last-block attention and rollout are the same for all. */
  async function mapsOf(
    run: RunRow,
    filmId: FilmId,
    findings: readonly string[],
    method: AttentionMethod,
    context: CallContext,
  ): Promise<readonly Float32Array[]> {
    const targets = method === 'relevance' ? findings : [null];
    const maps: Float32Array[] = [];
    for (let at = 0; at < targets.length; at += MAPS_A_FILM) {
      const attention = targets.slice(at, at + MAPS_A_FILM).map((target) => ({ method, head: null, target }));
      const prediction = await predict({ runId: run.id, filmId, attention }, context);
      maps.push(...prediction.attention.map(({ values, grid }) => enlargeMap(values, grid, MODEL_SIDE)));
    }
    const [first] = maps;
    if (first === undefined) throw new Error('a map was asked for');
    return method === 'relevance' ? maps : findings.map(() => first);
  }

  return async (run, part, method, context) => {
    const from = `${madeFrom(library, run)}, ${method}`;
    const stored = store.localisations.find(run.id, part, method, from);
    if (stored !== null) return stored;
    const films = new Map(
      store.splits.dataset(measuredSplit(store, run), []).map((film) => [film.filmId, film]),
    );
    const boxed = boxedFilms(library, run);
    const inPart = (wanted: string) => boxed.filter(({ filmId }) => films.get(filmId)?.part === wanted);
    const training = Map.groupBy(inPart('train'), ({ finding }) => finding);
    const shown = new Map(
      [...training].map(([finding, own]) => [
        finding,
        meanMask(own.map(({ boxes }) => boxMask(boxes, MODEL_SIDE))),
      ]),
    );
    const wanted = [...Map.groupBy(inPart(part), ({ filmId }) => filmId)];
    const cases: LocalisedCase[] = [];
    for (const [done, [filmId, own]] of wanted.entries()) {
      if (context.signal.aborted) {
        throw new ServiceError(
          'CANCELLED',
          'Comparing maps with boxes was stopped. The maps made so far are kept.',
        );
      }
      context.onFilm?.(done, wanted.length);
      const maps = await mapsOf(
        run,
        filmId,
        own.map(({ finding }) => finding),
        method,
        context,
      );
      own.forEach(({ finding, boxes }, index) => {
        const map = maps[index];
        if (map === undefined) throw new Error('one map a finding');
        const prior = shown.get(finding) ?? null;
        cases.push({
          finding,
          patient: films.get(filmId)?.patientKey ?? filmId,
          boxes: boxes.length,
          map: localise(map, boxes, MODEL_SIDE),
          prior: prior === null ? null : localise(prior, boxes, MODEL_SIDE),
        });
      });
    }
    const priorFilms = new Map([...training].map(([finding, own]) => [finding, own.length]));
    const measured = measureLocalisation(inOrder(cases, run.config.findings), priorFilms);
    const result: Localisation = {
      runId: run.id,
      part,
      method,
      createdAt: clock.now(),
      films: wanted.length,
      boxes: cases.reduce((sum, { boxes }) => sum + boxes, 0),
      tolerance: POINTING_TOLERANCE,
      ...measured,
      notes: [...notesOn(measured, wanted.length, method), ...placesOf(store, run)],
    };
    if (!files.readOnly && store.runs.find(run.id) !== null) {
      store.transaction(() => store.localisations.put(result, from));
    }
    return result;
  };
}

/** Whose places the maps were compared with, where it is not those of the import alone. */
function placesOf({ labelVersions }: OpenLibrary['store'], { config }: RunRow): string[] {
  const version = config.labelVersionId === null ? null : labelVersions.find(config.labelVersionId);
  if (version === null || version.boxes === 0) return [];
  return [
    `Where the review “${version.reviewName}” settled a place, that place counts (label version “${version.name}”); other boxes are as imported.`,
  ];
}

function inOrder(cases: readonly LocalisedCase[], findings: readonly string[]): readonly LocalisedCase[] {
  return cases.toSorted((a, b) => findings.indexOf(a.finding) - findings.indexOf(b.finding));
}

function notesOn(
  { perFinding }: Pick<Localisation, 'perFinding'>,
  films: number,
  method: AttentionMethod,
): string[] {
  if (films === 0) return ['No film of this part has a box of a finding that the run knows.'];
  const without = perFinding.filter(({ priorFilms }) => priorFilms === 0).map(({ name }) => name);
  return [
    'IoU is cut at the threshold that is best on these very films, for maps and prior alike: an upper bound.',
    ...(method === 'relevance'
      ? []
      : ['This map is the same for every finding of a film: it shows where the model looks, not what for.']),
    ...(without.length === 0
      ? []
      : [`No training film has boxes of ${without.join(', ')}: no prior to beat.`]),
    ...(perFinding.some(({ unstable }) => unstable)
      ? ['Findings with fewer than 10 films with boxes are marked: these figures say little.']
      : []),
  ];
}
