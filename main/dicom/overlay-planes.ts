/**
 * @file Overlay planes (PS3.3 C.9.2 and C.9.3): one-bit graphics over a film, in an element of their own or, in old files, in
 * spare bits of the pixels. They are drawn over the film and never into it.
 */
import { TAG, type DataSet } from './data-set.ts';
import { FILM_LIMITS } from './film-error.ts';
import { compressedFrames, nativeFrame } from './frame-bytes.ts';
import type { ImageDescription } from './image-description.ts';
import { decodeRle } from './rle.ts';
import type { TransferSyntax } from './transfer-syntax.ts';
import { decimalValue, elementBytes, shortValue, shortValues, stringValue, textValue } from './values.ts';

/** The even groups 6000 to 601E. */
const MOST_PLANES = 16;

export interface OverlayPlane {
  /** Number of the group, 0x6000 to 0x601e. */
  readonly group: number;
  readonly rows: number;
  readonly cols: number;
  /** Where its first pixel lies on the film, from 0; it may lie beside the film. */
  readonly left: number;
  readonly top: number;
  /** Graphics or a region of interest. */
  readonly type: 'graphics' | 'roi';
  /** The film's own words for it; null = none. */
  readonly label: string | null;
  /** One bit a pixel, row by row without gaps, the first in the lowest bit of the first byte. [⌈rows × cols / 8⌉] */
  readonly bits: Uint8Array;
}

interface Placed extends Omit<OverlayPlane, 'bits'> {
  readonly base: number;
  /** Frames of the plane itself. */
  readonly frames: number;
  /** Frame of the film that the first one lies over, from 0; null = every frame. */
  readonly firstFrame: number | null;
}

/** Planes over a frame of the film. One that cannot be drawn (no size, too few bytes) is left out: the film is still the film. */
export function overlayPlanes(
  dataSet: DataSet,
  image: ImageDescription,
  syntax: TransferSyntax,
  frame: number,
): readonly OverlayPlane[] {
  const planes: OverlayPlane[] = [];
  for (let index = 0; index < MOST_PLANES; index++) {
    const base = (0x6000 + 2 * index) * 0x10000;
    const plane = placed(dataSet, base, image);
    if (plane === null) continue;
    const own = plane.firstFrame === null ? 0 : frame - plane.firstFrame;
    if (own < 0 || own >= plane.frames) continue;
    const bits = dataSet.elements.has(base + 0x3000)
      ? ownBits(dataSet, plane, own)
      : embeddedBits(dataSet, plane, image, syntax, frame);
    if (bits === null) continue;
    const { group, rows, cols, left, top, type, label } = plane;
    planes.push({ group, rows, cols, left, top, type, label, bits });
  }
  return planes;
}

function placed(dataSet: DataSet, base: number, image: ImageDescription): Placed | null {
  const { elements } = dataSet;
  const isOwn = elements.has(base + 0x3000);
  const isEmbedded = !isOwn && elements.has(base + 0x0102) && (shortValue(dataSet, base + 0x0100) ?? 1) > 1;
  if (!isOwn && !isEmbedded) return null;
  const rows = shortValue(dataSet, base + 0x0010) ?? image.rows;
  const cols = shortValue(dataSet, base + 0x0011) ?? image.cols;
  if (rows < 1 || cols < 1 || rows * cols > FILM_LIMITS.framePixels) return null;
  const [top = 1, left = 1] = shortValues(dataSet, base + 0x0050, true);
  const frames = decimalValue(dataSet, base + 0x0015) ?? 1;
  if (!Number.isInteger(frames) || frames < 1 || frames > FILM_LIMITS.frames) return null;
  const first = shortValue(dataSet, base + 0x0051);
  // A plane of one frame that names no frame of the film lies over all of them.
  const firstFrame = first !== undefined && first > 0 ? first - 1 : frames > 1 ? 0 : null;
  return {
    base,
    group: base / 0x10000,
    rows,
    cols,
    left: left - 1,
    top: top - 1,
    type: stringValue(dataSet, base + 0x0040) === 'R' ? 'roi' : 'graphics',
    label: textValue(dataSet, base + 0x1500) ?? textValue(dataSet, base + 0x0022) ?? null,
    frames,
    firstFrame,
  };
}

/** Frames follow each other bit by bit, without gaps (C.9.3.1). */
function ownBits(dataSet: DataSet, { base, rows, cols }: Placed, frame: number): Uint8Array | null {
  const element = dataSet.elements.get(base + 0x3000);
  if (element === undefined) return null;
  const pixels = rows * cols;
  const first = frame * pixels;
  if (element.length * 8 < first + pixels) return null;
  const stored = elementBytes(dataSet, element);
  // In words of a big endian file the first pixel is in the lowest bit of the second byte.
  const swapped = !dataSet.littleEndian && element.vr !== 'OB';
  if (!swapped && first % 8 === 0) return stored.slice(first / 8, Math.ceil((first + pixels) / 8));
  const bits = new Uint8Array(Math.ceil(pixels / 8));
  for (let at = 0; at < pixels; at++) {
    const bit = first + at;
    const byte = swapped ? (bit >> 3) ^ 1 : bit >> 3;
    if (((stored[byte] ?? 0) >> (bit & 7)) & 1) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bits;
}

/** A plane in a bit of the pixels that their values do not use (retired 2004): only where the file keeps whole words. */
function embeddedBits(
  dataSet: DataSet,
  { base, rows, cols }: Placed,
  image: ImageDescription,
  syntax: TransferSyntax,
  frame: number,
): Uint8Array | null {
  const position = shortValue(dataSet, base + 0x0102) ?? 0;
  const { bitsAllocated, bitsStored, highBit, samples } = image;
  const spare = position > highBit || position <= highBit - bitsStored;
  if (!spare || position >= bitsAllocated || bitsAllocated > 16 || bitsAllocated < 8 || samples !== 1)
    return null;
  if (rows !== image.rows || cols !== image.cols || !dataSet.elements.has(TAG.pixelData)) return null;
  const words = storedWords(dataSet, image, syntax, frame);
  if (words === null) return null;
  const bytesAWord = bitsAllocated / 8;
  const fromEnd = words.littleEndian ? position >> 3 : bytesAWord - 1 - (position >> 3);
  const bits = new Uint8Array(Math.ceil((rows * cols) / 8));
  for (let at = 0; at < rows * cols; at++) {
    const byte = words.bytes[at * bytesAWord + fromEnd] ?? 0;
    if ((byte >> (position & 7)) & 1) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bits;
}

function storedWords(
  dataSet: DataSet,
  image: ImageDescription,
  { codec }: TransferSyntax,
  frame: number,
): { readonly bytes: Uint8Array; readonly littleEndian: boolean } | null {
  if (codec === 'native') {
    return { bytes: nativeFrame(dataSet, image, frame), littleEndian: dataSet.littleEndian };
  }
  if (codec !== 'rle') return null; // other codecs keep the bits stored alone
  return {
    bytes: decodeRle(compressedFrames(dataSet, image.frames, () => true)(frame), image),
    littleEndian: true,
  };
}
