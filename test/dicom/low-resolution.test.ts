/** @file Low-resolution films: area averages of the film's own pixels and of its 224-px picture are the same but for rounding. */
import { readdirSync, readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { readFilm, type DecodedFilm } from '../../main/dicom/film.ts';
import { displayImage, lowResolution, modelImage } from '../../main/dicom/render.ts';
import { areaAverage, toGreyBytes } from '../../shared/domain/resample.ts';

const SIDE = 448;

async function good(): Promise<[string, DecodedFilm][]> {
  const folder = new URL('../fixtures/dicom/good/', import.meta.url);
  const films: [string, DecodedFilm][] = [];
  for (const name of readdirSync(folder)) {
    films.push([name, await readFilm(new Uint8Array(readFileSync(new URL(name, folder))), name)]);
  }
  return films;
}

const most = (a: Uint8Array, b: Uint8Array): number =>
  Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? 0))));

it('of a made film of any size from 224 px on, at every resolution, to one grey level', () => {
  for (const [width, height] of [
    [SIDE, SIDE],
    [301, 517],
    [1000, 224],
  ] as const) {
    const film = Uint8Array.from({ length: width * height }, (_, at) => (at * 2654435761) >>> 24);
    const at224 = toGreyBytes(areaAverage(film, width, height, 224, 224));
    for (const side of [112, 56, 28]) {
      const own = toGreyBytes(areaAverage(film, width, height, side, side));
      expect(most(own, lowResolution(at224, side)), `${width} × ${height} at ${side}`).toBeLessThanOrEqual(1);
    }
  }
});

it('of real DICOM films, window and inversion included', async () => {
  let seen = 0;
  for (const [name, film] of await good()) {
    if (film.rows < 224 || film.cols < 224) continue; // enlarged to 224 px: no average
    seen += 1;
    for (const side of [112, 56, 28]) {
      const own = toGreyBytes(areaAverage(displayImage(film), film.cols, film.rows, side, side));
      expect(most(own, lowResolution(modelImage(film), side)), `${name} at ${side}`).toBeLessThanOrEqual(1);
    }
  }
  expect(seen).toBeGreaterThan(0);
});
