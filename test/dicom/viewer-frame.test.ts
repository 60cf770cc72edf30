/** @file What the viewer gets shows the same picture as the pipeline itself. */
import sharp from 'sharp';
import { expect, it } from 'vitest';

import { paletteColours, screenColours } from '../../main/dicom/colour.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { displayImage } from '../../main/dicom/render.ts';
import { viewerFrame, type ElementType, type ViewerFrame } from '../../main/dicom/viewer-frame.ts';
import { applyDisplayLut, buildDisplayLut } from '../../shared/domain/lut.ts';
import { channelTable } from '../../renderer/src/viewer/grey-table.ts';
import { differences, film, madeFile } from './fixtures.ts';

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

it.each([8, 16] as const)('colours of %d bits are shown as they are, and inverted', async (bits) => {
  const peak = 2 ** bits - 1;
  const colours = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0.5, 0.25].map((share) => Math.round(share * peak));
  const pixels = new Uint8Array(
    bits === 8 ? Uint8Array.from(colours) : new Uint8Array(Uint16Array.from(colours).buffer),
  );
  const film = await readFilm(
    madeFile({ photometric: 'RGB', rows: 2, cols: 2, bits, samples: 3, pixels }),
    'rgb.dcm',
  );
  const frame = viewerFrame(film, 0);
  const [voi] = frame.voiLuts;
  if (voi === undefined || frame.colour === null) throw new Error('a colour film has a window and colours');
  const shown = (inverted: boolean) => {
    const table = channelTable(frame.colourPeak, { voi, inverted });
    return Array.from(frame.colour ?? [], (value) => table[value]);
  };
  const expected = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 128, 64];
  expect(shown(false)).toEqual(expected);
  expect(shown(true)).toEqual(expected.map((value) => 255 - value));
});

it('uncompressed 4:2:2 of 16 bits keeps all of them', async () => {
  const words = Uint16Array.of(1000, 2000, 32768, 32768);
  const image = { photometric: 'YBR_FULL_422', rows: 1, cols: 2, bits: 16, samples: 3 };
  const film = await readFilm(madeFile({ ...image, pixels: new Uint8Array(words.buffer) }), 'ybr.dcm');
  expect([...film.frame(0)]).toEqual([1000, 32768, 32768, 2000, 32768, 32768]);
  expect([...film.grey(0)]).toEqual([1000, 2000]);
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
