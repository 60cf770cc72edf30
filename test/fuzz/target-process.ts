/** @file The process in which cases run: makes a case from its number, reads it, tells what came of it and what it cost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { guardMemory } from '../../main/services/import/memory-guard.ts';
import { damaged, dice, seedOf } from './mutate.ts';
import { FAULTY, TARGETS } from './targets.ts';

export const MAX_BYTES = 1024 ** 3;

export interface Case {
  readonly target: string;
  readonly index: number;
}

export interface Outcome extends Case {
  /** `value`, the code of an error, or null = neither. */
  readonly result: string | null;
  /** Where neither came from. */
  readonly fault: string | null;
  /** Time on the processor: what else runs on the machine does not count. */
  readonly cpuMs: number;
}

const dir = mkdtempSync(join(tmpdir(), 'chestlight-fuzz-'));
const seeds = new Map<string, readonly Uint8Array[]>();

async function run({ target: name, index }: Case): Promise<Outcome> {
  const target = TARGETS[name] ?? FAULTY[name];
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const files = seeds.get(name) ?? target.seeds();
  seeds.set(name, files);
  const roll = dice(seedOf(name, index));
  const bytes =
    roll.below(2) === 0 && target.shaped ? target.shaped(roll) : damaged(files, target.words, roll);
  const before = process.cpuUsage();
  let result: string | null = 'value';
  let fault: string | null = null;
  try {
    await target.read(bytes, dir);
  } catch (error) {
    result = target.codeOf(error);
    if (result === null) fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { user, system } = process.cpuUsage(before);
  return { target: name, index, result, fault, cpuMs: (user + system) / 1000 };
}

guardMemory(MAX_BYTES);
process.on('disconnect', () => {
  rmSync(dir, { recursive: true, force: true });
  process.exit();
});
process.on('message', (message: Case) => void run(message).then((outcome) => process.send?.(outcome)));
