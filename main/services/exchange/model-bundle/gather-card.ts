/** @file A run's card from the library: figures as stored, training as counts, sources and licences; nobody and no file is named. */
import type { Evaluation, TaskMetrics } from '../../../../shared/contract/evaluation.ts';
import { modelCard, type CardThreshold, type ModelCard } from '../../../../shared/contract/model-card.ts';
import { MODEL_SIDE } from '../../../../shared/domain/geometry.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import { taskName, type Task } from '../../../../shared/domain/task.ts';
import { parameterCount, vitOfRun } from '../../../numeric/vit/config.ts';
import type { RunRow } from '../../../store/runs.ts';
import { readVersion } from '../../app-version.ts';
import { keptThresholds } from '../../evaluation/kept-thresholds.ts';
import { gatherSources } from '../../evaluation/report/gather-sources.ts';
import { finishedRun } from '../../inference/finished-run.ts';
import { chosenBands, fittedPoints } from '../../inference/thresholds.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { isStartId, listStarts, startLicence } from '../../training/start-weights.ts';

type Source = ModelCard['training']['sources'][number];
/** Of one source, for it to be named. */
const FEWEST_FILMS = 5;

const NOTES = [
  'For research. Not a medical device; it must not decide about a patient.',
  'It answers for frontal chest radiographs that were prepared by the pixel pipeline named here, and for the findings that are listed. What it says of anything else means nothing.',
  'Its figures hold for films like those that it was tested on. Measure it on your own films before you rely on them.',
];

/** The card of a run: of one from elsewhere as it came. @throws ServiceError NOT_FOUND, CONFLICT without final weights */
export async function cardOf(library: OpenLibrary, runId: RunId): Promise<ModelCard> {
  const { run, weightsSha256 } = finishedRun(library, runId);
  const imported = library.store.importedModels.find(runId);
  if (imported !== null) {
    const card = modelCard.parse(imported.card);
    const fitted = card.thresholds.filter(({ kind }) => kind === 'fitted');
    const thresholds = [...fitted, ...cardThresholdsByHand(library, runId)];
    const likeness = likenessOf(library, runId);
    return { ...card, thresholds, likeness, model: { ...card.model, name: run.name } };
  }
  const { config } = run;
  const vit = vitOfRun(config);
  const evaluation = library.store.evaluations.find(runId, 'test');
  const training = await trainingOf(library, run);
  const final = library.store.runs.checkpoints(runId).find(({ kind }) => kind === 'final');
  return {
    version: 1,
    model: {
      runId,
      name: run.name,
      method: config.method,
      variant: config.model,
      resolution: config.resolution,
      parameters: parameterCount(vit),
      imageSize: vit.imageSize,
      patch: vit.patch,
      t2Units: config.t2Units,
      weightsSha256,
      weightsBytes: final?.bytes ?? 0,
    },
    preprocessing: {
      pipeline: config.preprocessing,
      side: MODEL_SIDE,
      reduce: config.input.reduce,
      upsample: config.input.upsample,
      tokens: config.input.tokens,
      normalisation: config.normalisation,
    },
    findings: [...config.findings],
    thresholds: [...fittedThresholds(library, runId), ...cardThresholdsByHand(library, runId)],
    likeness: likenessOf(library, runId),
    metrics: evaluation === null ? null : metricsOf(evaluation),
    training,
    licences: [
      ...(training.start === null
        ? []
        : [{ what: `Start weights: ${training.start.title}`, licence: training.start.licence }]),
      ...training.sources.map(({ source, licence }) => ({ what: `Films: ${source}`, licence })),
    ],
    notes: NOTES,
  };
}

/** What the bundle carries to tell films apart from the training films; null = nothing. */
function likenessOf({ store }: OpenLibrary, runId: RunId): ModelCard['likeness'] {
  const row = store.likeness.find(runId);
  if (row === null || row.file === null) return null;
  const { limit, quantile, trainFilms, validationFilms } = row;
  return { limit, quantile, trainFilms, validationFilms };
}

/** Those in force here; who set them stays here. What came with the model goes on as it came. */
function cardThresholdsByHand(library: OpenLibrary, runId: RunId): CardThreshold[] {
  return keptThresholds(library, runId).map(({ task, threshold, fitted, at, reason }) => {
    const name = taskName(task as Task);
    if (at === null) return { name, kind: 'kept' as const, threshold, rule: reason };
    const day = new Date(at).toISOString().slice(0, 10);
    const was = fitted === null ? 'none could be fitted' : `fitted was ${fitted.toFixed(3)}`;
    return { name, kind: 'kept' as const, threshold, rule: `on ${day}, ${was}` };
  });
}

function fittedThresholds({ store }: OpenLibrary, runId: RunId): CardThreshold[] {
  const bands = chosenBands(store, runId);
  return [...fittedPoints(store, runId)].flatMap(([name, { threshold, rule }]) => {
    if (threshold < 0 || threshold > 1) return [];
    const band = bands.get(name);
    return [{ name, kind: 'fitted' as const, threshold, rule, ...(band === undefined ? {} : { band }) }];
  });
}

function taskOf({ name, n, positives, auroc, averagePrecision, brier, ece, unstable }: TaskMetrics) {
  return { name, n, positives, auroc, averagePrecision, brier, ece, unstable };
}

function metricsOf({ films, patients, t1, t2, perFinding, bootstrap, notes }: Evaluation) {
  return { films, patients, t1, t2: taskOf(t2), perFinding: perFinding.map(taskOf), bootstrap, notes };
}

async function trainingOf(library: OpenLibrary, run: RunRow): Promise<ModelCard['training']> {
  const { store } = library;
  const { config } = run;
  const counts = store.splits.parts(config.splitId);
  const part = ({ films, patients, abnormal, normal }: (typeof counts)['train']) => ({
    films,
    patients,
    abnormal,
    normal,
  });
  const { sources } = await gatherSources(library, [config.splitId]);
  return {
    trainedAt: run.endedAt ?? run.createdAt,
    app: await readVersion(),
    preset: config.recipe.preset,
    epochs: config.recipe.epochs,
    seed: config.seed,
    labelRule: config.labelRule,
    reviewedLabels: config.labelVersionId !== null,
    parts: { train: part(counts.train), validation: part(counts.validation), test: part(counts.test) },
    sources: told(sources),
    start: await startOf(library, run),
    teacher: teacherOf(library, run),
  };
}

/** What stands with a handful of films only may be about somebody: those are counted together. */
function told(sources: readonly Source[]): Source[] {
  const few = sources.filter(({ films }) => films < FEWEST_FILMS);
  const rest = few.reduce((sum, { films }) => sum + films, 0);
  return [
    ...sources.filter(({ films }) => films >= FEWEST_FILMS).slice(0, 400),
    ...(rest === 0 ? [] : [{ source: 'others, with few films each', licence: 'not told', films: rest }]),
  ];
}

/** A file that was named by its path is told without it. */
async function startOf(library: OpenLibrary, { config }: RunRow): Promise<ModelCard['training']['start']> {
  const { init, initSha256: sha256 } = config;
  if (init === null) return null;
  const known = isStartId(init) ? (await listStarts(library)).find(({ id }) => id === init) : undefined;
  return { title: known?.title ?? 'a file of weights', licence: startLicence(library, init), sha256 };
}

function teacherOf({ store }: OpenLibrary, { teacherRunId }: RunRow): ModelCard['training']['teacher'] {
  const teacher = teacherRunId === null ? null : store.runs.find(teacherRunId);
  if (teacher === null) return null;
  const final = store.runs.checkpoints(teacher.id).find(({ kind }) => kind === 'final');
  return { runId: teacher.id, name: teacher.name, weightsSha256: final?.sha256 ?? null };
}
