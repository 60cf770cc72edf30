/** @file From a film's values to greys: by the display table of the pixel pipeline, for a preview by way of its own greys. */
import {
  buildDisplayLut,
  displayGrey,
  isUsableVoi,
  type DisplayLut,
  type ModalityLut,
  type VoiLut,
} from '../../../shared/domain/lut.ts';

/** How a film's stored values become grey; a ViewerImage is one. */
interface GreyScale {
  readonly modalityLut: ModalityLut;
  readonly voiLuts: readonly VoiLut[];
  readonly minStored: number;
  readonly maxStored: number;
  readonly invert: boolean;
}

interface Shown {
  readonly source: GreyScale;
  /** The values are greys as the film opens, not stored values. */
  readonly isPreview: boolean;
}

interface Look {
  readonly voi: VoiLut;
  readonly inverted: boolean;
}

/** Grey of each value of a film. */
export function greyTable({ source, isPreview }: Shown, { voi, inverted }: Look): DisplayLut {
  const { modalityLut: modality, minStored, maxStored } = source;
  const chain = { modality, voi, invert: source.invert !== inverted };
  if (!isPreview) return buildDisplayLut(chain, minStored, maxStored);
  const stored = storedOfGrey(source);
  return { first: 0, grey: Uint8Array.from(stored, (value) => displayGrey(chain, value)) };
}

/**
 * What each of 0…255 of a colour's channels becomes: as it is (PS3.3 C.7.6.3.1.2: colour has no VOI LUT of its own), but for a
 * window set by hand and inversion. @param peak the value in the window's scale that 255 stands for
 */
export function channelTable(peak: number, { voi, inverted }: Look): Uint8Array {
  const modality = { kind: 'rescale', slope: peak / 255, intercept: 0 } as const;
  return buildDisplayLut({ modality, voi, invert: inverted }, 0, 255).grey;
}

/**
 * For each grey 0…255 of a film as it opens, the stored value in the middle of those that have it; a grey that none has takes
 * that of the nearest darker one, else of the nearest brighter one.
 */
function storedOfGrey(source: GreyScale): readonly number[] {
  const { modalityLut: modality, minStored, maxStored, invert } = source;
  const own = buildDisplayLut({ modality, voi: ownVoi(source), invert }, minStored, maxStored);
  const from = new Int32Array(256).fill(-1);
  const to = new Int32Array(256).fill(-1);
  own.grey.forEach((grey, at) => {
    if (from[grey] === -1) from[grey] = at;
    to[grey] = at;
  });
  const places = Array.from(from, (first, grey) => (first === -1 ? -1 : (first + (to[grey] ?? first)) >> 1));
  let last = places.find((at) => at !== -1) ?? 0;
  return places.map((at) => {
    if (at !== -1) last = at;
    return own.first + last;
  });
}

/** The film's first usable VOI LUT; an unusable one (width 0) falls back to the full range. */
export function ownVoi(source: Pick<GreyScale, 'voiLuts' | 'minStored' | 'maxStored'>): VoiLut {
  const usable = source.voiLuts.find(isUsableVoi);
  if (usable !== undefined) return usable;
  const width = Math.max(1, source.maxStored - source.minStored);
  return { kind: 'window', center: source.minStored + width / 2, width, function: 'LINEAR_EXACT' };
}
