/** @file What a model gets of a film: a change of view, the round trip through a low resolution, values 0..1. */
import type { InputSettings, Reducer, Upsampler } from '../../shared/domain/recipe.ts';
import {
  areaAverage,
  bicubic,
  bilinear,
  nearest,
  toGreyBytes,
  type Resize,
} from '../../shared/domain/resample.ts';
import { freeArrays } from '../numeric/free-arrays.ts';
import { renderView, viewSettings } from '../numeric/augment/views.ts';

/** Which pixels a model gets: a low-resolution film at its own size or enlarged. */
export interface InputView {
  /** Pixels a side that the film is reduced to. */
  readonly resolution: number;
  /** Pixels a side of the model's input. */
  readonly side: number;
  readonly reduce: Reducer;
  readonly upsample: Upsampler;
}

const REDUCE: Readonly<Record<Reducer, Resize>> = { area: areaAverage, bilinear, nearest };
const ENLARGE: Readonly<Record<Upsampler, Resize>> = { bilinear, bicubic, nearest };

/** The input of the model `vit` of a run. */
export function inputOf(
  config: { readonly resolution: number; readonly input: Pick<InputSettings, 'reduce' | 'upsample'> },
  vit: { readonly imageSize: number },
): InputView {
  const { reduce, upsample } = config.input;
  return { resolution: config.resolution, side: vit.imageSize, reduce, upsample };
}

/**
 * What a model gets from one film [size², grey bytes]: at full size the film itself, below it made small, rounded to
 * grey bytes as a stored low-resolution film is, then enlarged to the model's input where that is larger. Values 0..1,
 * [side²]. @throws RangeError when the model's input is neither of the two sizes
 */
export function modelInput(image: Uint8Array, size: number, input: InputView): Float32Array {
  const grey = lowGrey(image, size, input);
  const values = new Float32Array(grey.length); // a loop: Float32Array.from is ten times as slow
  for (let at = 0; at < values.length; at += 1) values[at] = Math.min(255, Math.max(0, grey[at] ?? 0)) / 255;
  return values;
}

function lowGrey(image: Uint8Array, size: number, input: InputView): Uint8Array | Float32Array {
  const { resolution, side, reduce, upsample } = input;
  if (side !== size && side !== resolution) {
    throw new RangeError(`A model of ${side} px takes no film of ${size} px at ${resolution} px.`);
  }
  if (resolution === size) return image;
  const low = toGreyBytes(REDUCE[reduce](image, size, size, resolution, resolution));
  return side === resolution ? low : ENLARGE[upsample](low, resolution, resolution, side, side);
}

/**
 * `modelInput` of the films at `indices` of `pixels`, which has films of `size` × `size` grey bytes one after another, each
 * changed as its view number `view` is; null = as they are. [b, S, S, 1].
 */
export function modelInputs(
  pixels: Uint8Array,
  size: number,
  indices: Uint32Array,
  input: InputView,
  view: number | null,
): Float32Array<ArrayBuffer> {
  const area = size * size;
  const images = new Float32Array(indices.length * input.side ** 2);
  indices.forEach((index, row) => {
    const film = pixels.subarray(index * area, (index + 1) * area);
    const seen = view === null ? film : renderView(film, size, viewSettings(view, index, size));
    const values = modelInput(seen, size, input);
    images.set(values, row * input.side ** 2);
    freeArrays([values]);
  });
  return images;
}
