/** @file Model picture ↔ film mapping: the token under a point of the film is the token that saw it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { filmToModel, MODEL_SIDE, modelToFilm, tokenBox, uprightSize } from '../../shared/domain/geometry.ts';
import { areaAverage } from '../../shared/domain/resample.ts';

const side = fc.integer({ min: 1, max: 6000 });

it('there and back is the same point', () => {
  fc.assert(
    fc.property(side, side, fc.double({ min: 0, max: 224, noNaN: true }), (rows, cols, x) => {
      const film = modelToFilm(x, 224 - x, rows, cols);
      const back = filmToModel(film.x, film.y, rows, cols);
      expect(back.x).toBeCloseTo(x, 6);
      expect(back.y).toBeCloseTo(224 - x, 6);
    }),
    { seed: 1 },
  );
});

it('a bright spot of the film lands where the mapping says, within one pixel at 224', () => {
  for (const [rows, cols, row, col] of [
    [500, 300, 77, 211],
    [224, 224, 10, 20],
    [96, 1000, 50, 999],
  ] as const) {
    const film = new Float32Array(rows * cols);
    film[row * cols + col] = 1000;
    const model = areaAverage(film, cols, rows, MODEL_SIDE, MODEL_SIDE);
    const at = model.indexOf(Math.max(...model));
    const expected = filmToModel(col + 0.5, row + 0.5, rows, cols);
    expect(Math.abs((at % MODEL_SIDE) + 0.5 - expected.x)).toBeLessThanOrEqual(
      Math.max(1, MODEL_SIDE / cols),
    );
    expect(Math.abs(Math.floor(at / MODEL_SIDE) + 0.5 - expected.y)).toBeLessThanOrEqual(
      Math.max(1, MODEL_SIDE / rows),
    );
  }
});

it('tokens tile the film', () => {
  const last = tokenBox(13, 13, 14, 2000, 1400);
  expect(last.x + last.width).toBeCloseTo(1400, 9);
  expect(last.y + last.height).toBeCloseTo(2000, 9);
});

it('tall pixels make a tall picture', () => {
  expect(uprightSize(144, 288, 2)).toEqual({ width: 288, height: 288 });
  expect(uprightSize(100, 50, NaN)).toEqual({ width: 50, height: 100 });
});
