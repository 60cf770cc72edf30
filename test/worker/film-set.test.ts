/** @file Films of a plan: labels with unknowns, low-resolution input, and every way the plan can disagree with the files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { checkParts, FilmSet } from '../../main/worker/film-set.ts';
import { modelInput } from '../../main/worker/model-input.ts';
import type { PlanFilm } from '../../shared/worker/protocol.ts';

const dir = mkdtempSync(join(tmpdir(), 'chestlight-films-'));
afterAll(() => rmSync(dir, { recursive: true }));

const size = 8;
function film(id: string, change: Partial<PlanFilm> = {}, bytes = size * size): PlanFilm {
  const image = join(dir, `${id}.grey`);
  writeFileSync(
    image,
    Uint8Array.from({ length: bytes }, (_, i) => (i * 4 + id.length) % 256),
  );
  return { filmId: id, patient: `patient-${id}`, part: 'train', image, t1: [1, null], t2: null, ...change };
}

describe('a film set', () => {
  it('gives images and labels of the chosen films, unknown as NaN', async () => {
    const set = await FilmSet.load(
      plainVault(),
      [film('a'), film('b', { part: 'test', t1: [0, 1], t2: 1 })],
      2,
      size,
    );
    expect([...set.part('train')]).toEqual([0]);
    expect([...set.part('test')]).toEqual([1]);
    const chosen = Uint32Array.of(1, 0);
    const { t1, t2 } = set.labels(chosen);
    expect([...t1]).toEqual([0, 1, 1, Number.NaN]);
    expect([...t2]).toEqual([1, Number.NaN]);
    const input = { resolution: size, side: size, reduce: 'area', upsample: 'bilinear' } as const;
    expect(set.images(chosen, input)[1]).toBeCloseTo((set.image(1)[1] ?? 0) / 255, 7);
  });

  it.each([
    [
      'a patient in two parts',
      () => [film('c', { patient: 'p' }), film('d', { patient: 'p', part: 'test' })],
      'SPLIT_LEAKS',
    ],
    ['an image of the wrong size', () => [film('e', {}, 63)], 'INCOMPATIBLE'],
    ['labels that do not fit', () => [film('f', { t1: [1] })], 'INCOMPATIBLE'],
    ['a missing image', () => [film('g', { image: join(dir, 'absent') })], 'UNREADABLE_FILE'],
  ])('refuses %s', async (_, films, code) => {
    await expect(FilmSet.load(plainVault(), films(), 2, size)).rejects.toMatchObject({ code });
  });

  it('accepts a patient with several films in one part', () => {
    expect(() => checkParts([film('h', { patient: 'p' }), film('i', { patient: 'p' })])).not.toThrow();
  });
});

describe('model input', () => {
  const checker = Uint8Array.from(
    { length: size * size },
    (_, i) => (((i % size) + Math.floor(i / size)) % 2) * 255,
  );
  const at = (resolution: number, side = size) =>
    ({ resolution, side, reduce: 'area', upsample: 'bilinear' }) as const;
  it('is the film itself at full size', () => {
    expect([...modelInput(checker, size, at(size))]).toEqual([...checker].map((value) => value / 255));
  });
  it('has lost the detail below it: a checkerboard becomes flat grey, rounded to bytes', () => {
    const low = modelInput(checker, size, at(4));
    expect(new Set(low).size).toBe(1);
    expect([Math.fround(127 / 255), Math.fround(128 / 255)]).toContain(low[0]);
  });
  it('at a quarter is the mean of each 4 × 4 square in grey bytes, enlarged smoothly', () => {
    const film = Uint8Array.from({ length: size * size }, (_, i) => (i * 37) % 256);
    const square = [0, 1, 2, 3].flatMap((y) => [0, 1, 2, 3].map((x) => film[y * size + x] ?? 0));
    const mean = Math.floor(square.reduce((a, b) => a + b, 0) / 16 + 0.5);
    expect(modelInput(film, size, at(2))[0]).toBeCloseTo(mean / 255, 6); // corners are clamped
    expect([...modelInput(film, size, at(2, 2))]).toHaveLength(4);
    expect(modelInput(film, size, at(2, 2))[0]).toBeCloseTo(mean / 255, 6); // not enlarged for a model of that size
  });
  it('is enlarged as asked, and never leaves 0…1', () => {
    const film = Uint8Array.from({ length: size * size }, (_, i) =>
      Math.floor((i % size) / 4) === 0 ? 0 : 255,
    );
    const steps = (upsample: 'bilinear' | 'bicubic' | 'nearest') =>
      [...modelInput(film, size, { ...at(2), upsample })].slice(0, size);
    expect(steps('nearest')).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(steps('bilinear')[3]).toBeCloseTo(0.375, 6);
    expect(Math.min(...steps('bicubic'))).toBe(0);
    expect(Math.max(...steps('bicubic'))).toBe(1);
  });
  it('is made small as asked', () => {
    const film = Uint8Array.from({ length: size * size }, (_, i) => (i * 37) % 256);
    const low = (reduce: 'area' | 'bilinear' | 'nearest') =>
      Math.round((modelInput(film, size, { ...at(2, 2), reduce })[0] ?? 0) * 255);
    const pixel = (x: number, y: number) => film[y * size + x] ?? 0;
    // A quarter a side: area sees 4 × 4 pixels, bilinear the four in their middle, nearest the one behind the middle.
    const square = [0, 1, 2, 3].flatMap((y) => [0, 1, 2, 3].map((x) => pixel(x, y)));
    expect(low('area')).toBe(Math.floor(square.reduce((a, b) => a + b, 0) / 16 + 0.5));
    expect(low('bilinear')).toBe(
      Math.floor((pixel(1, 1) + pixel(2, 1) + pixel(1, 2) + pixel(2, 2)) / 4 + 0.5),
    );
    expect(low('nearest')).toBe(pixel(2, 2));
  });
  it('is refused for a model of a third size', () => {
    expect(() => modelInput(checker, size, at(4, 6))).toThrow(RangeError);
  });
});
