/** @file Overlay planes against pydicom and dcmtk (test/fixtures/make/overlay-golden.py), and planes that cannot be drawn. */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import type { OverlayPlane } from '../../main/dicom/overlay-planes.ts';
import { viewerFrame } from '../../main/dicom/viewer-frame.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { film, fixture } from './fixtures.ts';

interface GoldenPlane extends Omit<OverlayPlane, 'bits' | 'rows' | 'cols'> {
  /** `#` is set. */
  readonly bits: readonly string[];
}
const golden = Object.entries(
  JSON.parse(
    readFileSync(new URL('../fixtures/dicom/overlay/golden.json', import.meta.url), 'utf8'),
  ) as Record<string, Record<string, readonly GoldenPlane[]>>,
);

function rowsOf({ bits, rows, cols }: OverlayPlane): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: cols }, (_, col) => {
      const at = row * cols + col;
      return ((bits[at >> 3] ?? 0) >> (at & 7)) & 1 ? '#' : '.';
    }).join(''),
  );
}

it.each(golden)('%s', async (name, frames) => {
  const read = await film(`overlay/${name}`);
  for (let frame = 0; frame < read.frames; frame++) {
    const found = viewerFrame(read, frame).overlays.map((plane) => {
      const { group, top, left, label, type, rows, cols } = plane;
      const bits = rowsOf(plane);
      expect([bits.length, bits[0]?.length]).toEqual([rows, cols]);
      return { group, top, left, bits, label, type };
    });
    expect(found, `frame ${frame}`).toEqual(frames[frame] ?? []);
  }
});

it('bits beside the stored ones are graphics, not pixels', async () => {
  const read = await film('overlay/embedded.dcm');
  expect(Math.max(...read.grey(0))).toBeLessThan(2000);
});

/** The file with a 16-bit value of an element changed. */
function changed(name: string, [group, element]: readonly [number, number], value: number): Uint8Array {
  const bytes = Buffer.from(fixture(`overlay/${name}`));
  const mark = Buffer.alloc(4);
  mark.writeUInt16LE(group, 0);
  mark.writeUInt16LE(element, 2);
  const at = bytes.indexOf(mark);
  if (at < 0) throw new Error('no such element');
  bytes.writeUInt16LE(value, at + 8);
  return new Uint8Array(bytes);
}

it.each([
  ['more rows than it has bits', changed('own.dcm', [0x6000, 0x0010], 900)],
  ['no columns', changed('own.dcm', [0x6000, 0x0011], 0)],
  ['a claim of 4 billion pixels', changed('own.dcm', [0x6000, 0x0010], 65_535)],
  ['a bit that the pixels use', changed('embedded.dcm', [0x6000, 0x0102], 3)],
  ['a bit beyond the word', changed('embedded.dcm', [0x6000, 0x0102], 16)],
  ['another size than the film whose bits it is in', changed('embedded.dcm', [0x6000, 0x0010], 14)],
])('a plane with %s is left out, the film is shown', async (_what, bytes) => {
  const read = await readFilm(bytes, 'film.dcm');
  expect(viewerFrame(read, 0).overlays).toEqual([]);
  expect(read.grey(0).length).toBe(read.rows * read.cols);
});
