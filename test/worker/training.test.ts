/** @file The real training process: finishes with scores, resumes after kill -9 to the same weights, refuses a leaking split. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { SplitId } from '../../shared/domain/ids.ts';
import { PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import {
  fromTraining,
  type FromTraining,
  type PlanFilm,
  type RunPlan,
} from '../../shared/worker/protocol.ts';

const size = 224;
let dir: string;
let films: PlanFilm[];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-training-'));
  const parts = ['train', 'train', 'train', 'train', 'validation', 'validation', 'test', 'test'] as const;
  films = parts.map((part, index) => {
    const image = join(dir, `${index}.grey`);
    const abnormal = index % 2 === 1;
    writeFileSync(
      image,
      Uint8Array.from(
        { length: size * size },
        (_, at) => ((at * 13 + index * 29) % 120) + (abnormal ? 100 : 0),
      ),
    );
    const label = abnormal ? (1 as const) : (0 as const);
    return { filmId: `film-${index}`, patient: `p${index}`, part, image, t1: [label], t2: label };
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

function writePlan(name: string, change: Partial<RunPlan> = {}): { path: string; plan: RunPlan } {
  const plan: RunPlan = {
    protocol: 1,
    runId: `run-${name}`,
    config: {
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
      },
      loss: PAPER_LOSS,
      seed: 1,
      init: null,
      initSha256: null,
      t2Units: 2,
      layerNormEpsilon: 1e-6,
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      preprocessing: 'test',
    },
    configHash: 'c'.repeat(64),
    films,
    dir: join(dir, name),
    initPath: null,
    teacher: null,
    knowledge: null,
    resumeFrom: null,
    checkpointEverySeconds: 0.001, // a checkpoint after every step
    ...change,
  };
  mkdirSync(plan.dir, { recursive: true });
  const path = join(plan.dir, 'plan.json');
  writeFileSync(path, JSON.stringify(plan));
  return { path, plan };
}

/** Runs the process to its end, or until `stop` says so of a message: then it is killed at once. */
async function run(planPath: string, stop: (message: FromTraining) => boolean = () => false) {
  const seen: FromTraining[] = [];
  const worker = createNodeWorkerHost().start('training');
  worker.onMessage((raw) => {
    const message = fromTraining.parse(raw);
    seen.push(message);
    if (stop(message)) worker.kill();
  });
  const ended = new Promise<void>((resolve) => worker.onExit(() => resolve()));
  worker.send({ type: 'start', planPath });
  await ended;
  return seen;
}

const finalHash = (seen: readonly FromTraining[]) =>
  seen.find((message) => message.type === 'checkpoint' && message.kind === 'final');

it('trains, keeps the best, scores the held-back films; killed and resumed it ends with the same weights', async () => {
  const whole = writePlan('whole');
  const seen = await run(whole.path);
  const ended = seen.at(-1);
  expect(ended).toMatchObject({ type: 'ended', how: 'finished' });
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index));
  expect(seen.filter(({ type }) => type === 'epoch')).toHaveLength(2);
  const scores = JSON.parse(readFileSync(join(whole.plan.dir, 'scores.json'), 'utf8')) as {
    part: string;
    t2: number;
  }[];
  expect(scores.map(({ part }) => part)).toEqual(['validation', 'validation', 'test', 'test']);
  for (const { t2 } of scores) expect(t2 > 0 && t2 < 1).toBe(true);

  const cut = writePlan('cut');
  const isThirdStep = (message: FromTraining) =>
    message.type === 'checkpoint' && message.kind === 'last' && message.step >= 3;
  const before = await run(cut.path, isThirdStep);
  expect(before.some(({ type }) => type === 'ended')).toBe(false);
  expect(existsSync(join(cut.plan.dir, 'final.safetensors'))).toBe(false);
  const again = writePlan('cut', { resumeFrom: cut.plan.dir });
  const after = await run(again.path);
  expect(after.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  const whole_ = finalHash(seen);
  const cut_ = finalHash(after);
  if (whole_?.type !== 'checkpoint' || cut_?.type !== 'checkpoint') throw new Error('no final weights');
  expect(cut_.sha256).toBe(whole_.sha256);
});

it('refuses a plan with a patient in two parts before anything is trained', async () => {
  const leaking = films.map((film) => ({ ...film, patient: 'the same' }));
  const { path, plan } = writePlan('leak', { films: leaking });
  expect((await run(path)).at(-1)).toMatchObject({ type: 'failed', code: 'SPLIT_LEAKS' });
  expect(existsSync(join(plan.dir, 'best.safetensors'))).toBe(false);
});

it('a student learns from the cached outputs of a teacher; a second student reuses them', async () => {
  const { plan } = writePlan('whole');
  const weightsPath = join(plan.dir, 'final.safetensors');
  const weightsSha256 = createHash('sha256').update(readFileSync(weightsPath)).digest('hex');
  const recipe = { ...plan.config.recipe, epochs: 1, views: 1, augment: false };
  const student = (name: string) =>
    writePlan(name, {
      config: { ...plan.config, method: 'mlcak', recipe },
      teacher: {
        runId: 'run-whole',
        weightsPath,
        weightsSha256,
        config: { ...plan.config, resolution: 224 },
      },
      knowledge: { key: 'k', dir: join(dir, 'knowledge'), feature: 'mean' },
    });
  const seen = await run(student('first').path);
  expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  const bytes = 4 * (4 * 3 + 2 * 197 * 192);
  expect(seen.filter(({ type }) => type === 'knowledge').at(-1)).toMatchObject({
    films: 4,
    bytes,
    complete: true,
  });
  const epoch = seen.find(({ type }) => type === 'epoch');
  if (epoch?.type !== 'epoch') throw new Error('no epoch');
  expect(epoch.record.terms.map(({ name }) => name).sort()).toEqual([
    'bceT1',
    'bceT2',
    'feature',
    'kdT1',
    'kdT2',
  ]);

  const shard = join(dir, 'knowledge', 'view-00-000000.bin');
  const made = statSync(shard).mtimeMs;
  const again = await run(student('second').path);
  expect(again.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
  expect(statSync(shard).mtimeMs).toBe(made);
});
