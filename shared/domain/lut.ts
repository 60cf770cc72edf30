/**
 * @file Stored pixel values → grey on screen, as DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT) and C.7.6.3.1.2
 * (MONOCHROME1) say. The only place that knows the formulas: viewer, training and command line use the same table.
 */

/** C.11.1. `table`: `first` is the stored value of entry 0; values outside take the end entries. */
export type ModalityLut =
  { readonly kind: 'rescale'; readonly slope: number; readonly intercept: number } | LutTable;

/** A look-up table. `bits` is the width of an entry: outputs span 0 … 2^bits − 1. */
export interface LutTable {
  readonly kind: 'table';
  readonly first: number;
  readonly bits: number;
  readonly entries: readonly number[];
  readonly explanation?: string | undefined;
}

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** Window centre and width in modality units (after the modality LUT). */
export interface VoiWindow {
  readonly kind: 'window';
  readonly center: number;
  readonly width: number;
  readonly function: VoiFunction;
  readonly explanation?: string | undefined;
}

/** C.11.2. A table's `first` is the modality value of entry 0. */
export type VoiLut = VoiWindow | LutTable;

export const IDENTITY_MODALITY: ModalityLut = { kind: 'rescale', slope: 1, intercept: 0 };

/** Stored range up to which a display table is built: every value of 16 bits. */
export const MAX_DISPLAY_ENTRIES = 65_536;

function lookUp(table: LutTable, value: number): number {
  const index = Math.min(table.entries.length - 1, Math.max(0, Math.trunc(value) - table.first));
  return table.entries[index] ?? 0;
}

/** Stored value → modality units (C.11.1.1). */
export function applyModality(lut: ModalityLut, stored: number): number {
  return lut.kind === 'rescale' ? stored * lut.slope + lut.intercept : lookUp(lut, stored);
}

/** Window functions of C.11.2.1.2 and C.11.2.1.3 with output range [0, 1]. */
export function applyWindow(window: VoiWindow, value: number): number {
  const { center, width } = window;
  switch (window.function) {
    case 'LINEAR': {
      if (value <= center - 0.5 - (width - 1) / 2) return 0;
      if (value > center - 0.5 + (width - 1) / 2) return 1;
      return (value - (center - 0.5)) / (width - 1) + 0.5;
    }
    case 'LINEAR_EXACT': {
      if (value <= center - width / 2) return 0;
      if (value > center + width / 2) return 1;
      return (value - center) / width + 0.5;
    }
    case 'SIGMOID':
      return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  }
}

/** Modality units → [0, 1]. */
export function applyVoi(lut: VoiLut, value: number): number {
  if (lut.kind === 'window') return applyWindow(lut, value);
  return Math.min(1, lookUp(lut, value) / (2 ** lut.bits - 1));
}

/** True when the formulas are defined for this VOI LUT: LINEAR needs a width of at least 1, the others above 0. */
export function isUsableVoi(lut: VoiLut): boolean {
  if (lut.kind === 'table') return lut.entries.length > 0 && lut.bits >= 1 && lut.bits <= 16;
  if (!Number.isFinite(lut.center) || !Number.isFinite(lut.width)) return false;
  return lut.function === 'LINEAR' ? lut.width >= 1 : lut.width > 0;
}

/** How one film's stored values become grey. `invert`: MONOCHROME1, applied after the VOI LUT. */
export interface DisplayChain {
  readonly modality: ModalityLut;
  readonly voi: VoiLut;
  readonly invert: boolean;
}

/** Stored value → 0…255, rounded half up. */
export function displayGrey(chain: DisplayChain, stored: number): number {
  const share = applyVoi(chain.voi, applyModality(chain.modality, stored));
  return Math.floor((chain.invert ? 1 - share : share) * 255 + 0.5);
}

/** Grey of stored value v is `grey[v - first]`. */
export interface DisplayLut {
  readonly first: number;
  readonly grey: Uint8Array;
}

/**
 * The display chain as a table over the stored values `minStored` … `maxStored` (both included, whole numbers).
 * @throws RangeError when the range holds more than 65,536 values
 */
export function buildDisplayLut(chain: DisplayChain, minStored: number, maxStored: number): DisplayLut {
  const length = maxStored - minStored + 1;
  if (!Number.isInteger(length) || length < 1 || length > MAX_DISPLAY_ENTRIES) {
    throw new RangeError(
      `A display table covers 1 to ${MAX_DISPLAY_ENTRIES} stored values, asked for ${length}.`,
    );
  }
  const grey = new Uint8Array(length);
  for (let index = 0; index < length; index++) grey[index] = displayGrey(chain, minStored + index);
  return { first: minStored, grey };
}

/** Applies a display table; values outside it take its end entries. */
export function applyDisplayLut(lut: DisplayLut, stored: ArrayLike<number>): Uint8Array {
  const result = new Uint8Array(stored.length);
  const last = lut.grey.length - 1;
  for (let index = 0; index < stored.length; index++) {
    const at = (stored[index] ?? 0) - lut.first;
    result[index] = lut.grey[at < 0 ? 0 : at > last ? last : at] ?? 0;
  }
  return result;
}

/** Smallest and largest stored value that the bits can hold. */
export function storedRange(
  bitsStored: number,
  signed: boolean,
): { readonly min: number; readonly max: number } {
  return signed
    ? { min: -(2 ** (bitsStored - 1)), max: 2 ** (bitsStored - 1) - 1 }
    : { min: 0, max: 2 ** bitsStored - 1 };
}

/** The values that a VOI LUT spreads over the grey scale, as an exact window: what presets and dragging start from. */
export function windowOf(lut: VoiLut): VoiWindow {
  if (lut.kind === 'window') return lut;
  const width = Math.max(1, lut.entries.length - 1);
  return { kind: 'window', center: lut.first + width / 2, width, function: 'LINEAR_EXACT' };
}

/**
 * A preset relative to a film's own window. A chest film has no Hounsfield units, so a preset is a change: `width` is a
 * factor, `shift` is a share of the own width towards what looks brighter.
 */
export interface WindowPreset {
  readonly name: string;
  readonly width: number;
  readonly shift: number;
}

export const WINDOW_PRESETS: readonly WindowPreset[] = [
  { name: 'Film', width: 1, shift: 0 },
  { name: 'Lung', width: 0.7, shift: -0.15 },
  { name: 'Mediastinum', width: 0.6, shift: 0.2 },
  { name: 'Bone', width: 0.5, shift: 0.1 },
  { name: 'High contrast', width: 0.5, shift: 0 },
  { name: 'Low contrast', width: 1.6, shift: 0 },
  { name: 'Behind the heart', width: 0.35, shift: 0.25 },
  { name: 'Lines and tubes', width: 0.4, shift: 0.15 },
  { name: 'Darker', width: 1, shift: 0.15 },
  { name: 'Lighter', width: 1, shift: -0.15 },
];

/** The window that a preset makes of a film's own VOI LUT; `invert` as in the display chain (MONOCHROME1). */
export function presetWindow(own: VoiLut, preset: WindowPreset, invert: boolean): VoiWindow {
  const base = windowOf(own);
  const least = base.function === 'LINEAR' ? 1 : Number.MIN_VALUE;
  return {
    kind: 'window',
    center: base.center + preset.shift * base.width * (invert ? -1 : 1),
    width: Math.max(least, base.width * preset.width),
    function: base.function,
    explanation: preset.name,
  };
}

/** What the default window needs to know about the pixels. */
export interface WindowInput {
  readonly modality: ModalityLut;
  readonly bitsStored: number;
  readonly signed: boolean;
  /** Stored values in this range (both ends included) are padding and are not counted. */
  readonly padding?: { readonly low: number; readonly high: number } | undefined;
}

/** Share of pixels that the default window leaves out at each end: markers, hot pixels, burnt-in text. */
export const DEFAULT_WINDOW_TAIL = 0.005;

/**
 * The window of a film that names none. Up to 8 bits the values are taken as ready for display (full range, like any
 * picture). Above that: from the 0.5th to the 99.5th percentile of the modality values, padding not counted. A film of one
 * value gets a width of 1 around it (middle grey). Always LINEAR_EXACT.
 */
export function defaultWindow(stored: ArrayLike<number>, input: WindowInput): VoiWindow {
  const range = storedRange(input.bitsStored, input.signed);
  const explanation = 'computed from the film';
  if (input.bitsStored <= 8) {
    const a = applyModality(input.modality, range.min);
    const b = applyModality(input.modality, range.max);
    if (a !== b) return exactWindow(Math.min(a, b), Math.max(a, b), explanation);
  }
  const [low, high] = input.bitsStored <= 16 ? tailsByCount(stored, input) : tailsBySort(stored, input);
  return exactWindow(low, high, explanation);
}

function exactWindow(low: number, high: number, explanation: string): VoiWindow {
  const width = high > low ? high - low : 1;
  return { kind: 'window', center: (low + high) / 2, width, function: 'LINEAR_EXACT', explanation };
}

function isPadding(value: number, padding: WindowInput['padding']): boolean {
  return padding !== undefined && value >= padding.low && value <= padding.high;
}

function tailsByCount(stored: ArrayLike<number>, input: WindowInput): [number, number] {
  const { min, max } = storedRange(input.bitsStored, input.signed);
  const counts = countValues(stored, min, max - min + 1);
  let total = 0;
  counts.forEach((count, at) => {
    if (isPadding(min + at, input.padding)) counts[at] = 0;
    else total += count;
  });
  if (total === 0 && input.padding !== undefined)
    return tailsByCount(stored, { ...input, padding: undefined });
  const levels: { value: number; count: number }[] = [];
  counts.forEach((count, at) => {
    if (count > 0) levels.push({ value: applyModality(input.modality, min + at), count });
  });
  levels.sort((a, b) => a.value - b.value);
  return tails(levels, total);
}

/** How often each value from `first` on occurs. A loop of nothing else: asking more of each of 20 million pixels takes seven times as long. */
function countValues(stored: ArrayLike<number>, first: number, levels: number): Int32Array {
  const counts = new Int32Array(levels);
  for (let index = 0; index < stored.length; index++) {
    const at = (stored[index] ?? 0) - first;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function tailsBySort(stored: ArrayLike<number>, input: WindowInput): [number, number] {
  const kept: number[] = [];
  const step = Math.max(1, Math.floor(stored.length / 1_000_000));
  for (let index = 0; index < stored.length; index += step) {
    const value = stored[index] ?? 0;
    if (!isPadding(value, input.padding)) kept.push(applyModality(input.modality, value));
  }
  if (kept.length === 0 && input.padding !== undefined)
    return tailsBySort(stored, { ...input, padding: undefined });
  kept.sort((a, b) => a - b);
  return tails(
    kept.map((value) => ({ value, count: 1 })),
    kept.length,
  );
}

/** Lowest and highest level once the tail at each end is gone. When nothing is left between, the outer levels. */
function tails(levels: readonly { value: number; count: number }[], total: number): [number, number] {
  const cut = total * DEFAULT_WINDOW_TAIL;
  const lowest = levels[0]?.value ?? 0;
  const highest = levels[levels.length - 1]?.value ?? lowest;
  let seen = 0;
  let low = lowest;
  for (const level of levels) {
    seen += level.count;
    low = level.value;
    if (seen > cut) break;
  }
  seen = 0;
  let high = highest;
  for (let index = levels.length - 1; index >= 0; index--) {
    const level = levels[index];
    if (level === undefined) break;
    seen += level.count;
    high = level.value;
    if (seen > cut) break;
  }
  return high > low ? [low, high] : [lowest, highest];
}
