/** @file A frame as the window's viewer takes it: little-endian stored values and all that its grey-scale table needs. */
import { IDENTITY_MODALITY, storedRange, type ModalityLut, type VoiLut } from '../../shared/domain/lut.ts';
import type { DecodedFilm, PixelSpacing, StoredPixels } from './film.ts';
import type { OverlayPlane } from './overlay-planes.ts';
import { displayImage, littleEndianBytes } from './render.ts';

export type ElementType = 'uint8' | 'int8' | 'uint16' | 'int16';

export interface ViewerFrame {
  readonly elementType: ElementType;
  /** Smallest and largest value in `bytes`. */
  readonly minStored: number;
  readonly maxStored: number;
  readonly invert: boolean;
  readonly modalityLut: ModalityLut;
  readonly voiLuts: readonly VoiLut[];
  readonly spacing: PixelSpacing | null;
  /** Height : width of one pixel. */
  readonly pixelAspect: number;
  /** [rows × cols], one value a pixel. */
  readonly bytes: Uint8Array;
  /** 8-bit red, green, blue, [rows × cols × 3]; null for a film without colour. */
  readonly colour: Uint8Array | null;
  /** The value in `bytes` that 255 of a colour stands for. */
  readonly colourPeak: number;
  readonly overlays: readonly OverlayPlane[];
}

/**
 * Of a colour film `bytes` is the luminance, which is what is measured; `colour` is what is shown. Values beyond 16 bits, which no viewer table covers, come as displayed.
 * @throws RangeError when the film has no such frame; FilmError when its bytes are damaged
 */
export function viewerFrame(film: DecodedFilm, frame: number): ViewerFrame {
  const { spacing, aspect: pixelAspect } = film;
  const stored = film.grey(frame);
  const colour = film.colour(frame);
  const overlays = film.overlays(frame);
  const elementType = elementTypeOf(stored);
  if (elementType === null) {
    const { max } = storedRange(8, false);
    const identity: VoiLut = { kind: 'window', center: max / 2, width: max, function: 'LINEAR_EXACT' };
    const shown = withRange(displayImage(film, { frame }));
    const asShown = { invert: false, modalityLut: IDENTITY_MODALITY, voiLuts: [identity] };
    return {
      elementType: 'uint8',
      ...asShown,
      ...shown,
      spacing,
      pixelAspect,
      colour,
      colourPeak: max,
      overlays,
    };
  }
  const { invert } = film;
  const { modalityLut, voiLuts } = film.scaleOf(frame);
  const scale = { elementType, invert, modalityLut, voiLuts };
  const colourPeak = storedRange(film.greyBits, false).max;
  return { ...scale, ...withRange(stored), spacing, pixelAspect, colour, colourPeak, overlays };
}

function elementTypeOf(stored: StoredPixels): ElementType | null {
  if (stored instanceof Uint8Array) return 'uint8';
  if (stored instanceof Int8Array) return 'int8';
  if (stored instanceof Uint16Array) return 'uint16';
  return stored instanceof Int16Array ? 'int16' : null;
}

function withRange(stored: StoredPixels): Pick<ViewerFrame, 'minStored' | 'maxStored' | 'bytes'> {
  let minStored = stored[0] ?? 0;
  let maxStored = minStored;
  // By index: an iterator takes ten times as long over 20 million pixels.
  for (let index = 1; index < stored.length; index++) {
    const value = stored[index] ?? 0;
    if (value < minStored) minStored = value;
    else if (value > maxStored) maxStored = value;
  }
  return { minStored, maxStored, bytes: littleEndianBytes(stored) };
}
