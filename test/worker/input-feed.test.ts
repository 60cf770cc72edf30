/** @file Inputs made in a thread are those made here; a thread that is gone is told, and nothing waits for ever. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import { InputFeed } from '../../main/worker/input-feed.ts';

const size = 224;
let dir: string;
let films: FilmSet;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-feed-'));
  const plan = Array.from({ length: 4 }, (_, index) => {
    const image = join(dir, `${index}.grey`);
    const bytes = Uint8Array.from({ length: size * size }, (__, at) => (at * (index + 3)) % 251);
    writeFileSync(image, bytes);
    return {
      filmId: `${index}`,
      patient: `${index}`,
      part: 'train' as const,
      image,
      t1: [1 as const],
      t2: null,
    };
  });
  films = await FilmSet.load(plainVault(), plan, 1, size);
});
afterAll(() => rmSync(dir, { recursive: true }));

const input = { resolution: 56, side: size, reduce: 'area', upsample: 'bilinear' } as const;

it.each([1, 3])(
  '%i threads give the same inputs as the main thread, each to whoever asked',
  async (threads) => {
    const feed = new InputFeed(films, input, { threads });
    const asked = [
      [Uint32Array.of(2, 0), null],
      [Uint32Array.of(1), 5],
      [Uint32Array.of(3, 1), 6],
    ] as const;
    const made = await Promise.all(asked.map(([indices, view]) => feed.images(indices, view)));
    asked.forEach(([indices, view], at) => expect(made[at]).toEqual(films.images(indices, input, view)));
    expect(made[1]).not.toEqual(films.images(Uint32Array.of(1), input, null)); // views do change a film
    feed.dispose();
  },
);

it('refuses whoever waits for a thread that has ended, and whoever comes later', async () => {
  const feed = new InputFeed(films, input);
  const waiting = feed.images(Uint32Array.of(0, 1, 2, 3), 1);
  feed.dispose();
  await expect(waiting).rejects.toThrow('has ended');
  await expect(feed.images(Uint32Array.of(0), null)).rejects.toThrow('has ended');
});

it('tells of films that are not there', async () => {
  const feed = new InputFeed(films, input);
  await expect(feed.images(Uint32Array.of(9), null)).rejects.toThrow();
  feed.dispose();
});
