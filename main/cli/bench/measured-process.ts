/** @file A process that makes one step for every line it is sent, so that two of them can take turns. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { z } from 'zod';

import { benchEnd, benchReady, benchStep } from '../../../shared/worker/bench.ts';
import { Refusal } from '../verb.ts';

export interface MeasuredProcess {
  readonly ready: z.infer<typeof benchReady>;
  /** One step, in ms as the process itself measured it. */
  step(): Promise<number>;
  /** Ends the process. @returns the most memory that it held, in bytes, where the system says */
  end(): Promise<number | null>;
  kill(): void;
}

/** Characters of standard error kept for the message. */
const KEPT_ERRORS = 2000;

/** The line that names the error; Node and Python write more around it. */
function reasonIn(errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'it gave no reason').trim();
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
      child.stdin.end();
      return (await next(benchEnd)).rssBytes;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
