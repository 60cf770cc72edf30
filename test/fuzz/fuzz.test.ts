/**
 * @file Every reader of foreign files, on generated damaged files: a value or the reader's own error, within 5 s and 1 GiB. 500 cases
 * a reader; CHESTLIGHT_FUZZ=10000 npm test -- test/fuzz runs more. A case is made again from its number: CHESTLIGHT_FUZZ_CASE=csv:17.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, it } from 'vitest';

import type { Case, Outcome } from './target-process.ts';
import { FAULTY, TARGETS } from './targets.ts';

const PROGRAM = fileURLToPath(new URL('./target-process.ts', import.meta.url));
const CASES = Number(process.env.CHESTLIGHT_FUZZ ?? 500);
const ONE = process.env.CHESTLIGHT_FUZZ_CASE ?? null;
const MAX_CPU_MS = 5000;
/** A reader that is still at it then hangs, however busy the machine is. */
const HANGS_MS = 60_000;

let child: ChildProcess | null = null;
afterAll(() => child?.disconnect());

/** Runs one case; a process that dies or hangs is an outcome, and the next case gets a new one. */
function run(one: Case): Promise<Outcome> {
  const process = (child ??= fork(PROGRAM, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  }));
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      process.removeAllListeners();
      resolve(outcome);
    };
    const lost = (fault: string): void => {
      child = null;
      settle({ ...one, result: null, fault, cpuMs: 0 });
    };
    const timer = setTimeout(() => {
      process.kill('SIGKILL');
      lost('it hangs');
    }, HANGS_MS);
    process.once('message', settle);
    process.once('exit', (code, signal) =>
      lost(`the process ended (${signal ?? code}): a crash, or more than 1 GiB`),
    );
    process.send(one);
  });
}

async function runAll(target: string, indices: readonly number[]) {
  const counts = new Map<string, number>();
  const defects: string[] = [];
  let slowest = 0;
  for (const index of indices) {
    const { result, fault, cpuMs } = await run({ target, index });
    counts.set(result ?? 'defect', (counts.get(result ?? 'defect') ?? 0) + 1);
    if (fault !== null) defects.push(`${target}:${index} ${fault}`);
    if (cpuMs > MAX_CPU_MS) defects.push(`${target}:${index} took ${cpuMs.toFixed(0)} ms of processor time`);
    slowest = Math.max(slowest, cpuMs);
  }
  return { counts, defects, slowest };
}

it.each(Object.keys(FAULTY))('the fuzzer tells of a reader with a %s', async (target) => {
  expect((await runAll(target, [0])).defects).toHaveLength(1);
});

describe.each(Object.keys(TARGETS))('%s', (target) => {
  const wanted = ONE === null ? Array.from({ length: CASES }, (_, index) => index) : casesOf(target, ONE);
  it.skipIf(wanted.length === 0)(
    'gives a value or its own error',
    async () => {
      const { counts, defects, slowest } = await runAll(target, wanted);
      const told = [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} ${count}`);
      process.stderr.write(`${target}: ${told.join(', ')}; slowest ${slowest.toFixed(0)} ms\n`);
      expect(defects.slice(0, 10)).toEqual([]);
      // Damage that nothing notices would test nothing.
      if (ONE === null) expect(counts.size).toBeGreaterThan(1);
    },
    CASES * 1000 + 120_000,
  );
});

function casesOf(target: string, named: string): number[] {
  const [name, index] = named.split(':');
  return name === target ? [Number(index)] : [];
}
