/** @file What the service asks a decoding process for, and what comes back: structured clones over the channel between the two. */
import type { CleanFile } from '../../dicom/deidentify/clean-file.ts';
import type { BlackBox, DeidentifyOptions } from '../../dicom/deidentify/options.ts';
import type { TagRow } from '../../dicom/tag-list.ts';
import type { ViewerFrame } from '../../dicom/viewer-frame.ts';

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
  /** As preview-file.ts packs it; null for a film that needs none. */
  readonly preview: Uint8Array | null;
  readonly pipeline: string;
  /** Sentences about what is odd with the film; it can be used nevertheless. */
  readonly warnings: readonly string[];
}

/** One frame for the viewer and how large the film is. */
export interface ViewedFrame extends ViewerFrame {
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  /** As preview-file.ts packs it; null when none was asked for or the film needs none. */
  readonly preview: Uint8Array | null;
}

/** A film without its patient. The key stays between this app's own processes. */
export interface DeidentifyTask {
  readonly kind: 'deidentify';
  readonly path: string;
  readonly name: string;
  readonly key: Uint8Array;
  /** The library's own key of the patient. */
  readonly patient: string;
  readonly options: DeidentifyOptions;
  readonly boxes: readonly BlackBox[];
  readonly pixelsSeen: boolean;
  readonly version: string;
}

export interface FoundWriting {
  readonly regions: readonly BlackBox[];
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
}

export type DecodeTask =
  | { readonly kind: 'prepare'; readonly path: string; readonly name: string }
  | {
      readonly kind: 'view';
      readonly path: string;
      readonly name: string;
      readonly frame: number;
      /** Make a preview too. */
      readonly preview: boolean;
    }
  | { readonly kind: 'tags'; readonly path: string; readonly name: string }
  | { readonly kind: 'writing'; readonly path: string; readonly name: string }
  | DeidentifyTask;

export interface DecodeAnswers {
  readonly prepare: PreparedFilm;
  readonly view: ViewedFrame;
  readonly tags: readonly TagRow[];
  readonly writing: FoundWriting;
  readonly deidentify: CleanFile;
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
