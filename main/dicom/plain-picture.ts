/**
 * @file PNG, JPEG, TIFF and BMP pictures as films: recognised by content, upright after their EXIF orientation, 16 bits kept,
 * transparency dropped.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';

import { readBmp } from './bmp.ts';
import { FILM_LIMITS, FilmError } from './film-error.ts';
import type { FilmWarning } from './grey-scale.ts';

export type PlainFormat = 'png' | 'jpeg' | 'tiff' | 'bmp';

export interface PlainPicture {
  readonly format: PlainFormat;
  readonly rows: number;
  readonly cols: number;
  readonly samples: 1 | 3;
  readonly bits: 1 | 8 | 16;
  /** Interleaved, top row first. */
  readonly pixels: Uint8Array | Uint16Array;
  readonly warnings: readonly FilmWarning[];
}

const SIGNATURES: readonly (readonly [PlainFormat, readonly number[]])[] = [
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]],
  ['tiff', [0x49, 0x49, 0x2b, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2b]],
];

/** The picture format that the first bytes name, or null. */
export function plainFormat(bytes: Uint8Array): PlainFormat | null {
  const found = SIGNATURES.find(([, signature]) => signature.every((byte, index) => bytes[index] === byte));
  if (found !== undefined) return found[0];
  // BM, then the reserved words that are always 0: two letters alone would also fit a text.
  const bitmap = bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length > 26;
  return bitmap && bytes.subarray(6, 10).every((byte) => byte === 0) ? 'bmp' : null;
}

/** @throws FilmError TRUNCATED, CODEC_FAILED, TOO_LARGE, UNSUPPORTED_PIXELS or BAD_GEOMETRY */
export async function readPlainPicture(bytes: Uint8Array, format: PlainFormat): Promise<PlainPicture> {
  if (format === 'bmp') return { format, bits: 8, warnings: [], ...readBmp(bytes) };
  try {
    return await readWithLibrary(bytes, format);
  } catch (error) {
    if (error instanceof FilmError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (/exceeds pixel limit/i.test(reason)) throw tooLarge(format);
    const cut =
      tiffEndsEarly(bytes, format) ||
      /premature|truncat|end of (file|stream)|read error|too short|not enough/i.test(reason);
    throw new FilmError(
      cut ? 'TRUNCATED' : 'CODEC_FAILED',
      cut
        ? `The ${format.toUpperCase()} picture is cut short. Copy it again from where it came from.`
        : `The ${format.toUpperCase()} picture is damaged and cannot be decoded. Ask for it again.`,
      { format },
    );
  }
}

/** A TIFF names the place of its directory in its head and often keeps it at its end, where a cut file has none. */
function tiffEndsEarly(bytes: Uint8Array, format: PlainFormat): boolean {
  if (format !== 'tiff' || bytes.length < 8) return format === 'tiff';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = bytes[0] === 0x49;
  return view.getUint16(2, littleEndian) === 42 && view.getUint32(4, littleEndian) + 2 > bytes.length;
}

function tooLarge(format: PlainFormat): FilmError {
  const limit = FILM_LIMITS.framePixels / 1e6;
  return new FilmError('TOO_LARGE', `The ${format.toUpperCase()} picture has more than ${limit} megapixels.`);
}

async function readWithLibrary(
  bytes: Uint8Array,
  format: Exclude<PlainFormat, 'bmp'>,
): Promise<PlainPicture> {
  const source = () => sharp(bytes, { failOn: 'error', limitInputPixels: FILM_LIMITS.framePixels, page: 0 });
  const metadata = await source().metadata();
  if (metadata.width * metadata.height > FILM_LIMITS.framePixels) throw tooLarge(format);
  const wide = sampleDepth(metadata, format) === 16;
  const upright = inWorkingSpace(source().autoOrient(), metadata, wide);
  const { data, info } = await upright
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  // A copy of its own: the library's buffer may start at any offset.
  const copy = new Uint8Array(data);
  const values = wide ? new Uint16Array(copy.buffer) : copy;
  const pixels = info.channels === 4 ? inkToLight(values, wide ? 65_535 : 255) : values;
  const samples = info.channels === 1 ? 1 : 3;
  if (info.channels !== samples && info.channels !== 4) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      `The picture has ${info.channels} channels; grey and colour are read.`,
    );
  }
  return {
    format,
    rows: info.height,
    cols: info.width,
    samples,
    bits: wide ? 16 : 8,
    pixels,
    warnings: pictureWarnings(metadata),
  };
}

/** Grey stays grey, colour becomes RGB; ink values without a colour profile stay as they are for `inkToLight`. */
function inWorkingSpace(picture: Sharp, metadata: Metadata, wide: boolean): Sharp {
  if (metadata.space === 'cmyk' && !metadata.hasProfile)
    return picture.pipelineColourspace('cmyk').toColourspace('cmyk');
  const opaque = picture.removeAlpha();
  if (metadata.channels <= 2) return opaque.toColourspace(wide ? 'grey16' : 'b-w');
  return opaque.toColourspace(wide ? 'rgb16' : 'srgb');
}

/** Cyan, magenta, yellow, black → red, green, blue by plain subtraction, as no profile says better. */
function inkToLight(inks: Uint8Array | Uint16Array, peak: number): Uint8Array | Uint16Array {
  const pixels = inks.length / 4;
  const result = peak > 255 ? new Uint16Array(pixels * 3) : new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const light = peak - (inks[pixel * 4 + 3] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      const ink = inks[pixel * 4 + channel] ?? 0;
      result[pixel * 3 + channel] = Math.floor(light - (ink * light) / peak + 0.5);
    }
  }
  return result;
}

function sampleDepth(metadata: Metadata, format: PlainFormat): 8 | 16 {
  if (metadata.depth === 'uchar') return 8;
  if (metadata.depth === 'ushort') return 16;
  throw new FilmError(
    'UNSUPPORTED_PIXELS',
    `The ${format.toUpperCase()} picture holds ${metadata.depth} pixels; whole numbers of 8 or 16 bits are read.`,
    { depth: metadata.depth },
  );
}

function pictureWarnings(metadata: Metadata): FilmWarning[] {
  const warnings: FilmWarning[] = [];
  if (metadata.hasAlpha) {
    warnings.push({ code: 'ALPHA_DROPPED', message: 'The picture has transparency, which is not used.' });
  }
  if ((metadata.pages ?? 1) > 1) {
    warnings.push({
      code: 'MORE_PAGES',
      message: `The picture has ${metadata.pages ?? 1} pages; the first is used.`,
    });
  }
  return warnings;
}
