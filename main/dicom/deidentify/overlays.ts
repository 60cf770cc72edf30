/**
 * @file Overlay planes (PS3.3 C.9.2) that a person chose to keep: the bits and where they lie, without labels and descriptions;
 * what a black box covers is cleared. Planes hidden in the unused bits of pixels (retired) are not kept.
 */
import type { DataSet } from '../data-set.ts';
import { textElement, type NewElement } from '../part10-writer.ts';
import { decimalValue, elementBytes, shortValue, shortValues, stringValue } from '../values.ts';
import type { BlackBox } from './options.ts';

export interface OverlayPlane {
  /** 0x6000, 0x6002 … */
  readonly group: number;
  readonly rows: number;
  readonly cols: number;
  /** Row and column of the frame, from 1, that the plane's first bit lies on. */
  readonly origin: readonly [number, number];
  /** `G` drawing or `R` region. */
  readonly kind: string;
  /** Bits of the first frame, least significant first. */
  readonly bits: Uint8Array;
}

const MAX_SIDE = 65_535;

/** Planes of one frame with a bit a pixel; what is not written so is left out. */
export function readOverlays(dataSet: DataSet): readonly OverlayPlane[] {
  const planes: OverlayPlane[] = [];
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const at = (element: number): number => ((group << 16) | element) >>> 0;
    const data = dataSet.elements.get(at(0x3000));
    const rows = shortValue(dataSet, at(0x0010)) ?? 0;
    const cols = shortValue(dataSet, at(0x0011)) ?? 0;
    const frames = decimalValue(dataSet, at(0x0015)) ?? 1;
    const needed = Math.ceil((rows * cols) / 8);
    if (data === undefined || rows < 1 || cols < 1 || rows > MAX_SIDE || cols > MAX_SIDE) continue;
    if (frames !== 1 || shortValue(dataSet, at(0x0100)) !== 1 || data.length < needed) continue;
    const [row = 1, col = 1] = shortValues(dataSet, at(0x0050), true);
    const bits = Buffer.from(elementBytes(dataSet, data));
    if (!dataSet.littleEndian && data.vr === 'OW' && bits.length % 2 === 0) bits.swap16();
    const kind = stringValue(dataSet, at(0x0040)) === 'R' ? 'R' : 'G';
    planes.push({ group, rows, cols, origin: [row, col], kind, bits: new Uint8Array(bits).slice(0, needed) });
  }
  return planes;
}

/** The plane as elements, with the bits under the boxes cleared. */
export function overlayElements(plane: OverlayPlane, boxes: readonly BlackBox[]): readonly NewElement[] {
  const { group, rows, cols, origin } = plane;
  const bits = plane.bits.slice();
  for (const box of boxes) {
    for (let row = 0; row < rows; row++) {
      const y = row + origin[0] - 1;
      if (y < box.y || y >= box.y + box.height) continue;
      for (let col = 0; col < cols; col++) {
        const x = col + origin[1] - 1;
        if (x < box.x || x >= box.x + box.width) continue;
        const bit = row * cols + col;
        bits[bit >> 3] = (bits[bit >> 3] ?? 0) & ~(1 << (bit & 7));
      }
    }
  }
  const rest = (rows * cols) % 8; // bits behind the last pixel
  if (rest > 0) bits[bits.length - 1] = (bits[bits.length - 1] ?? 0) & ((1 << rest) - 1);
  const at = (element: number): number => ((group << 16) | element) >>> 0;
  const words = (element: number, vr: string, ...values: number[]): NewElement => {
    const value = Buffer.alloc(values.length * 2);
    values.forEach((one, index) => value.writeInt16LE((one << 16) >> 16, index * 2));
    return { tag: at(element), vr, value };
  };
  return [
    words(0x0010, 'US', rows),
    words(0x0011, 'US', cols),
    textElement(at(0x0040), 'CS', plane.kind),
    words(0x0050, 'SS', ...origin),
    words(0x0100, 'US', 1),
    words(0x0102, 'US', 0),
    { tag: at(0x3000), vr: 'OW', value: evenLength(bits) },
  ];
}

function evenLength(bits: Uint8Array): Uint8Array {
  if (bits.length % 2 === 0) return bits;
  const whole = new Uint8Array(bits.length + 1);
  whole.set(bits);
  return whole;
}
