/** @file The file of a preview: there and back, no words of the film in it, nothing from a damaged one. */
import { expect, it } from 'vitest';

import type { ViewerFrame } from '../../../main/dicom/viewer-frame.ts';
import { packPreview, unpackPreview } from '../../../main/services/import/preview-file.ts';

const FRAME: ViewerFrame = {
  elementType: 'uint16',
  minStored: 3,
  maxStored: 4000,
  invert: true,
  modalityLut: { kind: 'table', first: 0, bits: 12, entries: [1, 2, 3], explanation: 'Doe^Jane' },
  voiLuts: [
    { kind: 'window', center: 2000, width: 3000, function: 'SIGMOID', explanation: 'Doe^Jane' },
    { kind: 'table', first: 1, bits: 8, entries: [0, 255], explanation: 'Doe^Jane' },
  ],
  spacing: { row: 0.1, col: 0.2, source: 'detector' },
  pixelAspect: 0.5,
  bytes: Uint8Array.of(1, 2),
  colour: null,
  colourPeak: 255,
  overlays: [],
};
const PICTURE = Uint8Array.of(0xff, 0xd8, 0x0a, 0xff, 0xd9);

it('comes back as it was, without the words of the film', () => {
  const file = packPreview(FRAME, { rows: 5000, cols: 4000, frames: 2 }, PICTURE);
  const preview = unpackPreview(file);
  expect(preview?.picture).toEqual(PICTURE);
  expect(preview?.film).toEqual({
    rows: 5000,
    cols: 4000,
    frames: 2,
    elementType: 'uint16',
    minStored: 3,
    maxStored: 4000,
    invert: true,
    modalityLut: { kind: 'table', first: 0, bits: 12, entries: [1, 2, 3] },
    voiLuts: [
      { kind: 'window', center: 2000, width: 3000, function: 'SIGMOID' },
      { kind: 'table', first: 1, bits: 8, entries: [0, 255] },
    ],
    spacing: { row: 0.1, col: 0.2, source: 'detector' },
    pixelAspect: 0.5,
  });
  expect(Buffer.from(file).includes('Doe')).toBe(false);
});

it('a file of another version, a damaged or an empty one is none', () => {
  const file = packPreview(FRAME, { rows: 10, cols: 10, frames: 1 }, PICTURE);
  const text = Buffer.from(file).toString('latin1');
  const other = Buffer.from(text.replace('chestlight-preview/1', 'chestlight-preview/0'), 'latin1');
  const wrong = Buffer.from(text.replace('"rows":10', '"rows":"x"'), 'latin1');
  for (const broken of [other, wrong, file.subarray(0, 20), file.subarray(7), new Uint8Array()]) {
    expect(unpackPreview(broken)).toBeNull();
  }
});
