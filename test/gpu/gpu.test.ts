/**
 * @file What only a graphics card can show: that the engine takes it, names it, computes right on it, as one graph as well as
 * eagerly, in each precision, and goes on when its memory is full. Figures are printed. Without a card every check is skipped and says so.
 */
import { spawnSync } from 'node:child_process';

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CompiledTrainer } from '../../main/numeric/engine/graph/compiled-trainer.ts';
import { loadEngine, type Engine } from '../../main/numeric/engine/load-engine.ts';
import { selfTest } from '../../main/numeric/engine/self-test.ts';
import type { MicroBatch } from '../../main/numeric/train/micro-batch.ts';
import { TrainState } from '../../main/numeric/train/train-state.ts';
import { labelledWork, stepOf } from '../../main/numeric/train/train-step.ts';
import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters, uniformGenerator } from '../../main/numeric/vit/init.ts';
import { shrinkingSteps } from '../../main/worker/shrinking-steps.ts';
import { stepTaker } from '../../main/worker/step-taker.ts';
import { PAPER_LOSS, VIT_VARIANTS, type Precision, type VitVariant } from '../../shared/domain/recipe.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await loadEngine();
});
beforeEach(({ skip }) => {
  skip(engine.device !== 'gpu', `no graphics card: the engine computes on ${engine.deviceName}`);
});

const FINDINGS = 5;
const OPTIMISER = { learningRate: 1e-4, weightDecay: 0.05, clipNorm: 1, emaDecay: null, emaWarmup: false };
const nothing = () => Promise.resolve();

function noise(films: number): MicroBatch {
  const uniform = uniformGenerator(4);
  return {
    films,
    images: Float32Array.from({ length: films * 224 * 224 }, uniform),
    t1: Float32Array.from({ length: films * FINDINGS }, () => Math.round(uniform())),
    t2: Float32Array.from({ length: films }, () => Math.round(uniform())),
    teacher: null,
  };
}

/** A model in training on `films` films at once. */
function training(variant: VitVariant, films: number, precision: Precision) {
  const config = vitConfig(variant, { t1Units: FINDINGS });
  const state = new TrainState(config, initParameters(config, 1), { ema: false });
  const objective = {
    method: 'teacher',
    loss: { ...PAPER_LOSS, positiveWeights: null },
    normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  } as const;
  const work = labelledWork(config, objective);
  const sizes = [films];
  const trainer = new CompiledTrainer({
    state,
    work,
    sizes,
    precision,
    onEager: (why) => expect.unreachable(why),
  });
  return { state, work, trainer };
}

it('is taken, named, and computes right', () => {
  expect(engine.deviceName).not.toMatch(/CPU|threads/);
  expect(selfTest(engine)).toMatchObject({ ok: true });
});

it('leaves memory to others: it grows with need', () => {
  expect(process.env.TF_FORCE_GPU_ALLOW_GROWTH).toBe('true');
});

describe.each(VIT_VARIANTS)('ViT-%s', (variant) => {
  it.each(['single', 'mixed', 'mixed-f16'] as const)(
    'the compiled step equals the eager one, %s',
    async (precision) => {
      const batch = noise(4);
      const { state, trainer } = training(variant, 4, precision);
      const compiled = await trainer.step([batch], OPTIMISER, nothing);
      trainer.dispose();
      state.dispose();
      const other = training(variant, 4, 'single');
      const eager = await stepOf(other.work, other.state, [batch], OPTIMISER);
      other.state.dispose();
      // A card multiplies with 10-bit mantissas (TF32) where it is allowed to.
      const limit = precision === 'single' ? 5e-3 : 5e-2;
      expect(Math.abs((compiled?.loss ?? Number.NaN) / eager.loss - 1)).toBeLessThan(limit);
      expect(Math.abs((compiled?.gradNorm ?? Number.NaN) / eager.gradNorm - 1)).toBeLessThan(limit);
    },
  );
});

it.each(['eager', 'compiled'] as const)(
  'goes on with smaller micro-batches where the card is full, %s',
  { timeout: 600_000 },
  async (how) => {
    const films = 4096;
    const config = vitConfig('base', { t1Units: FINDINGS });
    const state = new TrainState(config, initParameters(config, 1), { ema: false });
    const { work } = training('base', 1, 'single');
    const told: number[] = [];
    const steps = shrinkingSteps({
      work,
      size: { microBatch: films, recompute: false },
      stepsOf: ({ microBatch }) => {
        const onEager = (why: string) => expect.unreachable(why);
        const sizes = [microBatch];
        const compiled = how === 'eager' ? null : new CompiledTrainer({ state, work, sizes, onEager });
        return stepTaker(state, work, compiled, nothing);
      },
      onShrink: ({ microBatch }) => told.push(microBatch),
    });
    const { loss } = await steps.step([noise(films)], OPTIMISER);
    expect(loss).toBeGreaterThan(0);
    expect(told.length).toBeGreaterThan(0); // no card of today holds a step of 4,096 films of ViT-Base
    process.stdout.write(`${engine.deviceName}, ViT-Base, ${how}: ${told.at(-1)} films at once\n`);
    steps.dispose();
    state.dispose();
  },
);

it('figures of this card', { timeout: 600_000 }, () => {
  const bench = (...options: string[]) =>
    spawnSync(
      process.execPath,
      ['main/cli/cli.ts', 'bench', '--steps', '20', '--batch', '64', '--micro-batch', '64', ...options],
      {
        encoding: 'utf8',
      },
    );
  for (const precision of ['single', 'mixed', 'mixed-f16']) {
    const { status, stdout, stderr } = bench('--precision', precision);
    expect(status, stderr).toBe(0);
    process.stdout.write(`${engine.deviceName}, ViT-Tiny, batch 64, ${precision} precision\n${stdout}`);
  }
});
