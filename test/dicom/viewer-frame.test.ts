/** @file What the viewer gets shows the same picture as the pipeline itself. */
import sharp from 'sharp';
import { expect, it } from 'vitest';

import { paletteColours, screenColours } from '../../main/dicom/colour.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { displayImage } from '../../main/dicom/render.ts';
import { viewerFrame, type ElementType, type ViewerFrame } from '../../main/dicom/viewer-frame.ts';
import { applyDisplayLut, buildDisplayLut } from '../../shared/domain/lut.ts';
import { differences, film } from './fixtures.ts';

/** The viewer's side: bytes → values → table over the frame's own range → grey. */
function asViewed(frame: ViewerFrame): Uint8Array {
  const buffer = new Uint8Array(frame.bytes).buffer;
  const views: Readonly<Record<ElementType, ArrayLike<number>>> = {
    uint8: new Uint8Array(buffer),
    int8: new Int8Array(buffer),
    uint16: buffer.byteLength % 2 === 0 ? new Uint16Array(buffer) : [],
    int16: buffer.byteLength % 2 === 0 ? new Int16Array(buffer) : [],
  };
  const [voi] = frame.voiLuts;
  if (voi === undefined) throw new Error('a frame has a VOI LUT');
  const chain = { modality: frame.modalityLut, voi, invert: frame.invert };
  return applyDisplayLut(buildDisplayLut(chain, frame.minStored, frame.maxStored), views[frame.elementType]);
}

it.each([
  ['explicit-be.dcm', 'uint16'],
  ['mono1-12bit.dcm', 'uint16'],
  ['signed12.dcm', 'int16'],
  ['bits8.dcm', 'uint8'],
  ['rgb-secondary-capture.dcm', 'uint8'],
  ['palette-grey.dcm', 'uint8'],
  ['voi-lut-sequence.dcm', 'uint16'],
  ['modality-lut-sequence.dcm', 'uint16'],
])('%s', async (name, elementType) => {
  const read = await film(`good/${name}`);
  const frame = viewerFrame(read, 0);
  expect(frame.elementType).toBe(elementType);
  expect(differences(asViewed(frame), displayImage(read)).max).toBe(0);
});

it('the second frame is the second frame', async () => {
  const read = await film('good/multiframe2.dcm');
  expect(differences(asViewed(viewerFrame(read, 1)), displayImage(read, { frame: 1 })).max).toBe(0);
  expect(() => viewerFrame(read, 2)).toThrow(RangeError);
});

it('a film stored in colours of grey is a grey film', async () => {
  for (const name of ['rgb-secondary-capture.dcm', 'palette-grey.dcm', 'mono2-12bit.dcm']) {
    expect(viewerFrame(await film(`good/${name}`), 0).colour, name).toBeNull();
  }
});

it('a colour picture keeps its colours, of which the grey is the luminance', async () => {
  const pixels = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 40, 50, 200]);
  const png = await sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } })
    .png()
    .toBuffer();
  const frame = viewerFrame(await readFilm(png, 'colour.png'), 0);
  expect([...(frame.colour ?? [])]).toEqual([...pixels]);
  expect([...frame.bytes]).toEqual([76, 150, 29, 64]);
});

it('YBR, 16-bit and palette samples become the red, green, blue that they mean', () => {
  // Red, green, blue in YBR_FULL (ITU-R BT.601), and 16-bit samples scaled to 8.
  const ybr = Uint8Array.of(76, 85, 255, 150, 44, 21, 29, 255, 107);
  const rgb = [...(screenColours(ybr, 'ybr-full', 8) ?? [])];
  const wanted = [255, 0, 0, 0, 255, 0, 0, 0, 255];
  expect(Math.max(...rgb.map((value, at) => Math.abs(value - (wanted[at] ?? 0))))).toBeLessThanOrEqual(2);
  expect([...(screenColours(Uint16Array.of(65_535, 0, 32_896), 'rgb', 16) ?? [])]).toEqual([255, 0, 128]);
  const palette = { first: 10, grey: Uint8Array.of(76, 150), colours: Uint8Array.of(255, 0, 0, 0, 255, 0) };
  expect([...(paletteColours(Uint8Array.of(11, 10, 0, 99), palette) ?? [])]).toEqual([
    0, 255, 0, 255, 0, 0, 255, 0, 0, 0, 255, 0,
  ]);
});
