/** @file What the service asks a decoding thread for, and what comes back. Same process, typed arrays are handed over. */
import type { ModalityLut, VoiLut } from '../../../shared/domain/lut.ts';

/** What the library keeps about a film beside its pixels. */
export interface FilmHeader {
  readonly format: string;
  readonly modality: string | null;
  readonly transferSyntax: string | null;
  readonly photometric: string;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly bitsStored: number;
  readonly view: string | null;
  readonly sex: string | null;
  readonly ageYears: number | null;
  readonly bodyPart: string | null;
}

/** A film ready to be stored. */
export interface PreparedFilm {
  readonly header: FilmHeader;
  /** Identity as the file has it; only its keyed hash is kept. */
  readonly patientId: string | null;
  readonly pixelSha256: string;
  /** The file as it came. */
  readonly original: Uint8Array;
  /** [224 × 224] grey. */
  readonly model: Uint8Array;
  /** PNG, long side 160 px. */
  readonly thumbnail: Uint8Array;
  readonly pipeline: string;
  /** Sentences about what is odd with the film; it can be used nevertheless. */
  readonly warnings: readonly string[];
}

/** One frame for the viewer: stored values, little-endian, and how they become grey. */
export interface ViewedFrame {
  readonly pixels: Uint8Array;
  readonly elementType: 'uint8' | 'int8' | 'uint16' | 'int16';
  readonly minStored: number;
  readonly maxStored: number;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly invert: boolean;
  readonly modalityLut: ModalityLut;
  readonly voiLuts: readonly VoiLut[];
  readonly spacing: {
    readonly row: number;
    readonly col: number;
    readonly source: 'detector' | 'calibrated';
  } | null;
  readonly pixelAspect: number;
}

export interface FilmTag {
  readonly tag: string;
  readonly vr: string;
  readonly keyword: string | null;
  readonly value: string;
  readonly depth: number;
}

export type DecodeTask =
  | { readonly kind: 'prepare'; readonly path: string; readonly name: string }
  | { readonly kind: 'view'; readonly path: string; readonly name: string; readonly frame: number }
  | { readonly kind: 'tags'; readonly path: string; readonly name: string };

export interface DecodeAnswers {
  readonly prepare: PreparedFilm;
  readonly view: ViewedFrame;
  readonly tags: readonly FilmTag[];
}

export interface DecodeRequest {
  readonly job: number;
  readonly task: DecodeTask;
}

export type DecodeReply =
  | { readonly job: number; readonly ok: true; readonly answer: DecodeAnswers[keyof DecodeAnswers] }
  | {
      readonly job: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** A defect of ours: where it happened, for the log. */
      readonly fault?: string;
    };
