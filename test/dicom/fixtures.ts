/** @file Reads the committed films, pictures and golden values for the tests of this folder. */
import { readdirSync, readFileSync } from 'node:fs';

import { textElement, writePart10 } from '../../main/dicom/part10-writer.ts';
import { readFilm, type DecodedFilm } from '../../main/dicom/film.ts';
import { FilmError } from '../../main/dicom/film-error.ts';

const ROOT = new URL('../fixtures/dicom/', import.meta.url);

export interface GoldenFilm {
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly samples: number;
  /** null where the lossy form may name another one. */
  readonly photometric: string | null;
  readonly bitsStored: number;
  readonly signed: boolean;
  /** null for lossy films. */
  readonly rawSha256: string | null;
  readonly mlut: { readonly min: number; readonly max: number; readonly mean: number } | null;
  /** File in `display/`. */
  readonly display?: string;
  /** LINEAR window that `display` was made with; the film's own where left out. */
  readonly window?: { readonly center: number; readonly width: number };
}

export const golden = Object.entries(
  JSON.parse(readFileSync(new URL('golden.json', ROOT), 'utf8')) as Record<string, GoldenFilm>,
);

export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, ROOT)));
}

export function fixtureNames(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, ROOT)).sort();
}

export function film(path: string): Promise<DecodedFilm> {
  return readFilm(fixture(path), path);
}

/** The code that reading ends with, or `read`. Any other error fails the test. */
export async function outcome(bytes: Uint8Array, name: string): Promise<string> {
  try {
    await readFilm(bytes, name);
    return 'read';
  } catch (error) {
    if (error instanceof FilmError) return error.code;
    throw error;
  }
}

/** Grey values of a binary PGM, or the luminance of a PPM. */
export function readPnm(bytes: Uint8Array): { width: number; height: number; grey: Float64Array } {
  const head = /^P([56])\s+(\d+)\s+(\d+)\s+255\s/.exec(
    Buffer.from(bytes.subarray(0, 100)).toString('latin1'),
  );
  if (head === null) throw new Error('not a binary PGM or PPM');
  const [width, height] = [Number(head[2]), Number(head[3])];
  const cells = bytes.subarray(head[0].length);
  const colour = head[1] === '6';
  const grey = Float64Array.from({ length: width * height }, (_, pixel) =>
    colour
      ? 0.299 * (cells[pixel * 3] ?? 0) +
        0.587 * (cells[pixel * 3 + 1] ?? 0) +
        0.114 * (cells[pixel * 3 + 2] ?? 0)
      : (cells[pixel] ?? 0),
  );
  return { width, height, grey };
}

/** Largest absolute difference, and the mean one. */
export function differences(a: ArrayLike<number>, b: ArrayLike<number>): { max: number; mean: number } {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let max = 0;
  let sum = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs((a[index] ?? NaN) - (b[index] ?? NaN));
    max = Math.max(max, difference);
    sum += difference;
  }
  return { max, mean: sum / a.length };
}

export interface MadeImage {
  readonly photometric: string;
  readonly rows: number;
  readonly cols: number;
  readonly bits: number;
  readonly pixels: Uint8Array;
  readonly samples?: number;
  readonly frames?: number;
  readonly signed?: boolean;
}

/** A DICOM file of these pixels and nothing else. */
export function madeFile(image: MadeImage): Uint8Array {
  const { photometric, rows, cols, bits, pixels, samples = 1, frames = 1, signed = false } = image;
  const short = (tag: number, value: number) => ({
    tag,
    vr: 'US',
    value: Uint8Array.of(value & 255, value >> 8),
  });
  return writePart10({ sopClassUid: '1.2.3', sopInstanceUid: '1.2.4', implementationVersion: 'TEST' }, [
    short(0x00280002, samples),
    textElement(0x00280004, 'CS', photometric),
    textElement(0x00280008, 'IS', `${frames}`),
    short(0x00280010, rows),
    short(0x00280011, cols),
    short(0x00280100, bits),
    short(0x00280101, bits),
    short(0x00280102, bits - 1),
    short(0x00280103, signed ? 1 : 0),
    { tag: 0x7fe00010, vr: bits === 8 ? 'OB' : 'OW', value: pixels },
  ]);
}
