/** @file A run whose process ended for want of memory: how that is seen, and how it goes on with less. */
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

import type { Recipe } from '../../../shared/domain/recipe.ts';
import type { RunRow } from '../../store/runs.ts';

/** abort(), as the native library ends where it gets no memory: by signal, and by its exit code where a shell stands between, or on Windows (STATUS_STACK_BUFFER_OVERRUN). */
const isAbort = (code: number | null, signal: string | null): boolean =>
  signal === 'SIGABRT' || code === 134 || code === 0xc0000409;

/** Less than this part of the memory free when it was last looked at: SIGKILL then came for its sake. */
const LITTLE = 0.05;

/** What the system says of memory. */
export interface MemoryReadings {
  /** Processes that the system has ended for want of memory since it was started (proc(5), vmstat); null = it does not say. */
  readonly kills: () => number | null;
  /** Of the whole memory, 0..1. */
  readonly freeShare: () => number;
}

const SYSTEM: MemoryReadings = {
  kills() {
    try {
      const found = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1'));
      return found === null ? null : Number(found[1]);
    } catch {
      return null;
    }
  },
  freeShare: () => freemem() / totalmem(),
};

export interface MemoryWatch {
  /** To be called every few seconds: when a process is gone, so is what it held. */
  look(): void;
  /** `yes`: it ended for want of memory. `perhaps`: killed by somebody, mostly the system. */
  ranOut(code: number | null, signal: string | null): 'yes' | 'perhaps' | 'no';
}

export function watchMemory(readings: MemoryReadings = SYSTEM): MemoryWatch {
  const killsBefore = readings.kills();
  let freeShare = readings.freeShare();
  return {
    look: () => void (freeShare = readings.freeShare()),
    ranOut(code, signal) {
      if (isAbort(code, signal)) return 'yes';
      if (signal !== 'SIGKILL') return 'no';
      const counted = killsBefore !== null && (readings.kills() ?? 0) > killsBefore;
      return counted || freeShare < LITTLE ? 'yes' : 'perhaps';
    },
  };
}

/** The recipe that the run goes on with: the same effective batch from fewer films at once. */
export function easedRecipe({ config: { recipe }, easedTo }: Pick<RunRow, 'config' | 'easedTo'>): Recipe {
  if (easedTo === null) return recipe;
  return { ...recipe, microBatch: Math.min(recipe.microBatch, easedTo), recompute: true };
}

/** Films at once that need less memory than the run as it goes now; null = nothing needs less. */
export function nextEase(run: Pick<RunRow, 'config' | 'easedTo'>): number | null {
  const { microBatch, recompute } = easedRecipe(run);
  if (microBatch > 1) return Math.ceil(microBatch / 2);
  return recompute ? null : 1;
}

/** What resume does, after the sentence that says that memory ran out. */
export function easedSentence(easedTo: number | null): string {
  if (easedTo === null)
    return 'It takes one film at a time already: close other programs before you resume, or choose a smaller model.';
  const films = easedTo === 1 ? 'one film at a time' : `at most ${easedTo} films at a time`;
  return `Resume goes on with ${films} and computes again what it does not keep: slower, in less memory, from the same effective batch.`;
}
