/**
 * @file What is made of a decoded film: the grey picture on screen, the 224 × 224 model input and its lower resolutions,
 * thumbnails, PNG files, the pixel hash and the description that the command line prints.
 */
import { createHash, type Hash } from 'node:crypto';
import sharp from 'sharp';

import { MODEL_SIDE, uprightSize } from '../../shared/domain/geometry.ts';
import {
  applyDisplayLut,
  applyModality,
  buildDisplayLut,
  displayGrey,
  storedRange,
  windowOf,
  type VoiFunction,
  type VoiLut,
} from '../../shared/domain/lut.ts';
import { areaAverage, toGreyBytes } from '../../shared/domain/resample.ts';
import { FilmError } from './film-error.ts';
import type { DecodedFilm, StoredPixels } from './film.ts';

export interface DisplayOptions {
  /** Default 0. */
  readonly frame?: number;
  /** Default: the film's first VOI LUT. */
  readonly voi?: VoiLut;
}

/** The film as displayed: modality LUT, VOI LUT, inversion. 0…255, [rows × cols]. */
export function displayImage(film: DecodedFilm, options: DisplayOptions = {}): Uint8Array {
  const frame = options.frame ?? 0;
  const stored = film.grey(frame);
  const scale = film.scaleOf(frame);
  const chain = { modality: scale.modalityLut, voi: options.voi ?? firstVoi(scale), invert: film.invert };
  const signed = film.samples === 1 && film.signed && film.photometric !== 'PALETTE COLOR';
  const { min, max } = storedRange(film.greyBits, signed);
  if (film.greyBits <= 16) return applyDisplayLut(buildDisplayLut(chain, min, max), stored);
  return Uint8Array.from(stored, (value) => displayGrey(chain, value));
}

function firstVoi(film: Pick<DecodedFilm, 'voiLuts'>): VoiLut {
  const [voi] = film.voiLuts;
  if (voi === undefined) throw new Error('A decoded film has at least one VOI LUT.');
  return voi;
}

/**
 * What a model sees at full resolution: the film as displayed, area-averaged to 224 × 224. A film that is not square is
 * stretched to the square, as the paper does; `modelToFilm` is the way back.
 */
export function modelImage(film: DecodedFilm, frame = 0): Uint8Array {
  return toGreyBytes(
    areaAverage(displayImage(film, { frame }), film.cols, film.rows, MODEL_SIDE, MODEL_SIDE),
  );
}

/** The low-resolution picture, stored at its own size: area average of the 224 image, rounded. [size × size] */
export function lowResolution(image224: Uint8Array, size: number): Uint8Array {
  return toGreyBytes(areaAverage(image224, MODEL_SIDE, MODEL_SIDE, size, size));
}

/** 8-bit grey PNG. */
export async function encodePng(grey: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const picture = sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
  return new Uint8Array(await picture.png({ compressionLevel: 6 }).toBuffer());
}

/** PNG with the long side `px` (never enlarged), pixels made square. */
export async function thumbnail(film: DecodedFilm, px: number): Promise<Uint8Array> {
  const upright = uprightSize(film.rows, film.cols, film.aspect);
  const factor = Math.min(1, px / Math.max(upright.width, upright.height));
  const width = Math.max(1, Math.round(upright.width * factor));
  const height = Math.max(1, Math.round(upright.height * factor));
  const grey = areaAverage(displayImage(film), film.cols, film.rows, width, height);
  return encodePng(toGreyBytes(grey), width, height);
}

/** Values hashed at a time. */
const HASH_CHUNK = 1 << 16;
/** Values of further frames that are hashed: some seconds of decoding. Frames beyond are told apart by their number alone. */
const MOST_HASHED = 1 << 27;

/**
 * SHA-256 that tells duplicates: the same picture under another UID, file format or lossless transfer syntax has the same
 * hash. Hashed are the ASCII line `chestlight-pixels/1 <rows> <cols> <0|1 = MONOCHROME1>` and a newline, then for each pixel
 * of frame 0 its grey value after the modality LUT as 32-bit float, little-endian. Colour counts as its luminance. Where the
 * modality LUT makes every value equal (slope 0) the stored values are hashed. Of a film of several frames the line
 * `frames <number>` and the other frames follow, each in the same way with its own modality LUT; of one that cannot be decoded
 * the line `unreadable <code>`.
 */
export function pixelHash(film: DecodedFilm): string {
  const hash = createHash('sha256');
  hash.update(`chestlight-pixels/1 ${film.rows} ${film.cols} ${film.invert ? 1 : 0}\n`, 'ascii');
  hashFrame(hash, film, 0);
  if (film.frames > 1) {
    hash.update(`frames ${film.frames}\n`, 'ascii');
    const hashed = Math.min(film.frames, 1 + Math.ceil(MOST_HASHED / (film.rows * film.cols)));
    for (let frame = 1; frame < hashed; frame += 1) {
      try {
        hashFrame(hash, film, frame);
      } catch (error) {
        if (!(error instanceof FilmError)) throw error;
        hash.update(`unreadable ${error.code}\n`, 'ascii');
      }
    }
  }
  return hash.digest('hex');
}

/** @throws FilmError, before anything of the frame is hashed */
function hashFrame(hash: Hash, film: DecodedFilm, frame: number): void {
  const stored = film.grey(frame);
  const { modalityLut: lut } = film.scaleOf(frame);
  const plain = lut.kind === 'rescale' && (lut.slope === 0 || (lut.slope === 1 && lut.intercept === 0));
  const chunk = new DataView(new ArrayBuffer(HASH_CHUNK * 4));
  for (let start = 0; start < stored.length; start += HASH_CHUNK) {
    const count = Math.min(HASH_CHUNK, stored.length - start);
    for (let index = 0; index < count; index++) {
      const value = stored[start + index] ?? 0;
      chunk.setFloat32(index * 4, plain ? value : applyModality(lut, value), true);
    }
    hash.update(new Uint8Array(chunk.buffer, 0, count * 4));
  }
}

export interface FilmDescription {
  readonly format: string;
  readonly modality: string | null;
  readonly transferSyntax: string | null;
  readonly photometric: string;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly samples: number;
  /** Of frame 0's stored values, little-endian, C order, no colour conversion. */
  readonly rawSha256: string;
  /** Of frame 0 after the modality LUT. */
  readonly mlut: { readonly min: number; readonly max: number; readonly mean: number };
  /** The VOI LUT that the film is shown with; for a table the values that it spans. */
  readonly window: {
    readonly center: number;
    readonly width: number;
    readonly function: VoiFunction | 'TABLE';
  };
}

/** The object that `decode --json` prints. No identity. */
export function describeFilm(film: DecodedFilm): FilmDescription {
  const stored = film.frame(0);
  const voi = firstVoi(film);
  const { center, width, function: fn } = windowOf(voi);
  return {
    format: film.format,
    modality: film.modality,
    transferSyntax: film.transferSyntax,
    photometric: film.photometric,
    rows: film.rows,
    cols: film.cols,
    frames: film.frames,
    bitsStored: film.bitsStored,
    signed: film.signed,
    samples: film.samples,
    rawSha256: rawSha256(stored),
    mlut: modalityStatistics(film, stored),
    window: { center, width, function: voi.kind === 'table' ? 'TABLE' : fn },
  };
}

/** SHA-256 of stored values as little-endian bytes. */
export function rawSha256(stored: StoredPixels): string {
  return createHash('sha256').update(littleEndianBytes(stored)).digest('hex');
}

/** Stored values as little-endian bytes: what the viewer fetches. A view where the machine is little-endian itself. */
export function littleEndianBytes(stored: StoredPixels): Uint8Array {
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  const machineIsLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (machineIsLittle || stored.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = Buffer.from(bytes);
  return stored.BYTES_PER_ELEMENT === 2 ? copy.swap16() : copy.swap32();
}

function modalityStatistics(film: DecodedFilm, stored: StoredPixels): FilmDescription['mlut'] {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const value of stored) {
    const output = applyModality(film.modalityLut, value);
    if (output < min) min = output;
    if (output > max) max = output;
    sum += output;
  }
  return { min, max, mean: sum / stored.length };
}
