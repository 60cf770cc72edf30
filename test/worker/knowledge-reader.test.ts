/** @file A teacher's answers are read in the thread that makes inputs: as they are on disk, while the main thread stands still, in bounded memory. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openVault } from '../../main/files/sealed-vault.ts';
import type { LibraryAccess } from '../../main/files/vault.ts';
import { readRecord, recordLayout, writeRecord } from '../../main/numeric/knowledge/view-record.ts';
import { vitConfig, type VitConfig } from '../../main/numeric/vit/config.ts';
import { InputFeed } from '../../main/worker/input-feed.ts';
import { SHARD_FILMS, shardFile, type KnowledgeSource } from '../../main/worker/knowledge-reader.ts';

const SIDE = 4;
const input = { resolution: SIDE, side: SIDE, reduce: 'area', upsample: 'bilinear' } as const;

let dir: string;
let feed: InputFeed | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-knowledge-'));
});
afterEach(() => {
  feed?.dispose();
  feed = null;
  rmSync(dir, { recursive: true });
});

/** Value `at` of what the teacher says of the film at `place`: a half, exactly. */
const said = (place: number, at: number): number => ((place * 31 + at) % 1024) / 64;

/** A cache of the logits and one of all blocks for `count` films, which stand in the set from behind. */
async function cache(
  config: VitConfig,
  count: number,
  access: LibraryAccess | null = null,
): Promise<KnowledgeSource> {
  const vault = openVault(access);
  const parts = (['none', 'blocks'] as const).map((feature) => ({
    dir: join(dir, feature),
    feature,
    layout: recordLayout(config, feature, feature === 'none'),
  }));
  for (const part of parts) mkdirSync(part.dir);
  const longest = Math.max(...parts.map(({ layout }) => layout.feature));
  const wave = Float32Array.from({ length: longest + 1024 }, (_, at) => said(0, at));
  for (let shard = 0; shard * SHARD_FILMS < count; shard += 1) {
    const films = Math.min(SHARD_FILMS, count - shard * SHARD_FILMS);
    for (const { dir: folder, layout } of parts) {
      const bytes = new ArrayBuffer(films * layout.bytes);
      for (let film = 0; film < films; film += 1) {
        const place = shard * SHARD_FILMS + film;
        const begin = (place * 31) % 1024;
        const values = (length: number) => wave.subarray(begin, begin + length);
        const record = {
          t1: values(layout.t1),
          t2: values(layout.t2),
          feature: layout.feature === 0 ? null : values(layout.feature),
        };
        writeRecord(bytes, film * layout.bytes, layout, record);
      }
      await vault.write(shardFile(folder, 0, shard), new Uint8Array(bytes));
    }
  }
  const films = Uint32Array.from({ length: count }, (_, place) => count - 1 - place);
  return { parts, films, access };
}

function feedOf(source: KnowledgeSource, threads = 1): InputFeed {
  const pixels = new Uint8Array(new SharedArrayBuffer(source.films.length * SIDE ** 2)).fill(51);
  feed = new InputFeed({ pixels, size: SIDE }, input, { knowledge: source, threads });
  return feed;
}

const tiny = vitConfig('tiny', { t1Units: 3 });

describe.each([1, 3])('%i threads', (threads) => {
  it.each(['plain', 'encrypted'] as const)('gives what is in the cache, %s', async (how) => {
    const count = SHARD_FILMS + 3;
    const access = how === 'plain' ? null : { root: dir, key: new Uint8Array(32).fill(7) };
    const source = await cache({ ...tiny, depth: 1 }, count, access);
    const layout = source.parts[1]?.layout;
    if (layout === undefined) throw new Error('no blocks');
    const asked = [Uint32Array.of(0, count - 1), Uint32Array.of(2), Uint32Array.of(1, 5, 9)];
    const from = feedOf(source, threads);
    const made = await Promise.all(asked.map((films) => from.batch(films, null)));
    made.forEach(({ images, teacher }, at) => {
      const films = asked[at] ?? new Uint32Array();
      const all = (each: number) =>
        Float32Array.from({ length: films.length * each }, (_, value) =>
          said(count - 1 - (films[Math.floor(value / each)] ?? 0), value % each),
        );
      expect(images).toEqual(new Float32Array(films.length * SIDE ** 2).fill(0.2));
      expect(teacher?.t1).toEqual(all(3));
      expect(teacher?.t2).toEqual(all(2));
      expect(teacher?.feature).toEqual(all(layout.feature));
    });
    if (how === 'plain') return;
    const raw = readFileSync(shardFile(source.parts[0]?.dir ?? '', 0, 0));
    expect(readRecord(new Uint8Array(raw).buffer, 0, recordLayout(tiny, 'none')).t1).not.toEqual(
      Float32Array.from([0, 1, 2], (at) => said(0, at)),
    );
  });
});

it('says why there is nothing: the system’s code, a film without answers, a shard that is cut off', async () => {
  const source = await cache({ ...tiny, depth: 1 }, 2);
  const path = shardFile(source.parts[1]?.dir ?? '', 0, 0);
  const from = feedOf({ ...source, films: Uint32Array.of(0, 1) });
  truncateSync(path, 100);
  await expect(from.batch(Uint32Array.of(1), null)).rejects.toThrow('is cut off');
  unlinkSync(path);
  await expect(from.batch(Uint32Array.of(1), null)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(from.batch(Uint32Array.of(2), null)).rejects.toThrow('no knowledge of the film at position 2');
  expect((await from.images(Uint32Array.of(0), null)).length).toBe(SIDE ** 2); // the thread is there still
});

/** Bytes that this process has read so far (proc_pid_io(5)). */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);
}

const counts = process.platform === 'linux';

it.skipIf(!counts)('reads the next batch while the main thread is kept by a step', async () => {
  const source = await cache(tiny, SHARD_FILMS);
  const each = source.parts.reduce((sum, { layout }) => sum + layout.bytes, 0);
  const from = feedOf(source);
  await from.batch(Uint32Array.of(0), null);
  const before = bytesRead();
  const coming = from.batch(source.films.subarray(0, 16), null);
  const clock = new Int32Array(new SharedArrayBuffer(4));
  let turns = 0;
  while (bytesRead() - before < 16 * each && turns < 3000) {
    Atomics.wait(clock, 0, 0, 20); // no promise of this thread comes on meanwhile
    turns += 1;
  }
  expect(turns).toBeLessThan(3000);
  expect((await coming).teacher?.t1).toHaveLength(16 * 3);
});

it.skipIf(!counts)('holds what was asked for, however large the cache is', { timeout: 120_000 }, async () => {
  const films = 2 * SHARD_FILMS;
  const source = await cache(tiny, films); // 0.9 MB a film
  const each = source.parts.reduce((sum, { layout }) => sum + layout.bytes, 0);
  const from = feedOf(source);
  const epoch = async (): Promise<void> => {
    for (let start = 0; start < films; start += 8) {
      const { teacher } = await from.batch(source.films.subarray(start, start + 8), null);
      expect(teacher?.feature?.length).toBe((8 * (each - 20)) / 2);
    }
  };
  await epoch();
  const before = process.memoryUsage().rss;
  const read = bytesRead();
  let most = 0;
  for (let turn = 0; turn < 8; turn += 1) {
    await epoch();
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(bytesRead() - read).toBeGreaterThan(400e6);
  expect(most).toBeLessThan(150e6);
});
