/** @file What the viewer gets shows the same picture as the pipeline itself. */
import { expect, it } from 'vitest';

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
