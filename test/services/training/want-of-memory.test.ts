/** @file What counts as want of memory, and what a run goes on with after it. */
import { expect, it } from 'vitest';

import {
  easedRecipe,
  easedSentence,
  nextEase,
  watchMemory,
} from '../../../main/services/training/want-of-memory.ts';
import type { RunRow } from '../../../main/store/runs.ts';
import { presetRecipe } from '../../../shared/domain/recipe.ts';

function runOf(microBatch: number, recompute: boolean, easedTo: number | null) {
  const recipe = { ...presetRecipe('quick', 'tiny'), batch: 8, microBatch, recompute };
  return { config: { recipe } as RunRow['config'], easedTo };
}

it('halves the films at once until one is left that computes again what it does not keep', () => {
  const taken: number[] = [];
  let run = runOf(8, false, null);
  for (let next = nextEase(run); next !== null; next = nextEase(run)) {
    taken.push(next);
    run = { ...run, easedTo: next };
  }
  expect(taken).toEqual([4, 2, 1]);
  expect(easedRecipe(run)).toMatchObject({ batch: 8, microBatch: 1, recompute: true });
  expect(easedSentence(nextEase(run))).toContain('smaller model');
  expect(nextEase(runOf(1, false, null))).toBe(1); // one film at a time, and less of it
  expect(nextEase(runOf(1, true, null))).toBeNull();
  expect(easedRecipe(runOf(8, false, null))).toMatchObject({ microBatch: 8, recompute: false });
});

it.each([
  ['the library gave up', { code: null, signal: 'SIGABRT' }, 'yes'],
  ['it gave up behind a shell', { code: 134, signal: null }, 'yes'],
  ['it gave up on Windows', { code: 0xc0000409, signal: null }, 'yes'],
  ['killed by somebody', { code: null, signal: 'SIGKILL' }, 'perhaps'],
  ['killed by the system, which counts it', { code: null, signal: 'SIGKILL', kills: 1 }, 'yes'],
  ['killed while next to nothing was free', { code: null, signal: 'SIGKILL', freeShare: 0.01 }, 'yes'],
  ['killed where the system counts nothing', { code: null, signal: 'SIGKILL', kills: null }, 'perhaps'],
  ['left by itself', { code: 1, signal: null, kills: 1, freeShare: 0.01 }, 'no'],
  ['crashed', { code: null, signal: 'SIGSEGV' }, 'no'],
] as const)('%s', (_, end, said) => {
  const { code, signal, kills = 0, freeShare = 0.5 } = { kills: 0, freeShare: 0.5, ...end };
  let now: { kills: number | null; freeShare: number } = { kills: kills === null ? null : 0, freeShare: 0.5 };
  const watch = watchMemory({ kills: () => now.kills, freeShare: () => now.freeShare });
  now = { kills, freeShare };
  watch.look();
  now = { ...now, freeShare: 0.9 }; // the process is gone, and what it held with it
  expect(watch.ranOut(code, signal)).toBe(said);
});
