/**
 * @file The image pixel module (PS3.3 C.7.6.3): read, checked against itself and against the limits before a byte of
 * pixels is touched.
 */
import { formatTag, TAG, type DataSet } from './data-set.ts';
import { FILM_LIMITS, FilmError } from './film-error.ts';
import { decimalValue, shortValue, stringValue } from './values.ts';

const TAGS = {
  samples: 0x00280002,
  photometric: 0x00280004,
  planar: 0x00280006,
  frames: 0x00280008,
  rows: 0x00280010,
  cols: 0x00280011,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  signed: 0x00280103,
} as const;

export type Photometric =
  | 'MONOCHROME1'
  | 'MONOCHROME2'
  | 'PALETTE COLOR'
  | 'RGB'
  | 'YBR_FULL'
  | 'YBR_FULL_422'
  | 'YBR_PARTIAL_422'
  | 'YBR_ICT'
  | 'YBR_RCT';

/** Samples a pixel that each photometric interpretation has. */
const SAMPLES: Readonly<Record<Photometric, number>> = {
  MONOCHROME1: 1,
  MONOCHROME2: 1,
  'PALETTE COLOR': 1,
  RGB: 3,
  YBR_FULL: 3,
  YBR_FULL_422: 3,
  YBR_PARTIAL_422: 3,
  YBR_ICT: 3,
  YBR_RCT: 3,
};

export interface ImageDescription {
  readonly photometric: Photometric;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly samples: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Colour planes stored one after the other instead of pixel by pixel (uncompressed and RLE only). */
  readonly planar: boolean;
}

/**
 * @throws FilmError NO_PIXELS, BAD_GEOMETRY, UNSUPPORTED_PHOTOMETRIC, UNSUPPORTED_PIXELS or TOO_LARGE
 */
export function describeImage(dataSet: DataSet): ImageDescription {
  requirePixels(dataSet);
  const rows = required(dataSet, TAGS.rows, 'number of rows');
  const cols = required(dataSet, TAGS.cols, 'number of columns');
  if (rows < 1 || cols < 1) {
    throw new FilmError(
      'BAD_GEOMETRY',
      `The header says ${rows} rows and ${cols} columns: there is no picture.`,
    );
  }
  const { photometric, samples } = readPhotometric(dataSet);
  const frames = readFrames(dataSet);
  const depth = readDepth(dataSet);
  if (depth.bitsAllocated === 1 && samples > 1) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      `${photometric} with single-bit samples is not read. Export the film as RGB.`,
    );
  }
  const framePixels = rows * cols;
  const frameBytes = framePixels * samples * Math.ceil(depth.bitsAllocated / 8);
  if (framePixels > FILM_LIMITS.framePixels || frameBytes > FILM_LIMITS.frameBytes) {
    throw new FilmError(
      'TOO_LARGE',
      `The header claims ${cols} × ${rows} pixels, more than the ${FILM_LIMITS.framePixels / 1e6} megapixels that a film may have.`,
      { rows, cols, samples },
    );
  }
  const planar = shortValue(dataSet, TAGS.planar) === 1 && samples > 1;
  return { photometric, rows, cols, frames, samples, planar, ...depth };
}

function requirePixels(dataSet: DataSet): void {
  const pixels = dataSet.elements.get(TAG.pixelData);
  const empty = pixels !== undefined && pixels.length === 0 && (pixels.fragments?.length ?? 0) === 0;
  if (pixels !== undefined && !empty) return;
  if (dataSet.elements.has(0x7fe00008) || dataSet.elements.has(0x7fe00009)) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      'The pixels are floating-point numbers; films hold whole numbers.',
    );
  }
  const sopClass = stringValue(dataSet, 0x00080016) ?? null;
  throw new FilmError(
    'NO_PIXELS',
    empty
      ? 'The file is DICOM, but its pixel data is empty. Ask for the film again.'
      : 'The file is DICOM, but it holds no picture (a report, a directory or a header only).',
    { sopClass },
  );
}

function required(dataSet: DataSet, tag: number, what: string): number {
  const value = shortValue(dataSet, tag);
  if (value === undefined) {
    throw new FilmError(
      'BAD_GEOMETRY',
      `The header lacks the ${what} ${formatTag(tag)}. Ask for the film again.`,
      {
        tag: formatTag(tag),
      },
    );
  }
  return value;
}

function readPhotometric(dataSet: DataSet): { photometric: Photometric; samples: number } {
  const written = stringValue(dataSet, TAGS.photometric)?.toUpperCase();
  if (written === undefined) {
    throw new FilmError(
      'UNSUPPORTED_PHOTOMETRIC',
      'The header lacks the photometric interpretation (0028,0004): whether white is high or low is unknown.',
    );
  }
  if (!(written in SAMPLES)) {
    const shown = /^[A-Z0-9_ ]{1,16}$/.test(written) ? written : 'an unreadable value';
    throw new FilmError(
      'UNSUPPORTED_PHOTOMETRIC',
      `The photometric interpretation is ${shown}, which is not known here.`,
      {
        photometric: shown,
      },
    );
  }
  const photometric = written as Photometric;
  const samples = shortValue(dataSet, TAGS.samples) ?? SAMPLES[photometric];
  if (samples !== SAMPLES[photometric]) {
    throw new FilmError(
      'BAD_GEOMETRY',
      `${photometric} has ${SAMPLES[photometric]} samples a pixel, the header says ${samples}.`,
      {
        samples,
        photometric,
      },
    );
  }
  return { photometric, samples };
}

function readFrames(dataSet: DataSet): number {
  const frames = decimalValue(dataSet, TAGS.frames) ?? 1;
  if (frames > FILM_LIMITS.frames) {
    throw new FilmError(
      'TOO_LARGE',
      `The header claims ${frames} frames; at most ${FILM_LIMITS.frames} are read.`,
      {
        frames,
      },
    );
  }
  // 0 frames with pixel data is written by some old devices and means one.
  if (frames === 0) return 1;
  if (!Number.isInteger(frames) || frames < 0) {
    throw new FilmError('BAD_GEOMETRY', `The number of frames is ${frames}, which makes no sense.`, {
      frames,
    });
  }
  return frames;
}

function readDepth(
  dataSet: DataSet,
): Pick<ImageDescription, 'bitsAllocated' | 'bitsStored' | 'highBit' | 'signed'> {
  const bitsAllocated = required(dataSet, TAGS.bitsAllocated, 'bits allocated');
  if (![1, 8, 16, 32].includes(bitsAllocated)) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      `Pixels of ${bitsAllocated} bits allocated are not read (1, 8, 16 and 32 are).`,
      {
        bitsAllocated,
      },
    );
  }
  const bitsStored = shortValue(dataSet, TAGS.bitsStored) ?? bitsAllocated;
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    throw new FilmError(
      'BAD_GEOMETRY',
      `The header says ${bitsStored} bits stored in ${bitsAllocated} allocated, which cannot be.`,
      { bitsStored, bitsAllocated },
    );
  }
  const highBit = shortValue(dataSet, TAGS.highBit) ?? bitsStored - 1;
  const plausible = highBit >= bitsStored - 1 && highBit < bitsAllocated;
  return {
    bitsAllocated,
    bitsStored,
    highBit: plausible ? highBit : bitsStored - 1,
    signed: shortValue(dataSet, TAGS.signed) === 1,
  };
}
