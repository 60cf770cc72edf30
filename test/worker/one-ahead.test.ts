/** @file The next input is begun before the one before is handed out; nothing is lost or made twice, failures arrive. */
import { expect, it } from 'vitest';

import { oneAhead } from '../../main/worker/one-ahead.ts';

it('hands out in order what it has begun one ahead', async () => {
  const begun: number[] = [];
  const seen: string[] = [];
  const make = (item: number): Promise<string> => {
    begun.push(item);
    return Promise.resolve(`made ${item}`);
  };
  for await (const { item, made } of oneAhead([1, 2, 3], make)) {
    seen.push(made);
    expect(begun).toEqual([1, 2, 3].slice(0, Math.min(3, item + 1)));
  }
  expect(seen).toEqual(['made 1', 'made 2', 'made 3']);
});

it('throws a failure when its turn has come, and none that nobody waited for', async () => {
  const make = (item: number): Promise<number> =>
    item === 2 ? Promise.reject(new Error('broken')) : Promise.resolve(item);
  const seen: number[] = [];
  const read = async (): Promise<void> => {
    for await (const { made } of oneAhead([1, 2, 3], make)) seen.push(made);
  };
  await expect(read()).rejects.toThrow('broken');
  expect(seen).toEqual([1]);
  for await (const { made } of oneAhead([1, 2], make)) {
    expect(made).toBe(1);
    break; // the failure of 2 is nobody's
  }
});

it('does nothing for no items', async () => {
  let made = 0;
  for await (const _ of oneAhead([], () => Promise.resolve((made += 1)))) made += 10;
  expect(made).toBe(0);
});
