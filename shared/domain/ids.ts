/** @file Branded identifiers. A branded id cannot be passed where another kind of id is meant. */

export type FilmId = string & { readonly __id: 'film' };
export type PatientKey = string & { readonly __id: 'patient' };
export type SplitId = string & { readonly __id: 'split' };
export type RunId = string & { readonly __id: 'run' };
export type ImportId = string & { readonly __id: 'import' };
export type StudyId = string & { readonly __id: 'study' };
export type ReaderId = string & { readonly __id: 'reader' };
export type ReviewId = string & { readonly __id: 'review' };
export type LabelVersionId = string & { readonly __id: 'label-version' };
export type DecisionId = string & { readonly __id: 'decision' };
export type ReadingId = string & { readonly __id: 'reading' };
export type ExportId = string & { readonly __id: 'export' };
export type DeidentificationId = string & { readonly __id: 'deidentification' };

/** Shape of every id we make: a kind prefix, a dash and 12 or more lower-case hex or base-32 characters. */
export const ID_PATTERN = /^[a-z]+-[0-9a-z]{8,40}$/;
