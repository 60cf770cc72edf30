/** @file An enhanced film may give each frame its own window and rescale (PS3.3 C.7.6.16.2.9 and .10b). */
import { expect, it } from 'vitest';

import { readDataSet } from '../../main/dicom/data-set.ts';
import { readModalityLut, readVoiLuts } from '../../main/dicom/grey-scale.ts';

/** One element, implicit VR little endian. */
function element(tag: number, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}
const decimal = (tag: number, value: string): Buffer =>
  element(tag, Buffer.from(value.length % 2 === 0 ? value : `${value} `));
const sequence = (tag: number, ...items: readonly Buffer[]): Buffer =>
  element(tag, Buffer.concat(items.map((item) => element(0xfffee000, item))));

function frameGroup(center: string, slope: string): Buffer {
  const voi = sequence(0x00289132, Buffer.concat([decimal(0x00281050, center), decimal(0x00281051, '200')]));
  const rescale = Buffer.concat([decimal(0x00281052, '0'), decimal(0x00281053, slope)]);
  return Buffer.concat([voi, sequence(0x00289145, rescale)]);
}
const warn = (): never => {
  throw new Error('nothing is odd with these films');
};
const read = (bytes: Buffer) => readDataSet(bytes, 0, { explicit: false, littleEndian: true });

it('each frame has its own', () => {
  const film = read(sequence(0x52009230, frameGroup('100', '1'), frameGroup('300', '2.5')));
  for (const [frame, center, slope] of [
    [0, 100, 1],
    [1, 300, 2.5],
  ] as const) {
    const modality = readModalityLut(film, false, warn, frame);
    expect(modality).toEqual({ kind: 'rescale', slope, intercept: 0 });
    expect(readVoiLuts(film, modality, false, warn, frame)).toEqual([
      { kind: 'window', center, width: 200, function: 'LINEAR' },
    ]);
  }
});

it('what all frames share holds for each', () => {
  const film = read(
    Buffer.concat([sequence(0x52009229, frameGroup('70', '3')), sequence(0x52009230, Buffer.alloc(0))]),
  );
  const modality = readModalityLut(film, false, warn, 1);
  expect(modality).toEqual({ kind: 'rescale', slope: 3, intercept: 0 });
  expect(readVoiLuts(film, modality, false, warn, 1)[0]).toMatchObject({ center: 70 });
});
