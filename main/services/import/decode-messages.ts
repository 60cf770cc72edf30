/** @file What the service asks a decoding process for, and what comes back: structured clones over the channel between the two. */
import type { CleanFile } from '../../dicom/deidentify/clean-file.ts';
import type { FilmDescription } from '../../dicom/render.ts';
import type { BlackBox, DeidentifyOptions } from '../../dicom/deidentify/options.ts';
import type { FilmErrorDetail } from '../../dicom/film-error.ts';
import type { LibraryAccess } from '../../files/vault.ts';
import type { TagRow } from '../../dicom/tag-list.ts';
import type { ViewerFrame } from '../../dicom/viewer-frame.ts';
import type { FilmFacts } from '../inference/suitability.ts';

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
  /** As the file has it: for a warning only. */
  readonly bodyPart: string | null;
  /** Height : width of one pixel. */
  readonly aspect: number;
}

/** What tells whether a model was made for a film, read from its header alone. */
export interface HeaderFacts {
  /** Height : width of one pixel. */
  readonly pixelAspect: number;
  /** A word of the standard, else null. */
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
  /** The library's own key of the patient; null = as the film says. */
  readonly patient: string | null;
  readonly options: DeidentifyOptions;
  readonly boxes: readonly BlackBox[];
  readonly pixelsSeen: boolean;
  readonly version: string;
}

/** What the command line tells of a film. */
export interface DescribedFilm {
  readonly description: FilmDescription;
  /** As displayed; null when none was asked for. */
  readonly png: Uint8Array | null;
}

/** What a model is asked about a film that is in no library, and what its suitability is judged by. */
export interface ModelView {
  readonly pixelSha256: string;
  /** [224 × 224] grey. */
  readonly image: Uint8Array;
  readonly facts: FilmFacts;
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
  | { readonly kind: 'facts'; readonly path: string; readonly format: string }
  | { readonly kind: 'writing'; readonly path: string; readonly name: string }
  | { readonly kind: 'describe'; readonly path: string; readonly name: string; readonly png: boolean }
  | { readonly kind: 'model'; readonly path: string; readonly name: string }
  | DeidentifyTask;

export interface DecodeAnswers {
  readonly prepare: PreparedFilm;
  readonly view: ViewedFrame;
  readonly tags: readonly TagRow[];
  readonly facts: HeaderFacts;
  readonly writing: FoundWriting;
  readonly describe: DescribedFilm;
  readonly model: ModelView;
  readonly deidentify: CleanFile;
}

export interface DecodeRequest {
  readonly job: number;
  /** Resident memory above which the process ends itself. */
  readonly maxBytes: number;
  /** What the films of an encrypted library are opened with; null = it is plain. */
  readonly access: LibraryAccess | null;
  readonly task: DecodeTask;
}

export type DecodeReply =
  | { readonly job: number; readonly ok: true; readonly answer: DecodeAnswers[keyof DecodeAnswers] }
  | {
      readonly job: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** The numbers of a FilmError. */
      readonly detail?: FilmErrorDetail;
      /** A defect of ours: where it happened, for the log. */
      readonly fault?: string;
    };
