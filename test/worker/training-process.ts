/** @file What tests of the real training process share: eight small films, a plan, a process run to its end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { WorkerHandle } from '../../main/services/service-types.ts';
import type { RunConfig } from '../../shared/contract/training.ts';
import type { SplitId } from '../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import {
  fromTraining,
  WORKER_PROTOCOL,
  type FromTraining,
  type PlanFilm,
  type RunPlan,
} from '../../shared/worker/protocol.ts';

const SIZE = 224;
type FilmPart = PlanFilm['part'];
const PARTS: readonly FilmPart[] = [
  'train',
  'train',
  'train',
  'train',
  'validation',
  'validation',
  'test',
  'test',
];

/** A folder with eight films, or one for each of `parts`, every second one brighter and abnormal. The caller removes it. */
export function makeFilms(parts = PARTS): {
  readonly dir: string;
  readonly films: PlanFilm[];
  remove(): void;
} {
  const dir = mkdtempSync(join(tmpdir(), 'chestlight-training-'));
  const films = parts.map((part, index) => {
    const image = join(dir, `${index}.grey`);
    const abnormal = index % 2 === 1;
    const grey = (at: number): number => ((at * 13 + index * 29) % 120) + (abnormal ? 100 : 0);
    writeFileSync(
      image,
      Uint8Array.from({ length: SIZE * SIZE }, (_, at) => grey(at)),
    );
    const label = abnormal ? (1 as const) : (0 as const);
    return { filmId: `film-${index}`, patient: `p${index}`, part, image, t1: [label], t2: label };
  });
  return { dir, films, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export type RecipeChange = Partial<RunConfig['recipe']>;

/** ViT-Tiny without distillation at 28 px: two epochs of two steps, augmented. */
export function tinyConfig(change: Partial<RunConfig> = {}, recipe: RecipeChange = {}): RunConfig {
  return {
    method: 'none',
    model: 'tiny',
    resolution: 28,
    teacherRunId: null,
    splitId: 'split-00000001' as SplitId,
    findings: ['Cardiomegaly'],
    recipe: {
      ...presetRecipe('quick', 'tiny'),
      epochs: 2,
      batch: 2,
      microBatch: 2,
      augment: true,
      views: 4,
      ...recipe,
    },
    loss: PAPER_LOSS,
    seed: 1,
    init: null,
    initSha256: null,
    t2Units: 2,
    layerNormEpsilon: 1e-6,
    normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    preprocessing: 'test',
    input: PAPER_INPUT,
    positiveWeights: null,
    labelRule: 'majority',
    labelVersionId: null,
    ...change,
  };
}

/** Writes plan.json into the run's folder `dir`. A checkpoint is due after every step. */
export function writePlan(
  dir: string,
  films: PlanFilm[],
  change: Partial<RunPlan> = {},
): { readonly path: string; readonly plan: RunPlan } {
  const plan: RunPlan = {
    protocol: WORKER_PROTOCOL,
    runId: 'run-test',
    config: tinyConfig(),
    configHash: 'c'.repeat(64),
    films,
    dir,
    initPath: null,
    teacher: null,
    knowledge: [],
    resumeFrom: null,
    checkpointEverySeconds: 0.001,
    ...change,
  };
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'plan.json');
  writeFileSync(path, JSON.stringify(plan));
  return { path, plan };
}

/** Runs the process until it has left. `onMessage` may answer it, or kill it. `env` is added to its environment. */
export async function runProcess(
  planPath: string,
  onMessage: (message: FromTraining, worker: WorkerHandle) => void = () => undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<FromTraining[]> {
  const seen: FromTraining[] = [];
  const worker = createNodeWorkerHost().start('training', env);
  worker.onMessage((raw) => {
    const message = fromTraining.parse(raw);
    seen.push(message);
    onMessage(message, worker);
  });
  const ended = new Promise<void>((resolve) => worker.onExit(() => resolve()));
  worker.send({ type: 'start', planPath, access: null });
  await ended;
  return seen;
}

type Checkpoint = Extract<FromTraining, { readonly type: 'checkpoint' }>;

/** All checkpoints that were told, in order. */
export function checkpoints(seen: readonly FromTraining[], kind: Checkpoint['kind']): Checkpoint[] {
  return seen.filter((one): one is Checkpoint => one.type === 'checkpoint' && one.kind === kind);
}

/** SHA-256 of the final weights. @throws Error with the last message when there are none */
export function finalHash(seen: readonly FromTraining[]): string {
  const final = checkpoints(seen, 'final')[0];
  if (final === undefined) throw new Error(`no final weights; last message: ${JSON.stringify(seen.at(-1))}`);
  return final.sha256;
}
