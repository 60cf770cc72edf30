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
    const cut = /premature|truncat|end of (file|stream)|read error|too short|not enough/i.test(reason);
    throw new FilmError(
      cut ? 'TRUNCATED' : 'CODEC_FAILED',
      cut
        ? `The ${format.toUpperCase()} picture is cut short. Copy it again from where it came from.`
        : `The ${format.toUpperCase()} picture is damaged and cannot be decoded. Ask for it again.`,
      { format },
    );
  }
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
  const grey = metadata.channels <= 2 && metadata.space !== 'cmyk';
  const upright = greyOrColour(source().autoOrient().removeAlpha(), grey, wide);
  const { data, info } = await upright
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const samples = info.channels === 1 ? 1 : 3;
  if (info.channels !== samples) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      `The picture has ${info.channels} channels; grey and colour are read.`,
    );
  }
  // A copy of its own: the library's buffer may start at any offset.
  const copy = new Uint8Array(data);
  return {
    format,
    rows: info.height,
    cols: info.width,
    samples,
    bits: wide ? 16 : 8,
    pixels: wide ? new Uint16Array(copy.buffer) : copy,
    warnings: pictureWarnings(metadata),
  };
}

function greyOrColour(picture: Sharp, grey: boolean, wide: boolean): Sharp {
  if (grey) return picture.toColourspace(wide ? 'grey16' : 'b-w');
  return picture.toColourspace(wide ? 'rgb16' : 'srgb');
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
