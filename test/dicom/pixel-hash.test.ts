/** @file Duplicates are told by what is seen: every frame counts, other UIDs and unreadable frames do not hide it. */
import { expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { pixelHash } from '../../main/dicom/render.ts';
import { film, madeFile } from './fixtures.ts';

const hashOf = async (pixels: readonly number[], frames: number) =>
  pixelHash(
    await readFilm(
      madeFile({
        photometric: 'MONOCHROME2',
        rows: 1,
        cols: 2,
        bits: 8,
        frames,
        pixels: Uint8Array.from(pixels),
      }),
      'frames.dcm',
    ),
  );

it('films that differ in a later frame alone are two films', async () => {
  const one = await hashOf([1, 2, 3, 4, 5, 6], 3);
  expect(await hashOf([1, 2, 3, 4, 5, 6], 3)).toBe(one);
  expect(await hashOf([1, 2, 3, 4, 5, 7], 3)).not.toBe(one);
  expect(await hashOf([1, 2, 3, 4], 2)).not.toBe(one);
  expect(await hashOf([1, 2], 1)).not.toBe(one);
});

it('a film of one frame has the hash that libraries hold', async () => {
  expect(pixelHash(await film('good/explicit-le.dcm'))).toBe(
    '925a1cf6bc61c72a869489d229f8f2791e5a3cc339485a533ce9c538278938df',
  );
});
