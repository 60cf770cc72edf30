/**
 * @file How fast this machine trains a model, measured once in a process of its own: real steps of the real engine on films of
 * noise. What an estimate goes by before the first run.
 */
import { freemem } from 'node:os';
import { performance } from 'node:perf_hooks';

import { z } from 'zod';

import type { Estimate } from '../../../shared/contract/training.ts';
import type { MixedPrecision, Precision, VitVariant } from '../../../shared/domain/recipe.ts';
import type { BenchSettings } from '../../../shared/worker/bench.ts';
import { vitConfig } from '../../numeric/vit/config.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Log } from '../service-types.ts';
import { machineName, type EngineFacts } from './machine.ts';
import { startMeasuredSteps, type MeasuredSteps } from './measured-steps.ts';
import { stepBytes } from './memory-need.ts';

const machineRate = z.object({
  /** From the start of a training process to the end of its first step, in which it is compiled. */
  startSeconds: z.number().positive(),
  /** Forward, backward and update at 224 px, all tokens. */
  secondsPerFilm: z.number().positive(),
  /**
   * The faster of the mixed precisions that were measured: float16 on graphics cards alone. null = none could be measured,
   * and none is tried again; absent = not tried yet.
   */
  mixed: z
    .object({ precision: z.enum(['mixed', 'mixed-f16']), secondsPerFilm: z.number().positive() })
    .nullish(),
});
export type MachineRate = z.infer<typeof machineRate>;

/** Films of a measured step: the presets' micro-batch. */
const FILMS = 8;
/** Steps after the first that do not count, and those that do. */
const WARM_UP = 1;
const STEPS = 5;
const MOST_MS = 180_000;

const rateKey = (machine: string, model: VitVariant): string => `machine.${model}@${machine}`;

/** The rate that was measured on this machine (`machineName`); null = not yet. */
export function knownMachineRate(
  library: OpenLibrary,
  machine: string,
  model: VitVariant,
): MachineRate | null {
  return machineRate.safeParse(library.store.settings.get(rateKey(machine, model))).data ?? null;
}

/** The mixed precision that was measured, and how many times as fast it is; null = none was. */
export function mixedGain(rate: MachineRate | null): Estimate['mixed'] {
  const mixed = rate?.mixed ?? null;
  if (rate === null || mixed === null) return null;
  return { precision: mixed.precision, gain: rate.secondsPerFilm / mixed.secondsPerFilm };
}

export interface MachineRates {
  /**
   * Begins to measure `model` where that is not known, nothing is measured and there is memory for it.
   * @returns true while it is measured
   */
  ask(model: VitVariant, engine: EngineFacts): boolean;
  /** A run needs the machine: what is being measured is dropped, and may be asked for again. */
  stop(): void;
  close(): void;
}

export interface MachineRatesDeps {
  readonly library: OpenLibrary;
  readonly log: Log;
  /** Bytes of memory that are free. */
  readonly free?: () => number;
}

/** What is being measured. */
interface Measurement {
  readonly model: VitVariant;
  readonly engine: EngineFacts;
  stopped: boolean;
  steps: MeasuredSteps | null;
}

export function createMachineRates({ library, log, free = freemem }: MachineRatesDeps): MachineRates {
  const { settings } = library.store;
  /** Measured, or found not to be measurable, since the app was opened. */
  const tried = new Set<VitVariant>();
  let closed = false;
  let current: Measurement | null = null;

  async function rateIn(measurement: Measurement, precision: Precision): Promise<MachineRate> {
    if (measurement.stopped) throw new Error('it was stopped');
    const asked: BenchSettings = {
      what: 'train',
      model: measurement.model,
      batch: FILMS,
      microBatch: FILMS,
      films: FILMS,
      recompute: false,
      precision,
      tokens: 'upsampled',
    };
    const steps = startMeasuredSteps(library.workerHost, asked);
    measurement.steps = steps;
    const timer = setTimeout(() => steps.kill(), MOST_MS);
    try {
      return await rateOf(steps, precision);
    } finally {
      clearTimeout(timer);
      steps.kill();
    }
  }

  /** Null = it could not be measured, which is told, or was stopped. */
  async function tryRate(measurement: Measurement, precision: Precision): Promise<MachineRate | null> {
    try {
      const rate = await rateIn(measurement, precision);
      return measurement.stopped ? null : rate;
    } catch (error) {
      const { model, stopped } = measurement;
      if (!stopped)
        log.warn('a speed of this machine could not be measured', { model, precision, error: String(error) });
      return null;
    }
  }

  async function fastestMixed(measurement: Measurement): Promise<NonNullable<MachineRate['mixed']> | null> {
    const kinds: readonly MixedPrecision[] =
      measurement.engine.device === 'gpu' ? ['mixed', 'mixed-f16'] : ['mixed'];
    let fastest: NonNullable<MachineRate['mixed']> | null = null;
    for (const precision of kinds) {
      const rate = await tryRate(measurement, precision);
      if (rate === null || (fastest !== null && fastest.secondsPerFilm <= rate.secondsPerFilm)) continue;
      fastest = { precision, secondsPerFilm: rate.secondsPerFilm };
    }
    return fastest;
  }

  async function measure(measurement: Measurement): Promise<void> {
    const { model, engine } = measurement;
    const machine = machineName(engine);
    const keep = (rate: MachineRate): void => settings.set(rateKey(machine, model), rate);
    let rate = knownMachineRate(library, machine, model);
    if (rate === null) {
      rate = await tryRate(measurement, 'single');
      if (rate === null) return;
      keep(rate);
    }
    const mixed = await fastestMixed(measurement);
    if (measurement.stopped) return;
    keep({ ...rate, mixed });
    log.info('measured how fast this machine trains', { model, ...rate, mixed });
  }

  /** There is nothing left to measure of it. */
  function isKnown(model: VitVariant, engine: EngineFacts): boolean {
    const rate = knownMachineRate(library, machineName(engine), model);
    return rate !== null && rate.mixed !== undefined;
  }

  const stop = (): void => {
    if (current === null) return;
    current.stopped = true;
    current.steps?.kill();
    tried.delete(current.model);
    current = null;
  };

  return {
    ask(model, engine) {
      if (current !== null) return current.model === model;
      if (closed || library.files.readOnly || tried.has(model) || isKnown(model, engine)) return false;
      const vit = vitConfig(model, { t1Units: 1 });
      if (free() < stepBytes(vit, { microBatch: FILMS, recompute: false })) return false;
      tried.add(model);
      const measurement: Measurement = { model, engine, stopped: false, steps: null };
      current = measurement;
      measure(measurement)
        .catch((error: unknown) =>
          log.error('a measured speed could not be kept', { model, error: String(error) }),
        )
        .finally(() => {
          if (current === measurement) current = null;
        });
      return true;
    },
    stop,
    close() {
      closed = true;
      stop();
    },
  };
}

/** @throws Error when the process ends before its time, says something else, or took its steps in another precision */
async function rateOf(steps: MeasuredSteps, precision: Precision): Promise<MachineRate> {
  const began = performance.now();
  await steps.ready;
  await steps.step();
  const startSeconds = (performance.now() - began) / 1000;
  for (let warm = 0; warm < WARM_UP; warm += 1) await steps.step();
  const times: number[] = [];
  for (let count = 0; count < STEPS; count += 1) times.push(await steps.step());
  const { steps: taken } = await steps.end();
  if (taken?.precision !== precision)
    throw new Error(`its steps ran in ${taken?.precision ?? 'no'} precision`);
  // The fastest counts: what else the computer does meanwhile is not its speed.
  return { startSeconds, secondsPerFilm: Math.min(...times) / 1000 / FILMS };
}
