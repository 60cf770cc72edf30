/**
 * @file How fast this machine trains a model, measured once in a process of its own: real steps of the real engine on films of
 * noise. What an estimate goes by before the first run.
 */
import { performance } from 'node:perf_hooks';

import { z } from 'zod';

import type { Estimate } from '../../../shared/contract/training.ts';
import type { MixedPrecision, Precision, VitVariant } from '../../../shared/domain/recipe.ts';
import type { BenchSettings } from '../../../shared/worker/bench.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Log } from '../service-types.ts';
import { startMeasuredSteps, type MeasuredSteps } from './measured-steps.ts';

const machineRate = z.object({
  /** From the start of a training process to the end of its first step, in which it is compiled. */
  startSeconds: z.number().positive(),
  /** Forward, backward and update at 224 px, all tokens. */
  secondsPerFilm: z.number().positive(),
  /** The faster of the mixed precisions that were measured: float16 on graphics cards alone. */
  mixed: z.object({ precision: z.enum(['mixed', 'mixed-f16']), secondsPerFilm: z.number().positive() }),
  /** Of the engine that was measured. */
  version: z.string(),
  threads: z.number().int(),
});
export type MachineRate = z.infer<typeof machineRate>;

/** Films of a measured step: the presets' micro-batch. */
const FILMS = 8;
/** Steps after the first that do not count, and those that do. */
const WARM_UP = 1;
const STEPS = 5;
const MOST_MS = 180_000;

const rateKey = (model: VitVariant): string => `machine.${model}`;

/** The rate that was measured in this library; null = not yet. */
export function knownMachineRate(library: OpenLibrary, model: VitVariant): MachineRate | null {
  return machineRate.safeParse(library.store.settings.get(rateKey(model))).data ?? null;
}

type Measured = Omit<MachineRate, 'mixed'> & { readonly device: string | undefined };

/** The mixed precision that was measured, and how many times as fast it is. */
export function mixedGain({ secondsPerFilm, mixed }: MachineRate): NonNullable<Estimate['mixed']> {
  return { precision: mixed.precision, gain: secondsPerFilm / mixed.secondsPerFilm };
}

export interface MachineRates {
  /** Begins to measure `model` where that is not known and nothing is measured. @returns true while it is measured */
  ask(model: VitVariant): boolean;
  close(): void;
}

export interface MachineRatesDeps {
  readonly library: OpenLibrary;
  readonly log: Log;
}

export function createMachineRates({ library, log }: MachineRatesDeps): MachineRates {
  /** Measured, or found not to be measurable, since the app was opened. */
  const tried = new Set<VitVariant>();
  let closed = false;
  let at: { readonly model: VitVariant; readonly steps: MeasuredSteps } | null = null;

  async function rateIn(model: VitVariant, precision: Precision): Promise<Measured> {
    const settings: BenchSettings = {
      what: 'train',
      model,
      batch: FILMS,
      microBatch: FILMS,
      films: FILMS,
      recompute: false,
      precision,
      tokens: 'upsampled',
    };
    if (closed) throw new Error('the app is closing');
    const steps = startMeasuredSteps(library.workerHost, settings);
    at = { model, steps };
    const timer = setTimeout(() => steps.kill(), MOST_MS);
    try {
      return await rateOf(steps);
    } finally {
      clearTimeout(timer);
      steps.kill();
    }
  }

  async function measure(model: VitVariant): Promise<void> {
    try {
      const single = await rateIn(model, 'single');
      const kinds: readonly MixedPrecision[] = single.device === 'gpu' ? ['mixed', 'mixed-f16'] : ['mixed'];
      const measured: MachineRate['mixed'][] = [];
      for (const precision of kinds) {
        measured.push({ precision, secondsPerFilm: (await rateIn(model, precision)).secondsPerFilm });
      }
      const [mixed] = measured.sort((a, b) => a.secondsPerFilm - b.secondsPerFilm);
      const rate = machineRate.parse({ ...single, mixed });
      if (!closed) library.store.settings.set(rateKey(model), rate);
      log.info('measured how fast this machine trains', { model, ...rate });
    } catch (error) {
      if (!closed)
        log.warn('the speed of this machine could not be measured', { model, error: String(error) });
    } finally {
      at = null;
    }
  }

  return {
    ask(model) {
      if (at !== null) return at.model === model;
      if (library.files.readOnly || tried.has(model) || knownMachineRate(library, model) !== null)
        return false;
      tried.add(model);
      void measure(model);
      return true;
    },
    close() {
      closed = true;
      at?.steps.kill();
    },
  };
}

/** @throws Error when the process ends before its time or says something else */
async function rateOf(steps: MeasuredSteps): Promise<Measured> {
  const began = performance.now();
  const { version, threads, device } = await steps.ready;
  await steps.step();
  const startSeconds = (performance.now() - began) / 1000;
  for (let warm = 0; warm < WARM_UP; warm += 1) await steps.step();
  const times: number[] = [];
  for (let count = 0; count < STEPS; count += 1) times.push(await steps.step());
  await steps.end();
  // The fastest counts: what else the computer does meanwhile is not its speed.
  return { startSeconds, secondsPerFilm: Math.min(...times) / 1000 / FILMS, version, threads, device };
}
