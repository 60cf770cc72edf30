/**
 * @file How fast this machine trains a model, measured once in a process of its own: real steps of the real engine on films of
 * noise. What an estimate goes by before the first run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { Estimate } from '../../../shared/contract/training.ts';
import type { MixedPrecision, Precision, VitVariant } from '../../../shared/domain/recipe.ts';
import { benchReady, benchStep, type BenchSettings } from '../../../shared/worker/bench.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Log } from '../service-types.ts';

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

const ENTRY = fileURLToPath(new URL('../../worker/bench.ts', import.meta.url));

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
  /** What the measured process runs; a test gives its own. */
  readonly entry?: string;
}

export function createMachineRates({ library, log, entry = ENTRY }: MachineRatesDeps): MachineRates {
  /** Measured, or found not to be measurable, since the app was opened. */
  const tried = new Set<VitVariant>();
  let closed = false;
  let at: { readonly model: VitVariant; readonly child: ChildProcess } | null = null;

  async function rateIn(model: VitVariant, precision: Precision): Promise<Measured> {
    const settings: BenchSettings = {
      what: 'train',
      model,
      batch: FILMS,
      microBatch: FILMS,
      recompute: false,
      precision,
    };
    if (closed) throw new Error('the app is closing');
    const child = spawn(process.execPath, [entry, JSON.stringify(settings)], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => undefined); // its silence is noticed
    child.stdin.on('error', () => undefined);
    at = { model, child };
    const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
    try {
      return await rateOf(child);
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
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
      at?.child.kill('SIGKILL');
    },
  };
}

/** @throws Error when the process ends before its time or says something else */
async function rateOf({ stdin, stdout }: ChildProcess): Promise<Measured> {
  if (stdin === null || stdout === null) throw new Error('it has no channels');
  const began = performance.now();
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async <T>(schema: z.ZodType<T>): Promise<T> => {
    const line = await lines.next();
    if (line.done === true) throw new Error('it ended');
    return schema.parse(JSON.parse(line.value));
  };
  const step = async (): Promise<number> => {
    stdin.write('step\n');
    return (await next(benchStep)).ms;
  };
  const { version, threads, device } = await next(benchReady);
  await step();
  const startSeconds = (performance.now() - began) / 1000;
  for (let warm = 0; warm < WARM_UP; warm += 1) await step();
  const times: number[] = [];
  for (let count = 0; count < STEPS; count += 1) times.push(await step());
  // The fastest counts: what else the computer does meanwhile is not its speed.
  return { startSeconds, secondsPerFilm: Math.min(...times) / 1000 / FILMS, version, threads, device };
}
