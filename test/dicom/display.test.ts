/** @file The film on screen against dcmtk's dcmj2pnm, polarity, default windows, model pictures, thumbnails. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { luminance } from '../../main/dicom/colour.ts';
import { displayImage, encodePng, lowResolution, modelImage, thumbnail } from '../../main/dicom/render.ts';
import { areaAverage } from '../../shared/domain/resample.ts';
import { differences, film, fixture, golden, readPnm } from './fixtures.ts';

describe('as displayed', () => {
  const shown = golden.flatMap(([name, { display, window }]) =>
    display === undefined ? [] : [{ name, display, window }],
  );

  it.each(shown)('$name equals dcmtk within one grey level', async ({ name, display, window }) => {
    const voi = window && ({ kind: 'window', function: 'LINEAR', ...window } as const);
    const picture = displayImage(await film(`good/${name}`), voi && { voi });
    expect(differences(picture, readPnm(fixture(`display/${display}`)).grey).max).toBeLessThanOrEqual(1);
  });

  it('every film has a golden picture but the two that dcmtk cannot decode and no lossless film stands for', () => {
    const without = golden.flatMap(([name, { display }]) => (display === undefined ? [name] : []));
    expect(without.sort()).toEqual(['htj2k-lossy.dcm', 'j2k-lossy.dcm']);
  });

  it('MONOCHROME1 looks like the MONOCHROME2 film that it was made from', async () => {
    const one = await film('good/mono1-12bit.dcm');
    expect(one.invert).toBe(true);
    const two = displayImage(await film('good/mono2-12bit.dcm'));
    expect(differences(displayImage(one), two).max).toBeLessThanOrEqual(1);
  });

  it('another of the film’s windows gives another picture', async () => {
    const many = await film('good/voi-multi-window.dcm');
    const second = many.voiLuts[1];
    if (second === undefined) throw new Error('the fixture has three windows');
    expect(differences(displayImage(many, { voi: second }), displayImage(many)).max).toBeGreaterThan(20);
  });

  it('a film without a window is neither dark for its hot pixels nor grey for its padding', async () => {
    const hot = await film('good/hot-pixels-nowindow.dcm');
    expect(hot.voiComputed).toBe(true);
    const picture = displayImage(hot);
    const mean = picture.reduce((sum, grey) => sum + grey, 0) / picture.length;
    expect(mean).toBeGreaterThan(60);
    expect(Math.max(...picture)).toBe(255);
    expect((await film('good/signed16-nowindow.dcm')).voiComputed).toBe(true);
  });
});

describe('YBR to grey', () => {
  it('is the luminance of the clipped RGB of PS3.3 C.7.6.3.1.2', () => {
    const samples = Uint8Array.of(76, 85, 255, 150, 44, 21, 29, 255, 107, 128, 128, 128, 255, 255, 255);
    // red, green, blue, grey; the last clips to (255, 121, 255).
    expect([...luminance(samples, 'ybr-full', 8)]).toEqual([76, 150, 29, 128, 176]);
    expect([...luminance(Uint8Array.of(16, 128, 128, 235, 128, 128), 'ybr-partial', 8)]).toEqual([0, 255]);
    expect([...luminance(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), 'rgb', 8)]).toEqual([76, 150, 29]);
  });
});

describe('model pictures', () => {
  it('224 is the displayed film averaged over the square; lower resolutions come from it', async () => {
    const tall = await film('good/nonsquare-pixels.dcm');
    const model = modelImage(tall);
    expect(model).toHaveLength(224 * 224);
    const film96 = await film('good/htj2k-lossless.dcm');
    const image224 = modelImage(film96);
    const whole = areaAverage(displayImage(film96), film96.cols, film96.rows, 224, 224);
    expect(differences(image224, whole).max).toBeLessThanOrEqual(0.5);
    for (const size of [112, 56, 28]) {
      const low = lowResolution(image224, size);
      expect(low).toHaveLength(size * size);
      expect(differences(low, areaAverage(image224, 224, 224, size, size)).max).toBeLessThanOrEqual(0.5);
    }
  });
});

describe('PNG', () => {
  it('holds the grey values as they are', async () => {
    const grey = Uint8Array.from({ length: 256 }, (_, index) => index);
    const png = await encodePng(grey, 32, 8);
    const { width, height, channels, depth } = await sharp(png).metadata();
    expect([width, height, channels, depth]).toEqual([32, 8, 1, 'uchar']);
    const data = await sharp(png).toColourspace('b-w').raw().toBuffer();
    expect([...data]).toEqual([...grey]);
  });

  it('a thumbnail has square pixels, its long side as asked and is never enlarged', async () => {
    const tall = await sharp(await thumbnail(await film('good/nonsquare-pixels.dcm'), 64)).metadata();
    expect([tall.width, tall.height]).toEqual([32, 64]);
    const small = await sharp(await thumbnail(await film('good/explicit-le.dcm'), 500)).metadata();
    expect([small.width, small.height]).toEqual([96, 96]);
  });
});
