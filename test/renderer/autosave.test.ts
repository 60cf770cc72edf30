/** @file Autosave: one version on its way, the same one again after a lost answer, nothing called saved before the host said so. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import {
  Autosave,
  LONGEST_MS,
  PAUSE_MS,
  type Failure,
  type Kept,
  type SaveStatus,
} from '../../renderer/src/state/autosave.ts';

interface Sent {
  readonly said: string;
  readonly id: string;
  readonly after: number;
  readonly answer: (kept: Kept) => void;
  readonly fail: (error: Error) => void;
}

function desk(after = 0) {
  const sent: Sent[] = [];
  const statuses: SaveStatus[] = [];
  const refused: string[] = [];
  const kept: string[] = [];
  let ids = 0;
  const autosave = new Autosave<string, Kept>(after, {
    send: (said, id, before) =>
      new Promise((answer, fail) => sent.push({ said, id, after: before, answer, fail })),
    newId: () => `v${++ids}`,
    onStatus: (status) => statuses.push(status),
    onKept: (said) => kept.push(said),
    onRefused: (said) => refused.push(said) > 0,
    failure: (error) => (error as Error).message as Failure,
  });
  return { autosave, sent, statuses, refused, kept };
}
const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('sends what was said last after a pause, and says saved only after the answer', async () => {
  const { autosave, sent, statuses, kept } = desk();
  autosave.put('a');
  autosave.put('ab');
  await vi.advanceTimersByTimeAsync(PAUSE_MS - 1);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent.map(({ said, id, after }) => [said, id, after])).toEqual([['ab', 'v1', 0]]);
  expect(statuses.every(({ state }) => state === 'saving')).toBe(true);
  expect(autosave.isUnsaved).toBe(true);
  sent[0]?.answer({ newest: 1, savedAt: 42 });
  await settle();
  expect(statuses.at(-1)).toEqual({ state: 'saved', at: 42 });
  expect(autosave.isUnsaved).toBe(false);
  expect(kept).toEqual(['ab']);
});

it('does not wait for a pause that never comes: at the latest within a second', async () => {
  const { autosave, sent } = desk();
  for (let at = 0; at < LONGEST_MS; at += 100) {
    autosave.put(`typed ${at}`);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(sent).toHaveLength(1);
  expect(LONGEST_MS).toBeLessThan(1000);
});

it('has one version on its way, and sends the next after it', async () => {
  const { autosave, sent, statuses } = desk(7);
  autosave.put('first');
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  autosave.put('second');
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(sent.map(({ said, after }) => [said, after])).toEqual([['first', 7]]);
  sent[0]?.answer({ newest: 8, savedAt: 1 });
  await settle();
  // the newer one is still on its way: nothing is called saved
  expect(statuses.at(-1)?.state).toBe('saving');
  expect(sent.map(({ said, after }) => [said, after])).toEqual([
    ['first', 7],
    ['second', 8],
  ]);
});

it('sends the same version again when no answer came, then what was said since', async () => {
  const { autosave, sent, statuses } = desk();
  autosave.put('first');
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  sent[0]?.fail(new Error('retry'));
  await settle();
  expect(statuses.at(-1)).toMatchObject({ state: 'failed', failure: 'retry' });
  autosave.put('second');
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent.map(({ said, id }) => [said, id])).toEqual([
    ['first', 'v1'],
    ['first', 'v1'],
  ]);
  sent[1]?.answer({ newest: 1, savedAt: 1 });
  await settle();
  expect(sent[2]).toMatchObject({ said: 'second', id: 'v2', after: 1 });
});

it('flush sends at once and says whether all is kept', async () => {
  const { autosave, sent } = desk();
  autosave.put('now');
  const done = autosave.flush();
  await settle();
  sent[0]?.answer({ newest: 1, savedAt: 1 });
  expect(await done).toBe(true);
  autosave.put('later');
  const failed = autosave.flush();
  await settle();
  sent[1]?.fail(new Error('retry'));
  expect(await failed).toBe(false);
  expect(autosave.isUnsaved).toBe(true);
});

it('gives up what the host refuses, and is unsaved until something is kept again', async () => {
  const { autosave, sent, refused } = desk();
  autosave.put('wrong');
  const flushed = autosave.flush();
  await settle();
  sent[0]?.fail(new Error('refused'));
  expect(await flushed).toBe(false);
  expect(refused).toEqual(['wrong']);
  autosave.put('right');
  const again = autosave.flush();
  await settle();
  expect(sent[1]).toMatchObject({ said: 'right', id: 'v2', after: 0 });
  sent[1]?.answer({ newest: 1, savedAt: 1 });
  expect(await again).toBe(true);
});

it('sends nothing more once the film stands otherwise than it thought', async () => {
  const { autosave, sent, statuses } = desk();
  autosave.put('mine');
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  sent[0]?.fail(new Error('stuck'));
  await settle();
  autosave.put('more');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toHaveLength(1);
  expect(statuses.at(-1)).toMatchObject({ state: 'failed', failure: 'stuck' });
});
