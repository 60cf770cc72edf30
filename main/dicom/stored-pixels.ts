/**
 * @file Bytes of a frame → stored values in the smallest typed array: byte order, bits outside BitsStored dropped, sign
 * extended, colour by pixel (interleaved). Everything behind this file works on clean stored values.
 */
import { storedRange } from '../../shared/domain/lut.ts';
import { is422 } from './frame-bytes.ts';
import type { ImageDescription } from './image-description.ts';

export type StoredPixels = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/** Layout of decoded bytes when it differs from what the header says. */
export interface SampleLayout {
  readonly littleEndian: boolean;
  readonly bitsAllocated: number;
  readonly highBit: number;
  readonly planar: boolean;
  /** Bits that a lossy decoder gave where fewer are stored: values are clamped; null = surplus bits are dropped. */
  readonly clampFrom: number | null;
}

/**
 * Stored values of one frame, [rows × cols × samples] in C order.
 * @param bytes exactly the frame's samples (uncompressed 4:2:2 and 1-bit frames as the file packs them)
 */
export function toStoredPixels(
  bytes: Uint8Array,
  image: ImageDescription,
  layout: SampleLayout,
  firstBit = 0,
): StoredPixels {
  if (layout.bitsAllocated === 1) return unpackBits(bytes, image.rows * image.cols, firstBit);
  const count = bytes.length / (layout.bitsAllocated / 8);
  const words = readWords(bytes, count, layout);
  const clean = cleanWords(words, image, layout);
  return layout.planar ? interleave(clean, image.samples) : clean;
}

/** Unsigned samples in machine byte order. */
function readWords(
  bytes: Uint8Array,
  count: number,
  layout: SampleLayout,
): Uint8Array | Uint16Array | Uint32Array {
  const copy = new Uint8Array(bytes);
  if (layout.bitsAllocated === 8) return copy;
  if (!layout.littleEndian) {
    const buffer = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
    if (layout.bitsAllocated === 16) buffer.swap16();
    else buffer.swap32();
  }
  return layout.bitsAllocated === 16
    ? new Uint16Array(copy.buffer, copy.byteOffset, count)
    : new Uint32Array(copy.buffer, copy.byteOffset, count);
}

/** Shifts to bit 0, masks to BitsStored, extends the sign (PS3.5 8.1.1). Works in place. */
function cleanWords(
  words: Uint8Array | Uint16Array | Uint32Array,
  image: ImageDescription,
  layout: SampleLayout,
): StoredPixels {
  if (layout.clampFrom !== null) return clampWords(words, image, layout.clampFrom);
  const shift = Math.max(0, layout.highBit + 1 - image.bitsStored);
  const spare = 32 - image.bitsStored;
  if (!image.signed) {
    const most = 2 ** image.bitsStored - 1;
    if (shift > 0 || (image.bitsStored < layout.bitsAllocated && anyAbove(words, most))) {
      for (let index = 0; index < words.length; index++) {
        words[index] = (((words[index] ?? 0) >>> shift) << spare) >>> spare;
      }
    }
    return words;
  }
  const signed = signedView(words);
  for (let index = 0; index < signed.length; index++) {
    signed[index] = (((words[index] ?? 0) >>> shift) << spare) >> spare;
  }
  return signed;
}

/** Of most films no value is, and then nothing has to be written. */
function anyAbove(words: Uint8Array | Uint16Array | Uint32Array, most: number): boolean {
  for (let index = 0; index < words.length; index++) if ((words[index] ?? 0) > most) return true;
  return false;
}

function clampWords(
  words: Uint8Array | Uint16Array | Uint32Array,
  image: ImageDescription,
  bits: number,
): StoredPixels {
  const { min, max } = storedRange(image.bitsStored, image.signed);
  const result = image.signed ? signedView(words) : words;
  const spare = 32 - bits;
  for (let index = 0; index < words.length; index++) {
    const word = (words[index] ?? 0) << spare;
    result[index] = Math.min(max, Math.max(min, image.signed ? word >> spare : word >>> spare));
  }
  return result;
}

function signedView(words: Uint8Array | Uint16Array | Uint32Array): Int8Array | Int16Array | Int32Array {
  const { buffer, byteOffset, length } = words;
  if (words instanceof Uint8Array) return new Int8Array(buffer, byteOffset, length);
  return words instanceof Uint16Array
    ? new Int16Array(buffer, byteOffset, length)
    : new Int32Array(buffer, byteOffset, length);
}

function interleave(planes: StoredPixels, samples: number): StoredPixels {
  const result = planes.slice();
  const pixels = planes.length / samples;
  for (let sample = 0; sample < samples; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      result[pixel * samples + sample] = planes[sample * pixels + pixel] ?? 0;
    }
  }
  return result;
}

/** Single-bit pixels, first pixel in the least significant bit. */
function unpackBits(bytes: Uint8Array, count: number, firstBit: number): Uint8Array {
  const result = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const bit = firstBit + index;
    result[index] = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }
  return result;
}

/** Uncompressed 4:2:2 (Y1 Y2 Cb Cr, PS3.3 C.7.6.3.1.2) → Y Cb Cr for every pixel. */
export function expand422(image: ImageDescription, packed: StoredPixels): StoredPixels {
  if (!is422(image)) return packed;
  const count = image.rows * image.cols * 3;
  const result = packed.BYTES_PER_ELEMENT === 1 ? new Uint8Array(count) : new Uint16Array(count);
  for (let pair = 0; pair * 4 < packed.length; pair++) {
    const [y1 = 0, y2 = 0, cb = 0, cr = 0] = packed.subarray(pair * 4, pair * 4 + 4);
    result.set([y1, cb, cr, y2, cb, cr], pair * 6);
  }
  return result;
}
