/** @file From a request to a run's whole configuration; everything that would fail later is refused here. */
import { createHash } from 'node:crypto';

import type { RunConfig, RunRequest } from '../../../shared/contract/training.ts';
import { labelSet, NO_FINDING } from '../../../shared/domain/findings.ts';
import type { LabelVersionId, SplitId } from '../../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../../shared/domain/recipe.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { isTaught } from '../../numeric/methods/needs.ts';
import { vitOfRun } from '../../numeric/vit/config.ts';
import type { Normalisation } from '../../numeric/vit/forward.ts';
import { importWeights, startFrom } from '../../numeric/weights/import-weights.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import { SPLIT_ELSEWHERE } from '../../../shared/domain/split-elsewhere.ts';
import type { DatasetFilm } from '../../store/splits.ts';
import { PIXEL_PIPELINE } from '../import/pipeline-version.ts';
import { createSplit } from '../library/library-service.ts';
import { labelledFilms } from '../library/labelled-films.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import { filledRecipe } from './filled-recipe.ts';
import { largerStart, pretrainConfig } from './pretraining.ts';
import { keptInit, startNormalisation, startPath } from './start-weights.ts';

/** Grey films in 0..1 become −1..1, what HF ViT weights and random starts expect. */
const DEFAULT_NORMALISATION = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

export interface FilledRequest {
  readonly config: RunConfig;
  readonly films: readonly DatasetFilm[];
}

function refuse(message: string): never {
  throw new ServiceError('BAD_INPUT', message);
}

function checkMethod({ method, resolution, teacherRunId }: RunRequest): void {
  const distils = isTaught(method);
  if (method === 'teacher' && resolution !== 224) refuse('A teacher is trained at 224 px.');
  if (distils && resolution === 224) refuse(`A student by ${method} needs a resolution below 224 px.`);
  if (distils && teacherRunId === null)
    refuse(`The method ${method} needs a finished teacher. Train one first.`);
  if (!distils && teacherRunId !== null) refuse(`The method ${method} takes no teacher.`);
}

/** The split named, else the newest, else a new one with the default shares. */
export function chooseSplit(library: OpenLibrary, clock: Clock, wanted: SplitId | null): SplitId {
  const { store } = library;
  if (wanted !== null) {
    if (store.splits.find(wanted) === null || wanted === SPLIT_ELSEWHERE) {
      throw new ServiceError('NOT_FOUND', 'There is no such split in this library.', { splitId: wanted });
    }
    return wanted;
  }
  const [newest] = store.splits.list();
  if (newest !== undefined) return newest.id;
  const deps = { ...library, clock, samplesDir: '' };
  return createSplit(deps, { name: 'Split', seed: 1, validation: 0.1, test: 0.2, useGivenParts: true }).id;
}

/** Findings with a known positive and a known negative among the training films. */
export function trainableFindings(
  library: OpenLibrary,
  splitId: SplitId,
  labelVersionId: LabelVersionId | null,
): string[] {
  if (labelVersionId !== null) return trainableOf(library, splitId, labelVersionId);
  const { train } = library.store.splits.parts(splitId);
  return train.findings
    .filter(({ positive, negative }) => positive > 0 && negative > 0)
    .map(({ finding }) => finding);
}

/** The same by the labels of a version, which is looked through film by film. */
function trainableOf({ store }: OpenLibrary, splitId: SplitId, labelVersionId: LabelVersionId): string[] {
  const findings = store.labels.findings();
  const films = labelledFilms(store, splitId, findings, 'majority', labelVersionId);
  const train = films.filter(({ part }) => part === 'train');
  return findings.filter((_, index) =>
    [0, 1].every((value) => train.some(({ labels }) => labels[index] === value)),
  );
}

/** More than this would let a handful of films drive the training. */
const MOST_POSITIVE_WEIGHT = 10;

/** Negatives / positives of each finding in the training part, between 1/10 and 10; 1 where a class is absent. */
function positiveWeights(films: readonly DatasetFilm[], findings: readonly string[]): number[] {
  const train = films.filter((film) => film.part === 'train');
  return findings.map((_, index) => {
    const count = (value: 0 | 1) => train.filter((film) => film.labels[index] === value).length;
    const [positives, negatives] = [count(1), count(0)];
    if (positives === 0 || negatives === 0) return 1;
    return Math.min(MOST_POSITIVE_WEIGHT, Math.max(1 / MOST_POSITIVE_WEIGHT, negatives / positives));
  });
}

function checkLabels(films: readonly DatasetFilm[], findings: readonly string[]): void {
  const train = films.filter((film) => film.part === 'train');
  for (const value of [0, 1] as const) {
    if (train.some((film) => film.abnormal === value)) continue;
    const missing = value === 1 ? 'abnormal' : 'normal';
    throw new ServiceError(
      'SPLIT_IMPOSSIBLE',
      `No training film is labelled ${missing}, so normal/abnormal cannot be learnt. Add labels or make another split.`,
    );
  }
  findings.forEach((finding, index) => {
    if (train.some((film) => film.labels[index] !== null)) return;
    throw new ServiceError(
      'UNKNOWN_LABELS',
      `No training film has a known label for ${finding}. Leave it out or add labels.`,
    );
  });
  if (!films.some((film) => film.part === 'validation')) {
    throw new ServiceError('SPLIT_IMPOSSIBLE', 'The split has no validation film. Make another split.');
  }
}

/** @throws ServiceError INCOMPATIBLE naming what differs */
function checkTeacher(store: OpenLibrary['store'], config: RunConfig): void {
  if (config.teacherRunId === null) return;
  const teacher = store.runs.get(config.teacherRunId);
  if (teacher.state !== 'finished') {
    throw new ServiceError(
      'CONFLICT',
      `The teacher "${teacher.name}" is ${teacher.state}, not finished. Wait for it or resume it.`,
    );
  }
  const own = teacher.config;
  const differs = [
    own.method !== 'teacher' && 'it is a student itself',
    own.model !== config.model && `its model is ViT-${own.model}, the student's ViT-${config.model}`,
    own.splitId !== config.splitId && own.splitId !== SPLIT_ELSEWHERE && 'it was trained on another split',
    own.findings.join('\n') !== config.findings.join('\n') && 'its findings differ',
    own.preprocessing !== config.preprocessing &&
      'its films were prepared by another version of the pixel pipeline',
    own.t2Units !== config.t2Units && 'its normal/abnormal head has another number of outputs',
    own.labelRule !== config.labelRule && 'it learned labels by another rule for several readers',
    own.labelVersionId !== config.labelVersionId &&
      own.splitId !== SPLIT_ELSEWHERE &&
      'it learned other labels of a review',
    own.resolution !== 224 && `it sees films at ${own.resolution} px, not at 224 px`,
  ].filter((one) => one !== false);
  if (differs.length === 0) return;
  throw new ServiceError(
    'INCOMPATIBLE',
    `"${teacher.name}" cannot teach this student: ${differs.join('; ')}.`,
  );
}

/** A copy that can be changed, as a configuration holds it. */
function plain({ mean, std }: Normalisation): RunConfig['normalisation'] {
  return { mean: [...mean], std: [...std] };
}

type StartFacts = Pick<RunConfig, 'init' | 'initSha256' | 'normalisation' | 'layerNormEpsilon'>;

async function readStart(library: OpenLibrary, init: string, config: RunConfig): Promise<StartFacts> {
  const path = startPath(library, init);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await library.files.vault.read(path));
  } catch {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The start weights ${path} cannot be read. Choose another file.`,
    );
  }
  try {
    if (config.method === 'pretrain') return largerStart(library, bytes, init, config);
    const imported = importWeights(bytes);
    const { config: vit } = startFrom(imported, vitOfRun(config), config.seed);
    return {
      init: keptInit(init),
      initSha256: createHash('sha256').update(bytes).digest('hex'),
      normalisation: plain(startNormalisation(library, init) ?? imported.normalisation),
      layerNormEpsilon: vit.layerNormEpsilon,
    };
  } catch (error) {
    if (error instanceof WeightsError) throw new ServiceError('INCOMPATIBLE', error.message, { path });
    throw error;
  }
}

/** What a request is filled from, beside its own words. */
export interface Facts {
  split(wanted: SplitId | null): SplitId;
  trainable(splitId: SplitId, labelVersionId: LabelVersionId | null): readonly string[];
  dataset(
    splitId: SplitId,
    findings: readonly string[],
    rule: RunConfig['labelRule'],
    labelVersionId: LabelVersionId | null,
  ): readonly DatasetFilm[];
  start(init: string, config: RunConfig): Promise<StartFacts>;
}

/** As the library has them now. */
function currentFacts(library: OpenLibrary, clock: Clock): Facts {
  return {
    split: (wanted) => chooseSplit(library, clock, wanted),
    trainable: (splitId, version) => trainableFindings(library, splitId, version),
    dataset: (splitId, findings, rule, version) =>
      labelledFilms(library.store, splitId, findings, rule, version),
    start: (init, config) => readStart(library, init, config),
  };
}

/** The same facts for many requests: each is asked for once. */
export function sharedFacts(library: OpenLibrary, clock: Clock): Facts {
  const facts = currentFacts(library, clock);
  const known = new Map<string, unknown>();
  const once = <T>(key: readonly unknown[], ask: () => T): T => {
    const name = JSON.stringify(key);
    if (!known.has(name)) known.set(name, ask());
    return known.get(name) as T;
  };
  return {
    split: (wanted) => once(['split', wanted], () => facts.split(wanted)),
    trainable: (splitId, version) =>
      once(['trainable', splitId, version], () => facts.trainable(splitId, version)),
    dataset: (splitId, findings, rule, version) =>
      once(['dataset', splitId, findings, rule, version], () =>
        facts.dataset(splitId, findings, rule, version),
      ),
    start: (init, config) => {
      const { model, resolution, input } = config;
      return once(['start', init, model, resolution, input], () => facts.start(init, config));
    },
  };
}

/** Films of the training part, labelled or not: what validates and tests a model later is not shown to it now. */
function fillPretraining({ store }: OpenLibrary, facts: Facts, request: RunRequest): FilledRequest {
  const splitId = facts.split(request.splitId);
  const config = pretrainConfig(request, splitId, DEFAULT_NORMALISATION);
  return { config, films: store.splits.trainingFilms(splitId) };
}

/** @throws ServiceError NOT_FOUND */
function refuseUnknownLabels({ store }: OpenLibrary, id: LabelVersionId | null): void {
  if (id === null || store.labelVersions.find(id) !== null) return;
  throw new ServiceError(
    'NOT_FOUND',
    'There is no such label version in this library. Choose one of the list, or the imported labels.',
    { labelVersionId: id },
  );
}

/** A teacher's split, for its students; one from elsewhere has none that could be learned on. */
function splitOf(teacher: RunConfig | null): SplitId | null {
  return teacher === null || teacher.splitId === SPLIT_ELSEWHERE ? null : teacher.splitId;
}

function fill(library: OpenLibrary, facts: Facts, request: RunRequest): FilledRequest {
  const { store } = library;
  if (request.method === 'pretrain') return fillPretraining(library, facts, request);
  checkMethod(request);
  const teacher = request.teacherRunId === null ? null : store.runs.get(request.teacherRunId).config;
  if (teacher?.method === 'pretrain') {
    throw new ServiceError(
      'INCOMPATIBLE',
      'A pre-training has learnt no labels that it could teach. Train a teacher from its weights first.',
    );
  }
  const splitId = facts.split(request.splitId ?? splitOf(teacher));
  const labelVersionId = request.labelVersionId ?? teacher?.labelVersionId ?? null;
  refuseUnknownLabels(library, labelVersionId);
  const findings =
    request.findings ??
    teacher?.findings ??
    labelSet(request.labelSet, request.labelSet === 'own' ? facts.trainable(splitId, labelVersionId) : []);
  if (findings.length === 0) refuse('No finding has both positive and negative films in the training part.');
  if (request.findings?.includes(NO_FINDING) === true && teacher === null) {
    refuse('"No finding" is the normal/abnormal task, not a finding.');
  }
  if (request.method === 'teacher' && (request.input.tokens ?? 'upsampled') !== 'upsampled') {
    refuse('Few or native tokens are for students: a teacher sees 224 px in patches of 16.');
  }
  const preset = presetRecipe(request.preset, request.model, request.init !== null);
  const config: RunConfig = {
    method: request.method,
    model: request.model,
    resolution: request.resolution,
    teacherRunId: request.teacherRunId,
    splitId,
    findings: [...findings],
    recipe: filledRecipe(preset, request.recipe),
    loss: { ...PAPER_LOSS, ...definedOnly(request.loss) },
    seed: request.seed,
    init: request.init,
    initSha256: null,
    t2Units: request.t2Units ?? teacher?.t2Units ?? 2,
    layerNormEpsilon: teacher?.layerNormEpsilon ?? 1e-6,
    normalisation: teacher?.normalisation ?? DEFAULT_NORMALISATION,
    preprocessing: PIXEL_PIPELINE,
    input: { ...PAPER_INPUT, ...definedOnly(request.input) },
    positiveWeights: null,
    labelRule: request.labelRule ?? teacher?.labelRule ?? 'majority',
    labelVersionId,
  };
  checkTeacher(store, config);
  const films = facts.dataset(splitId, config.findings, config.labelRule, labelVersionId);
  checkLabels(films, config.findings);
  if (!request.classWeights) return { config, films };
  return { config: { ...config, positiveWeights: positiveWeights(films, config.findings) }, films };
}

/** Carries a result out of a transaction that is taken back. */
class TakenBack<T> extends Error {
  readonly result: T;

  constructor(result: T) {
    super('taken back');
    this.result = result;
  }
}

/** Runs `work` and takes back what it wrote. `work` must not be async. */
function withoutTrace<T>({ store }: OpenLibrary, work: () => T): T {
  if (store.readOnly) return work();
  try {
    return store.transaction(() => {
      throw new TakenBack(work());
    });
  } catch (error) {
    if (error instanceof TakenBack) return error.result as T;
    throw error;
  }
}

/**
 * Fills a request's defaults and refuses what cannot work. A split is made where there is none: for a run it is stored, for
 * an estimate it is taken back.
 * @throws ServiceError BAD_INPUT, NOT_FOUND, CONFLICT, INCOMPATIBLE, SPLIT_IMPOSSIBLE, UNKNOWN_LABELS, UNREADABLE_FILE
 */
export async function fillRequest(
  library: OpenLibrary,
  clock: Clock,
  request: RunRequest,
  purpose: 'run' | 'estimate' = 'run',
  facts: Facts = currentFacts(library, clock),
): Promise<FilledRequest> {
  const work = (): FilledRequest => fill(library, facts, request);
  const { config, films } = purpose === 'run' ? work() : withoutTrace(library, work);
  if (request.init === null) return { config, films };
  return { config: { ...config, ...(await facts.start(request.init, config)) }, films };
}

/** What newer versions have added to a configuration, at the value that it had before: left out of the hash. */
const UNSAID = {
  input: { tokens: PAPER_INPUT.tokens, upsample: PAPER_INPUT.upsample },
  positiveWeights: null,
  labelRule: 'majority',
  labelVersionId: null,
  loss: { featurePoint: PAPER_LOSS.featurePoint, normaliseFeatures: PAPER_LOSS.normaliseFeatures },
} as const;

/** `values` without the entries that equal those of `unsaid`, keys in order. */
function said(values: object, unsaid: object): object {
  const known = new Map(Object.entries(unsaid).map(([key, value]) => [key, canonical(value)]));
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key, value]) => canonical(value) !== known.get(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** JSON whose keys are sorted at every level. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? said(inner, {}) : inner,
  );
}

/**
 * SHA-256 of everything that a run's result depends on: the same settings give the same hash, in whatever version of the app
 * they were chosen. Start weights count by their content, not by where they lie.
 */
export function configHash(config: RunConfig): string {
  const { init, loss, input, recipe, ...rest } = config;
  const { recompute: _, ...learns } = recipe; // costs time, changes nothing
  // Without an average nothing warms up.
  const emaWarmup = recipe.emaDecay !== null && recipe.emaWarmup;
  const recipeSaid = said({ ...learns, emaWarmup }, { precision: 'single', emaWarmup: false });
  const { loss: unsaidLoss, ...unsaid } = UNSAID;
  const start = config.initSha256 === null ? { init } : {};
  const reduced = said(input, { reduce: PAPER_INPUT.reduce });
  const settings = {
    ...said({ ...rest, ...start, recipe: recipeSaid, input: reduced }, unsaid),
    loss: said(loss, unsaidLoss),
  };
  return createHash('sha256').update(canonical(settings)).digest('hex');
}
