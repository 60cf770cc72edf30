/**
 * @file The memory of the real training process over many steps: its input thread, the teacher's answers from their cache, validations and
 * checkpoints. Minutes long, so by night alone: CHESTLIGHT_STEPS says how many steps (`npm run test:nightly -- memory`).
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { PAPER_INPUT } from '../../shared/domain/recipe.ts';
import { makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

const STEPS = Number(process.env.CHESTLIGHT_STEPS ?? 0);
/** Pools and caches fill in the first steps. */
const WARM_UP = 300;
const STEPS_AN_EPOCH = 25;
const EPOCHS = Math.ceil((WARM_UP + STEPS) / STEPS_AN_EPOCH);
/** Steps of which the least memory counts: what JavaScript has dropped goes at moments of its own. */
const WINDOW = 100;
const MEBIBYTE = 2 ** 20;

/** Least squares slope of y over its index. */
function slope(y: readonly number[]): number {
  const middle = (y.length - 1) / 2;
  const xy = y.reduce((sum, value, x) => sum + (x - middle) * value, 0);
  const xx = y.reduce((sum, _, x) => sum + (x - middle) ** 2, 0);
  return xy / xx;
}

/** Bytes of a process that belong to no file (proc_pid_status(5)). */
function anonymousBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

it.skipIf(STEPS === 0 || process.platform !== 'linux')(
  `the training process grows by less than 1 MiB a hundred steps over ${STEPS} steps`,
  { timeout: 3_600_000 },
  async () => {
    const made = makeFilms([
      ...Array.from({ length: 2 * STEPS_AN_EPOCH }, () => 'train' as const),
      ...Array.from({ length: 4 }, () => 'validation' as const),
      ...Array.from({ length: 2 }, () => 'test' as const),
    ]);
    const { dir, films } = made;
    try {
      const vit = vitConfig('tiny', { t1Units: 1 });
      const bytes = exportWeights(initParameters(vit, 77), vit, 'app');
      const weightsPath = join(dir, 'teacher.safetensors');
      writeFileSync(weightsPath, bytes);
      const weightsSha256 = createHash('sha256').update(bytes).digest('hex');
      const { path } = writePlan(join(dir, 'run'), films, {
        config: tinyConfig(
          { method: 'mlcak', input: { ...PAPER_INPUT, tokens: 'few' } },
          { epochs: EPOCHS, batch: 2, microBatch: 1, augment: true, views: 2, patience: null },
        ),
        checkpointEverySeconds: 10,
        teacher: {
          runId: 'run-teacher',
          weightsPath,
          weightsSha256,
          config: tinyConfig({ method: 'teacher', resolution: 224 }),
        },
        knowledge: (['none', 'mean'] as const).map((feature) => ({
          key: feature,
          dir: join(dir, `knowledge-${feature}`),
          feature,
          point: 'block',
        })),
      });
      const least: number[] = [];
      const seen = await runProcess(path, (message, { pid }) => {
        if (message.type !== 'progress' || message.progress.phase !== 'training') return;
        const window = Math.floor((message.progress.step - WARM_UP) / WINDOW);
        if (window < 0) return;
        least[window] = Math.min(least[window] ?? Number.POSITIVE_INFINITY, anonymousBytes(pid));
      });
      expect(seen.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
      const whole = least.filter((value) => value !== undefined).slice(0, Math.floor(STEPS / WINDOW));
      process.stdout.write(`${whole.map((value) => (value / MEBIBYTE).toFixed(0)).join(', ')} MiB\n`);
      expect(whole.length).toBeGreaterThanOrEqual(Math.floor(STEPS / WINDOW) - 1);
      expect(((slope(whole) / WINDOW) * 100) / MEBIBYTE).toBeLessThan(1);
    } finally {
      made.remove();
    }
  },
);
