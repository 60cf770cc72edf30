/** @file The films of a plan in memory: 224-px grey bytes and labels; checks once more that no patient is in two parts. */

import type { PlanFilm } from '../../shared/worker/protocol.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { MicroBatch } from '../numeric/train/micro-batch.ts';
import { modelInputs, type InputView } from './model-input.ts';

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

export class FilmSet {
  readonly films: readonly PlanFilm[];
  readonly size: number;
  /** All images one after another, one byte a pixel: 50 kB a film. Shared, so that another thread can read them. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;

  private constructor(films: readonly PlanFilm[], size: number, pixels: Uint8Array<SharedArrayBuffer>) {
    this.films = films;
    this.size = size;
    this.pixels = pixels;
  }

  /** Reads every film's image of `size` × `size` bytes; `between` is awaited now and then. @throws FilmSetError */
  static async load(
    vault: LibraryVault,
    films: readonly PlanFilm[],
    findings: number,
    size: number,
    between: () => Promise<void> = () => Promise.resolve(),
  ): Promise<FilmSet> {
    checkParts(films);
    const area = size * size;
    const pixels = new Uint8Array(new SharedArrayBuffer(films.length * area));
    for (const [index, film] of films.entries()) {
      if (film.t1.length !== findings) {
        throw new FilmSetError(
          'INCOMPATIBLE',
          `Film ${film.filmId} has ${film.t1.length} labels, the run has ${findings} findings.`,
        );
      }
      let bytes: Uint8Array;
      try {
        bytes = await vault.read(film.image);
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
    return this.pixels.subarray(index * area, (index + 1) * area);
  }

  /** What a model gets of films: [b, S, S, 1], 0..1. `view` is the number of their change; null = as they are. */
  images(indices: Uint32Array, input: InputView, view: number | null = null): Float32Array<ArrayBuffer> {
    return modelInputs(this.pixels, this.size, indices, input, view);
  }

  /** Labels of films, NaN where unknown: t1 [b, K], t2 [b]. */
  labels(indices: Uint32Array): Pick<MicroBatch, 'films' | 't1' | 't2'> {
    const chosen = Array.from(indices, (index) => {
      const film = this.films[index];
      if (film === undefined) throw new Error(`no film at position ${index}`);
      return film;
    });
    return {
      films: chosen.length,
      t1: Float32Array.from(chosen.flatMap((film) => film.t1.map((label) => label ?? Number.NaN))),
      t2: Float32Array.from(chosen, (film) => film.t2 ?? Number.NaN),
    };
  }
}
