/** @file Contract of the library: import, films, labels, splits. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { labelVersion } from './label-version.ts';
import { empty, filmId, importId, part, procedure, progress, splitId, timestampMs } from './base.ts';

export const labelCount = z.object({
  finding: z.string(),
  positive: z.number().int(),
  negative: z.number().int(),
  unknown: z.number().int(),
});
export type LabelCount = z.infer<typeof labelCount>;

export const partCounts = z.object({
  films: z.number().int(),
  patients: z.number().int(),
  abnormal: z.number().int(),
  normal: z.number().int(),
  findings: z.array(labelCount),
});

export const split = z.object({
  id: splitId,
  name: z.string(),
  seed: z.number().int(),
  createdAt: timestampMs,
  parts: z.object({ train: partCounts, validation: partCounts, test: partCounts }),
  /** Patients that stand in two parts: always 0, counted from the stored rows, not assumed. */
  sharedPatients: z.number().int(),
  /** Sentences about what a reader of results should know (a class absent in a part, few positives). */
  warnings: z.array(z.string()),
});
export type Split = z.infer<typeof split>;

export const libraryOverview = z.object({
  name: z.string(),
  dir: z.string(),
  readOnly: z.boolean(),
  films: z.number().int(),
  patients: z.number().int(),
  bytes: z.number(),
  labels: z.array(labelCount),
  /** T2: abnormal = positive. */
  abnormal: labelCount,
  views: z.array(z.object({ view: z.string(), films: z.number().int() })),
  sources: z.array(z.object({ source: z.string(), films: z.number().int() })),
  splits: z.array(split),
  /** Films that several readers have read: a run may then choose what counts. */
  filmsReadTwice: z.number().int(),
  /** e.g. class imbalance, findings with fewer than 10 positives. */
  warnings: z.array(z.string()),
});
export type LibraryOverview = z.infer<typeof libraryOverview>;

export const filmRow = z.object({
  id: filmId,
  /** The file's own name, as imported. Shown only inside the app. */
  name: z.string(),
  /** Short form of the keyed patient hash, e.g. `P-3fa29c`. */
  patient: z.string(),
  view: z.string().nullable(),
  sex: z.string().nullable(),
  ageYears: z.number().nullable(),
  rows: z.number().int(),
  cols: z.number().int(),
  format: z.string(),
  source: z.string().nullable(),
  abnormal: z.boolean().nullable(),
  /** Findings known positive. */
  positives: z.array(z.string()),
  /** In the split named in the query, else in the newest one. */
  part: part.nullable(),
});
export type FilmRow = z.infer<typeof filmRow>;

export const filmBox = z.object({
  finding: z.string(),
  reader: z.string().nullable(),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
});
export type FilmBox = z.infer<typeof filmBox>;

export const filmDetail = filmRow.extend({
  modality: z.string().nullable(),
  photometric: z.string(),
  transferSyntax: z.string().nullable(),
  bitsStored: z.number().int(),
  frames: z.number().int(),
  studyDate: z.string().nullable(),
  importedAt: timestampMs,
  bytes: z.number().int(),
  pixelSha256: z.string(),
  /** null = unknown: not used for training or metrics. */
  labels: z.array(z.object({ finding: z.string(), value: z.boolean().nullable() })),
  /** What readers drew, in pixels of the film from its upper left corner. */
  boxes: z.array(filmBox),
  licence: z.string().nullable(),
});
export type FilmDetail = z.infer<typeof filmDetail>;

export const voiWindow = z.object({
  kind: z.literal('window'),
  center: z.number(),
  width: z.number(),
  function: z.enum(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']),
  explanation: z.string().optional(),
});
const lutTable = z.object({
  kind: z.literal('table'),
  first: z.number().int(),
  bits: z.number().int(),
  entries: z.array(z.number().int()),
  explanation: z.string().optional(),
});

/** One-bit graphics over a film (PS3.3 C.9.2): drawn over it, no part of its pixels. */
export const overlayPlane = z.object({
  rows: z.number().int(),
  cols: z.number().int(),
  /** Where its first pixel lies, film pixels from 0; it may lie beside the film. */
  left: z.number().int(),
  top: z.number().int(),
  type: z.enum(['graphics', 'roi']),
  /** The film's own words for it. */
  label: z.string().nullable(),
  /** Route of its bits: row by row without gaps, the first in the lowest bit of the first byte. */
  href: z.string(),
});
export type OverlayPlane = z.infer<typeof overlayPlane>;

/** A film as one of a patient's. */
export const patientFilm = z.object({
  id: filmId,
  /** The file's own name. Shown only inside the app. */
  name: z.string(),
  view: z.string().nullable(),
  /** YYYY-MM-DD as the film has it; null = it says none. */
  studyDate: z.string().nullable(),
});
export type PatientFilm = z.infer<typeof patientFilm>;

/** What the viewer needs to show stored pixels right: PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), photometric. */
export const viewerImage = z.object({
  filmId,
  frame: z.number().int(),
  frames: z.number().int(),
  rows: z.number().int(),
  cols: z.number().int(),
  /** Element type of the bytes at `href`, little-endian. Colour films come as their luminance, and in colour at `colour`. */
  elementType: z.enum(['uint8', 'int8', 'uint16', 'int16']),
  minStored: z.number(),
  maxStored: z.number(),
  invert: z.boolean(),
  modalityLut: z.union([
    z.object({ kind: z.literal('rescale'), slope: z.number(), intercept: z.number() }),
    lutTable,
  ]),
  /** The film's own VOI LUTs in file order, else one robust window made by the pipeline (`explanation` says so). */
  voiLuts: z.array(z.union([voiWindow, lutTable])).min(1),
  /** Millimetres a pixel [row, column] and where that comes from; null = unknown. */
  spacing: z
    .object({ row: z.number(), col: z.number(), source: z.enum(['detector', 'calibrated']) })
    .nullable(),
  /** Height : width of one pixel; 1 = square. */
  pixelAspect: z.number(),
  /** Route of the raw stored pixels. */
  href: z.string(),
  /**
   * Route of the picture in colour, 8-bit red, green, blue a pixel, and the value at `href` that 255 of a colour stands for;
   * null for a film without colour.
   */
  colour: z.object({ href: z.string(), peak: z.number().positive() }).nullable(),
  overlays: z.array(overlayPlane),
});
export type ViewerImage = z.infer<typeof viewerImage>;

/** A large film small enough to be on the screen at once, while the film itself is decoded. */
export const filmPreview = z.object({
  /** How frame 0 looks; its words (explanations) and overlay planes are left out. */
  image: viewerImage,
  /** Route of the picture: frame 0 as displayed with the film's first VOI LUT, pixels of the film's own shape. */
  href: z.string(),
});
export type FilmPreview = z.infer<typeof filmPreview>;

/** Which CSV column means what. A column not named in `findings` is not a label. */
export const columnMapping = z.object({
  file: z.string(),
  patient: z.string().nullable(),
  view: z.string().nullable(),
  sex: z.string().nullable(),
  age: z.string().nullable(),
  source: z.string().nullable(),
  licence: z.string().nullable(),
  /** Column with normal/abnormal (also 0/1, unknown); null = derived from "No finding". */
  abnormal: z.string().nullable(),
  /** Column with a given part (train/validation/test); null = none. */
  part: z.string().nullable(),
  findings: z.array(z.object({ column: z.string(), finding: z.string() })),
});
export type ColumnMapping = z.infer<typeof columnMapping>;

export const csvPreview = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())).describe('first 20 rows'),
  rowCount: z.number().int(),
  /** Our reading of the header, for the person to confirm. */
  suggested: columnMapping,
  unknownColumns: z.array(z.string()),
});
export type CsvPreview = z.infer<typeof csvPreview>;

/** Files and folders that one import may name. */
export const MOST_PATHS = 10_000;

/** Where files come from: folders and files of this computer, or an upload made through the byte route. */
export const importSource = z.object({
  paths: z.array(z.string().min(1).max(4096)).max(MOST_PATHS).default([]),
  uploadId: z.string().max(64).nullable().default(null),
  /** Path of the labels CSV, or its name within the upload. */
  labels: z.string().nullable().default(null),
  /** A CSV with a box a row, as `labels`; found by itself in known layouts. */
  boxes: z.string().nullable().default(null),
  mapping: columnMapping.nullable().default(null),
});
export type ImportSource = z.infer<typeof importSource>;

export const importSummary = z.object({
  imported: z.number().int(),
  duplicates: z.number().int(),
  skipped: z.array(z.object({ file: z.string(), code: z.string(), message: z.string() })),
  patients: z.number().int(),
  labels: z.array(labelCount),
  /** Things to know that stopped nothing: label rows without a film, films without a label row. */
  warnings: z.array(z.string()),
});
export type ImportSummary = z.infer<typeof importSummary>;

export const importEvent = z.object({
  seq: z.number().int(),
  importId,
  state: z.enum(['running', 'finished', 'cancelled', 'failed']),
  progress,
  /** Set once the import has ended. */
  summary: importSummary.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ImportEvent = z.infer<typeof importEvent>;

export const filmQuery = z.object({
  text: z.string().max(200).default(''),
  finding: z.string().nullable().default(null),
  abnormal: z.enum(['any', 'abnormal', 'normal', 'unknown']).default('any'),
  view: z.string().nullable().default(null),
  source: z.string().nullable().default(null),
  part: part.nullable().default(null),
  splitId: splitId.nullable().default(null),
  sort: z.enum(['name', 'patient', 'imported']).default('name'),
  descending: z.boolean().default(false),
  offset: z.number().int().nonnegative().default(0),
  limit: z.number().int().min(1).max(500).default(100),
});
export type FilmQuery = z.infer<typeof filmQuery>;

export const splitRequest = z.object({
  name: z.string().min(1).max(80).default('Split'),
  seed: z.number().int().nonnegative().default(1),
  /** Share of patients; train is the rest. */
  validation: z.number().min(0.02).max(0.4).default(0.1),
  test: z.number().min(0.02).max(0.5).default(0.2),
  /** Use the parts given in the labels CSV where present (refused when a patient stands on both sides). */
  useGivenParts: z.boolean().default(true),
});
export type SplitRequest = z.infer<typeof splitRequest>;

export const tag = z.object({
  tag: z.string(),
  vr: z.string(),
  keyword: z.string().nullable(),
  value: z.string(),
  depth: z.number().int(),
});
export type Tag = z.infer<typeof tag>;

export const libraryContract = {
  overview: procedure.input(empty).output(libraryOverview),
  films: procedure.input(filmQuery).output(z.object({ total: z.number().int(), rows: z.array(filmRow) })),
  film: procedure.input(z.object({ filmId })).output(filmDetail),
  /** All films of the patient of a film, itself too, the oldest first, then those without a date by name; at most 100. */
  patientFilms: procedure.input(z.object({ filmId })).output(z.array(patientFilm)),
  viewerImage: procedure
    .input(z.object({ filmId, frame: z.number().int().nonnegative().default(0) }))
    .output(viewerImage),
  /** null for a film that has none: `viewerImage` and its bytes are then quick, or are the only way. */
  preview: procedure.input(z.object({ filmId })).output(filmPreview.nullable()),
  tags: procedure.input(z.object({ filmId })).output(z.array(tag)),
  previewCsv: procedure
    .input(z.object({ path: z.string().nullable(), uploadId: z.string().nullable() }))
    .output(csvPreview),
  import: procedure.input(importSource).output(z.object({ importId })),
  openSample: procedure.input(empty).output(z.object({ importId })),
  cancelImport: procedure.input(z.object({ importId })).output(empty),
  /** The import that runs now or ran last, so that a re-opened window finds it. */
  currentImport: procedure.input(empty).output(importEvent.nullable()),
  watchImport: procedure.input(z.object({ importId })).output(eventIterator(importEvent)),
  /** Labels that came out of reviews, newest first; a run may learn one of them. */
  labelVersions: procedure.input(empty).output(z.array(labelVersion)),
  createSplit: procedure.input(splitRequest).output(split),
  splits: procedure.input(empty).output(z.array(split)),
};
