/** @file A run resumed from a checkpoint ends with the same bits as one that was never stopped; damaged files are passed over. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import type { MicroBatch } from '../../main/numeric/train/micro-batch.ts';
import { TrainState } from '../../main/numeric/train/train-state.ts';
import { trainStep } from '../numeric/labelled-step.ts';
import type { VitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters, uniformGenerator } from '../../main/numeric/vit/init.ts';
import { CheckpointError, restoreNewest, saveCheckpoint } from '../../main/worker/checkpoint.ts';
import { epochOrder } from '../../main/worker/epoch-order.ts';
import { PAPER_LOSS } from '../../shared/domain/recipe.ts';
import { failingDisk } from '../helpers/failing-disk.ts';

const config: VitConfig = {
  variant: 'custom',
  width: 32,
  depth: 2,
  heads: 2,
  mlpRatio: 4,
  patch: 16,
  imageSize: 32,
  layerNormEpsilon: 1e-6,
  t1Units: 3,
  t2Units: 2,
};
const films = 12;
const batch = 4;
const uniform = uniformGenerator(5);
const pixels = Float32Array.from({ length: films * 32 * 32 }, uniform);
const labels = Float32Array.from(
  { length: films * 3 },
  () => [0, 1, Number.NaN][Math.floor(uniform() * 3)] ?? 0,
);

let dir: string;
beforeAll(async () => {
  await loadEngine();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-checkpoint-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function fresh(): TrainState {
  return new TrainState(config, initParameters(config, 1), { ema: true });
}

function microBatch(chosen: Uint32Array): MicroBatch {
  const side = config.imageSize ** 2;
  const take = (source: Float32Array, size: number) =>
    Float32Array.from([...chosen].flatMap((film) => [...source.subarray(film * size, (film + 1) * size)]));
  return {
    films: chosen.length,
    images: take(pixels, side),
    t1: take(labels, 3),
    t2: Float32Array.from(chosen, (film) => film % 2),
    teacher: null,
  };
}

/** Runs steps [from, to) of the whole run; three steps an epoch. */
async function run(state: TrainState, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step += 1) {
    const cursor = (step % 3) * batch;
    const chosen = epochOrder(films, 7, Math.floor(step / 3)).subarray(cursor, cursor + batch);
    await trainStep(state, [microBatch(chosen.subarray(0, 2)), microBatch(chosen.subarray(2))], {
      method: 'none',
      loss: PAPER_LOSS,
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      learningRate: 1e-3,
      weightDecay: 0.05,
      clipNorm: 1,
      emaDecay: 0.9,
      emaWarmup: true,
    });
  }
}

function digest(state: TrainState): string {
  const hash = createHash('sha256');
  for (const [name, values] of state.exportState())
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex');
}

const at = (step: number) => ({
  epoch: Math.floor(step / 3),
  cursor: (step % 3) * batch,
  step,
  configHash: 'h',
});

it('a run stopped mid-epoch and resumed in a fresh state is bit for bit the uninterrupted one', async () => {
  const whole = fresh();
  await run(whole, 0, 8);

  const first = fresh();
  await run(first, 0, 4);
  await saveCheckpoint(plainVault(), dir, first, at(4));
  const second = fresh();
  const restored = await restoreNewest(plainVault(), dir, second, 'h');
  expect(restored).toEqual({ position: at(4), skipped: [] });
  await run(second, 4, 8);

  expect(digest(second)).toBe(digest(whole));
  expect(digest(second)).not.toBe(digest(first));
  for (const state of [whole, first, second]) state.dispose();
});

it('keeps two, falls back from a truncated newest one and says so, refuses when none is left or settings differ', async () => {
  const state = fresh();
  for (const step of [1, 2, 3]) await saveCheckpoint(plainVault(), dir, state, at(step));
  expect(readdirSync(dir)).toEqual(['checkpoint-000000002.safetensors', 'checkpoint-000000003.safetensors']);

  await expect(restoreNewest(plainVault(), dir, state, 'other')).rejects.toThrow('other settings');

  truncateSync(join(dir, 'checkpoint-000000003.safetensors'), 5000);
  const restored = await restoreNewest(plainVault(), dir, state, 'h');
  expect(restored?.position.step).toBe(2);
  expect(restored?.skipped.map((one) => one.file)).toEqual(['checkpoint-000000003.safetensors']);

  truncateSync(join(dir, 'checkpoint-000000002.safetensors'), 3);
  await expect(restoreNewest(plainVault(), dir, state, 'h')).rejects.toThrow(CheckpointError);
  state.dispose();
});

it.each([
  ['ENOSPC', 'DISK_FULL'],
  ['EIO', 'DISK_FULL'],
])(
  'a disk that fails with %s at any operation leaves the checkpoints before it usable',
  async (code, known) => {
    const state = fresh();
    const operations = failingDisk(0);
    await saveCheckpoint(plainVault(operations), dir, state, at(1));
    const kept = readdirSync(dir);
    expect(operations.operations).toBeGreaterThan(3);
    for (let failAt = 1; failAt <= operations.operations; failAt += 1) {
      const saving = saveCheckpoint(plainVault(failingDisk(failAt, code)), dir, state, at(2));
      await expect(saving, `operation ${failAt}`).rejects.toMatchObject({ code: known });
      const last = failAt === operations.operations; // the folder's sync: the new file is in place by then
      expect(readdirSync(dir)).toEqual(last ? [...kept, 'checkpoint-000000002.safetensors'] : kept);
      const restored = await restoreNewest(plainVault(), dir, state, 'h');
      expect(restored).toMatchObject({ position: at(last ? 2 : 1), skipped: [] });
    }
    state.dispose();
  },
);

it('has nothing to restore in an empty folder', async () => {
  const state = fresh();
  expect(await restoreNewest(plainVault(), dir, state, 'h')).toBeNull();
  state.dispose();
});

it('training steps leave no tensor behind', async () => {
  const state = fresh();
  await run(state, 0, 2);
  const before = tf.memory().numTensors;
  await run(state, 2, 30);
  expect(tf.memory().numTensors).toBe(before);
  state.dispose();
});

it('epoch orders are permutations, repeatable, and differ between epochs and seeds', () => {
  const order = epochOrder(50, 1, 0);
  expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
  expect(epochOrder(50, 1, 0)).toEqual(order);
  expect(epochOrder(50, 1, 1)).not.toEqual(order);
  expect(epochOrder(50, 2, 0)).not.toEqual(order);
});
