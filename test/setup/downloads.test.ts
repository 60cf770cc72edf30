/** @file Nothing downloaded is used before its checksum is verified, and an interrupted download leaves nothing behind. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { setupModule } from './setup-module.ts';

interface Wheel {
  readonly file: string;
  readonly sha256: string;
}
type Fetch = (wheel: Wheel, folder: string) => void;

const { fetchWheel } = await setupModule<{
  fetchWheel: (wheel: Wheel, folder: string, fetch: Fetch) => Promise<string>;
}>('downloads');
const { sweepPartials, partialName } = await setupModule<{
  sweepPartials: (folder: string) => void;
  partialName: (name: string) => string;
}>('sweep');
const { wheelsFor } = await setupModule<{
  wheelsFor: (
    platform: string,
    arch: string,
    gpu: boolean,
  ) => { device: string; wheels: readonly (Wheel & { name: string })[] } | null;
}>('wheels');

const content = 'the wheel';
const wheel: Wheel = { file: 'a-1.whl', sha256: createHash('sha256').update(content).digest('hex') };
const fetching =
  (text: string): Fetch =>
  (one, folder) =>
    writeFileSync(join(folder, one.file), text);
const unexpected: Fetch = () => {
  throw new Error('must not be fetched again');
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chestlight-downloads-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('fetches, verifies and keeps a wheel; the next run takes the kept one', async () => {
  const path = await fetchWheel(wheel, folder, fetching(content));
  expect(readFileSync(path, 'utf8')).toBe(content);
  expect(readdirSync(folder)).toEqual(['a-1.whl']);
  expect(await fetchWheel(wheel, folder, unexpected)).toBe(path);
});

it('refuses a wheel with another checksum, keeps nothing of it, and says both checksums', async () => {
  const refused = fetchWheel(wheel, folder, fetching('something else'));
  await expect(refused).rejects.toThrow(new RegExp(`expected ${wheel.sha256}`));
  expect(readdirSync(folder)).toEqual([]);
});

it('never uses a kept wheel that has changed since: it is fetched anew', async () => {
  const path = join(folder, wheel.file);
  writeFileSync(path, 'tampered');
  await expect(fetchWheel(wheel, folder, fetching('tampered too'))).rejects.toThrow(/not used/);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, 'tampered');
  expect(readFileSync(await fetchWheel(wheel, folder, fetching(content)), 'utf8')).toBe(content);
});

it('leaves nothing half-done when the download breaks off', async () => {
  const broken: Fetch = (one, place) => {
    writeFileSync(join(place, one.file), 'the wh');
    throw new Error('connection lost');
  };
  await expect(fetchWheel(wheel, folder, broken)).rejects.toThrow('connection lost');
  expect(readdirSync(folder)).toEqual([]);
});

it('clears what a killed download left, and nothing of a living one', async () => {
  const dead = join(folder, 'wheel.partial-999999999');
  const living = join(folder, `wheel.partial-${process.ppid}`);
  for (const place of [dead, living]) mkdirSync(place);
  await fetchWheel(wheel, folder, fetching(content));
  expect(readdirSync(folder).sort()).toEqual(['a-1.whl', `wheel.partial-${process.ppid}`]);
  expect(partialName('x')).toBe(`x.partial-${process.pid}`);
  expect(() => sweepPartials(join(folder, 'absent'))).not.toThrow();
});

it('pins a SHA-256 for every wheel, and has none where no checksum is known', () => {
  for (const [platform, arch, gpu, device, count] of [
    ['linux', 'x64', false, 'cpu', 1],
    ['linux', 'x64', true, 'gpu', 13],
    ['linux', 'arm64', true, 'cpu', 1],
    ['darwin', 'arm64', false, 'cpu', 1],
  ] as const) {
    const found = wheelsFor(platform, arch, gpu);
    expect(found?.device).toBe(device);
    expect(found?.wheels).toHaveLength(count);
    for (const one of found?.wheels ?? []) expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(found?.wheels.map((one) => one.sha256)).size).toBe(count);
  }
  expect(wheelsFor('win32', 'x64', true)).toBeNull();
  expect(wheelsFor('darwin', 'x64', false)).toBeNull();
});
