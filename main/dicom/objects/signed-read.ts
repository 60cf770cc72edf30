/** @file One reader's signed read of one film, or what was drawn on it in the reading room, as DICOM objects tell it. */
import type { Shape } from '../../../shared/domain/shape.ts';

export interface SignedRead {
  /** Ids that the objects' UIDs follow from. */
  readonly reviewId: string;
  readonly readerId: string;
  readonly versionId: string;
  readonly reviewName: string;
  readonly readerName: string;
  readonly signedAt: number;
  readonly findings: readonly { readonly name: string; readonly isPresent: boolean }[];
  readonly marks: readonly {
    /** Blank = a shape that nobody named. */
    readonly finding: string;
    readonly shape: Shape;
    readonly confidence: number | null;
  }[];
  /** Answers and the note, as sentences. */
  readonly comments: readonly string[];
  /** Frames that are key images, from 0. */
  readonly keyFrames: readonly number[];
}

/** Points as [column, row, …] of single precision within the film (PS3.3 C.18.6, C.10.5: the same place for 0\0). */
export function graphicData(
  points: readonly { readonly x: number; readonly y: number }[],
  { rows, cols }: { readonly rows: number; readonly cols: number },
): number[] {
  return points.flatMap(({ x, y }) => [
    Math.fround(Math.min(cols, Math.max(0, x))),
    Math.fround(Math.min(rows, Math.max(0, y))),
  ]);
}

/** A name typed in one field, as the one part of a person's name that it then is (PS3.5 6.2.1.2). */
export function personName(name: string): string {
  return `${name.replaceAll(/[\\^=]/g, ' ').slice(0, 63)}^`;
}
