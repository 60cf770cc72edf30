/** @file Processes that make one step whenever they are asked, so that two of them can take turns: ours, and any other by lines. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { z } from 'zod';

import {
  benchEnd,
  benchReady,
  benchStep,
  type BenchEnd,
  type BenchReady,
  type BenchSettings,
} from '../../../shared/worker/bench.ts';
import { lowerPriority } from '../../node/worker-host-node.ts';
import { startMeasuredSteps } from '../../services/training/measured-steps.ts';
import { verbWorkers } from '../verb-workers.ts';
import { Refusal } from '../verb.ts';
import { followOwnMemory } from './own-memory.ts';

export interface MeasuredProcess {
  readonly ready: BenchReady;
  /** One step, in ms as the process itself measured it. */
  step(): Promise<number>;
  /** Ends the process. @returns what memory it held, bytes; null where the system does not say */
  end(): Promise<BenchEnd & { readonly ownBytes: number | null }>;
  kill(): void;
}

/** Characters of standard error kept for the message. */
const KEPT_ERRORS = 2000;

/** The line that names the error; Node and Python write more around it. */
function reasonIn(errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'it gave no reason').trim();
}

/** @throws Refusal as `startMeasured` */
export async function startOurs(settings: BenchSettings): Promise<MeasuredProcess> {
  const steps = startMeasuredSteps(verbWorkers(), settings);
  const memory = followOwnMemory(steps);
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw new Refusal('ENGINE_UNAVAILABLE', `Our step stopped: ${(error as Error).message}`);
    }
  };
  return {
    ready: await told(steps.ready),
    step: () => told(steps.step()),
    async end() {
      const ownBytes = memory.most();
      return { ...(await told(steps.end())), ownBytes };
    },
    kill() {
      memory.stop();
      steps.kill();
    },
  };
}

/**
 * Starts `command` and waits until it is ready for steps.
 * @throws Refusal ENGINE_UNAVAILABLE with the last line it wrote when it ends before its time
 */
export async function startMeasured(
  name: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<MeasuredProcess> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  lowerPriority(child.pid); // as ours is
  const memory = followOwnMemory(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-KEPT_ERRORS);
  });
  child.on('error', (error) => (errors += error.message));
  child.stdin.on('error', () => undefined); // a process that has gone is noticed by its silence
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(schema: z.ZodType<T>): Promise<T> => {
    const line = await lines.next();
    if (line.done !== true) return schema.parse(JSON.parse(line.value));
    throw new Refusal('ENGINE_UNAVAILABLE', `${name} stopped: ${reasonIn(errors)}`);
  };
  return {
    ready: await next(benchReady),
    async step() {
      child.stdin.write('step\n');
      return (await next(benchStep)).ms;
    },
    async end() {
      const ownBytes = memory.most();
      child.stdin.end();
      return { ...(await next(benchEnd)), ownBytes };
    },
    kill() {
      memory.stop();
      child.kill('SIGKILL');
    },
  };
}
