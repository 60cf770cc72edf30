/** @file The films of a plan in memory: 224-px grey bytes and labels; checks once more that no patient is in two parts. */
import { readFile } from 'node:fs/promises';

import type { InputSettings, Reducer, Upsampler } from '../../shared/domain/recipe.ts';
import {
  areaAverage,
  bicubic,
  bilinear,
  nearest,
  toGreyBytes,
  type Resize,
} from '../../shared/domain/resample.ts';
import type { PlanFilm } from '../../shared/worker/protocol.ts';
import { renderView, type ViewSettings } from '../numeric/augment/views.ts';
import type { MicroBatch } from '../numeric/train/micro-batch.ts';

/** Films that are read before messages are let in. */
const FILMS_A_TURN = 64;

/** The plan and the files behind it do not agree; nothing was computed. */
export class FilmSetError extends Error {
  readonly code: 'SPLIT_LEAKS' | 'INCOMPATIBLE' | 'UNREADABLE_FILE';
  constructor(code: FilmSetError['code'], message: string) {
    super(message);
    this.name = 'FilmSetError';
    this.code = code;
  }
}

/** @throws FilmSetError SPLIT_LEAKS naming how many patients stand in more than one part. */
export function checkParts(films: readonly Pick<PlanFilm, 'patient' | 'part'>[]): void {
  const partOf = new Map<string, string>();
  const shared = new Set<string>();
  for (const { patient, part } of films) {
    const known = partOf.get(patient);
    if (known !== undefined && known !== part) shared.add(patient);
    partOf.set(patient, part);
  }
  if (shared.size > 0) {
    throw new FilmSetError(
      'SPLIT_LEAKS',
      `${shared.size} patient${shared.size === 1 ? ' is' : 's are'} in more than one part of the split. Nothing was trained; make a new split.`,
    );
  }
}

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

export class FilmSet {
  readonly films: readonly PlanFilm[];
  readonly size: number;
  /** All images one after another, one byte a pixel: 50 kB a film. */
  readonly #pixels: Uint8Array;

  private constructor(films: readonly PlanFilm[], size: number, pixels: Uint8Array) {
    this.films = films;
    this.size = size;
    this.#pixels = pixels;
  }

  /** Reads every film's image of `size` × `size` bytes; `between` is awaited now and then. @throws FilmSetError */
  static async load(
    films: readonly PlanFilm[],
    findings: number,
    size: number,
    between: () => Promise<void> = () => Promise.resolve(),
  ): Promise<FilmSet> {
    checkParts(films);
    const area = size * size;
    const pixels = new Uint8Array(films.length * area);
    for (const [index, film] of films.entries()) {
      if (film.t1.length !== findings) {
        throw new FilmSetError(
          'INCOMPATIBLE',
          `Film ${film.filmId} has ${film.t1.length} labels, the run has ${findings} findings.`,
        );
      }
      let bytes: Uint8Array;
      try {
        bytes = await readFile(film.image);
      } catch {
        throw new FilmSetError(
          'UNREADABLE_FILE',
          `The image of film ${film.filmId} cannot be read. Verify the library, then start again.`,
        );
      }
      if (bytes.length !== area) {
        throw new FilmSetError(
          'INCOMPATIBLE',
          `The image of film ${film.filmId} has ${bytes.length} bytes, expected ${area}. Verify the library, then start again.`,
        );
      }
      pixels.set(bytes, index * area);
      if (index % FILMS_A_TURN === FILMS_A_TURN - 1) await between();
    }
    return new FilmSet(films, size, pixels);
  }

  /** Positions of the films of one part, in plan order. */
  part(part: PlanFilm['part']): Uint32Array {
    return Uint32Array.from(this.films.keys()).filter((index) => this.films[index]?.part === part);
  }

  /** 224-px grey bytes of one film; a view. */
  image(index: number): Uint8Array {
    const area = this.size * this.size;
    return this.#pixels.subarray(index * area, (index + 1) * area);
  }

  /** One micro-batch without teacher outputs; unknown labels become NaN. `view` changes a film, by its position. */
  microBatch(indices: Uint32Array, input: InputView, view?: (film: number) => ViewSettings): MicroBatch {
    const area = input.side * input.side;
    const images = new Float32Array(indices.length * area);
    const chosen = Array.from(indices, (index) => {
      const film = this.films[index];
      if (film === undefined) throw new Error(`no film at position ${index}`);
      return film;
    });
    indices.forEach((index, position) => {
      const film =
        view === undefined ? this.image(index) : renderView(this.image(index), this.size, view(index));
      images.set(modelInput(film, this.size, input), position * area);
    });
    return {
      films: chosen.length,
      images,
      t1: Float32Array.from(chosen.flatMap((film) => film.t1.map((label) => label ?? Number.NaN))),
      t2: Float32Array.from(chosen, (film) => film.t2 ?? Number.NaN),
      teacher: null,
    };
  }
}
