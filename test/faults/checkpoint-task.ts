/** @file Checkpoints and best weights of a small model on a disk that fails. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { plainVault } from '../../main/files/vault.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import { TrainState } from '../../main/numeric/train/train-state.ts';
import type { VitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import { BEST_FILE, readBest, saveWeights } from '../../main/worker/best-weights.ts';
import { restoreNewest, saveCheckpoint } from '../../main/worker/checkpoint.ts';
import type { DiskTask } from './disk-tasks.ts';

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
const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const findings = ['Edema', 'Hernia', 'Nodule'];
const validation = {
  loss: null,
  t1: { value: null, k: 0, of: 3, perFinding: [null, null, null] },
  t2: null,
  merit: null,
};

async function withState<T>(work: (state: TrainState) => Promise<T>): Promise<T> {
  await loadEngine();
  const state = new TrainState(config, initParameters(config, 1), { ema: true });
  try {
    return await work(state);
  } finally {
    state.dispose();
  }
}

/** Best weights and checkpoint of epoch `epoch`, in the order of a run. */
async function keepEpoch(dir: string, epoch: number): Promise<void> {
  await withState(async (state) => {
    const model = { config, normalisation, findings };
    await saveWeights(plainVault(), dir, BEST_FILE, state.evaluatedWeights(), model, {
      epoch,
      configHash: 'h',
      validation,
    });
    await saveCheckpoint(plainVault(), dir, state, {
      epoch: epoch + 1,
      cursor: 0,
      step: epoch + 1,
      configHash: 'h',
    });
  });
}

/** Throws when a weights file or checkpoint of the folder cannot be read. */
export function readAllWeights(dir: string): number {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.safetensors')) : [];
  for (const name of names) readSafetensors(readFileSync(join(dir, name)));
  return names.length;
}

export const checkpointTask: DiskTask = {
  async prepare(dir) {
    for (const epoch of [0, 1]) await keepEpoch(dir, epoch);
  },
  act: (dir) => keepEpoch(dir, 2),
  async judge(dir) {
    readAllWeights(dir);
    const best = await readBest(plainVault(), dir, 'h');
    const restored = await withState((state) => restoreNewest(plainVault(), dir, state, 'h'));
    const step = restored?.position.step ?? 0;
    if (best === null || ![2, 3].includes(step)) throw new Error(`the run stands at step ${step}`);
    // The best epoch is on disk before its checkpoint: never older than what the run goes on from.
    if (best.epoch < step - 1) throw new Error('the best weights are older than the checkpoint');
    return step === 2 ? 'old' : 'new';
  },
};
