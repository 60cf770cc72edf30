/** @file Previews: which films have one, and that it is the film as displayed. */
import sharp from 'sharp';
import { expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { PREVIEW_FROM_PIXELS, previewPicture, wantsPreview } from '../../main/dicom/preview.ts';
import { displayImage } from '../../main/dicom/render.ts';
import { areaAverage, toGreyBytes } from '../../shared/domain/resample.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';
import { differences, film } from './fixtures.ts';

it('is the displayed film, 1600 pixels on its long side', async () => {
  const pixel = (row: number, col: number): number =>
    Math.round(2000 + 1500 * Math.sin(row / 150) * Math.cos(col / 90));
  const large = await readFilm(tinyDicom({ rows: 2500, cols: 2000, pixel }), 'large.dcm');
  expect(large.rows * large.cols).toBeGreaterThan(PREVIEW_FROM_PIXELS);
  expect(wantsPreview(large)).toBe(true);
  const picture = await previewPicture(large);
  const { width, height, format, space } = await sharp(picture).metadata();
  expect([width, height, format, space]).toEqual([1280, 1600, 'jpeg', 'b-w']);
  const greys = new Uint8Array(await sharp(picture).toColourspace('b-w').raw().toBuffer());
  const wanted = toGreyBytes(areaAverage(displayImage(large), 2000, 2500, 1280, 1600));
  expect(differences(greys, wanted).max).toBeLessThanOrEqual(6);
});

it('is not made of small films and of films in colour', async () => {
  expect(wantsPreview(await film('good/mono2-12bit.dcm'))).toBe(false);
  const colour = sharp({ create: { width: 2600, height: 2000, channels: 3, background: '#c82828' } });
  expect(wantsPreview(await readFilm(await colour.png().toBuffer(), 'red.png'))).toBe(false);
});
