/** @file One frame of a film as the viewer takes it: at most 16 bits, little-endian, with the LUTs that fit those values. */
import { storedRange, type ModalityLut } from '../../../shared/domain/lut.ts';
import type { DecodedFilm, StoredPixels } from '../../dicom/film.ts';
import { littleEndianBytes } from '../../dicom/render.ts';
import type { ViewedFrame } from './decode-messages.ts';

type ShortPixels = Uint8Array | Int8Array | Uint16Array | Int16Array;

/** @throws RangeError when the film has no such frame */
export function viewedFrame(film: DecodedFilm, frame: number): ViewedFrame {
  const { pixels, modalityLut, min, max } = shortPixels(film, film.grey(frame));
  return {
    pixels: littleEndianBytes(pixels).slice(),
    elementType: elementType(pixels),
    minStored: min,
    maxStored: max,
    rows: film.rows,
    cols: film.cols,
    frames: film.frames,
    invert: film.invert,
    modalityLut,
    voiLuts: film.voiLuts,
    spacing: film.spacing,
    pixelAspect: film.aspect,
  };
}

function elementType(pixels: ShortPixels): ViewedFrame['elementType'] {
  if (pixels instanceof Uint8Array) return 'uint8';
  if (pixels instanceof Int8Array) return 'int8';
  return pixels instanceof Uint16Array ? 'uint16' : 'int16';
}

interface Short {
  readonly pixels: ShortPixels;
  readonly modalityLut: ModalityLut;
  /** Range that the stored values may have. */
  readonly min: number;
  readonly max: number;
}

/** Films of more than 16 bits (dose maps, not radiographs) are spread over 16; the modality LUT takes the change back. */
function shortPixels(film: DecodedFilm, stored: StoredPixels): Short {
  const isGrey = film.samples === 1 && film.photometric !== 'PALETTE COLOR';
  if (!(stored instanceof Uint32Array) && !(stored instanceof Int32Array)) {
    const range = storedRange(Math.min(16, film.greyBits), isGrey && film.signed);
    return { pixels: stored, modalityLut: film.modalityLut, min: range.min, max: range.max };
  }
  let low = Infinity;
  let high = -Infinity;
  for (const value of stored) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const step = Math.max(1, (high - low) / 65_535);
  const pixels = Uint16Array.from(stored, (value) => Math.round((value - low) / step));
  const lut = film.modalityLut;
  const modalityLut: ModalityLut =
    lut.kind === 'rescale'
      ? { kind: 'rescale', slope: lut.slope * step, intercept: lut.intercept + lut.slope * low }
      : { kind: 'rescale', slope: step, intercept: low };
  return { pixels, modalityLut, min: 0, max: 65_535 };
}
