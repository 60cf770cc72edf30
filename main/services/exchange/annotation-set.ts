/**
 * @file What was said of films, apart from any library or file format: gathered from the store, written and read by the
 * formats beside this file, compared after writing. Order carries no meaning but is kept.
 */
import { z } from 'zod';

const text = z.string().min(1).max(200);
const pixels = z.number().min(0).max(131_072);
const reader = text.nullable();

export const annotatedBox = z.object({
  finding: text,
  reader,
  /** Film pixels as stored, from the outer corner of the upper left one. */
  x: pixels,
  y: pixels,
  width: pixels,
  height: pixels,
  /** From 0. */
  frame: z.number().int().min(0).max(100_000),
  confidence: z.number().min(0).max(1).nullable(),
  /** Corners of what was drawn, [x, y] film pixels; null = the box itself. */
  outline: z
    .array(z.tuple([z.number(), z.number()]))
    .min(3)
    .max(2000)
    .nullable(),
});
export type AnnotatedBox = z.infer<typeof annotatedBox>;

export const REMARK_KINDS = ['answer', 'verdict', 'note', 'seconds'] as const;

export const annotatedFilm = z.object({
  filmId: z.string().regex(/^film-[0-9a-f]{32}$/),
  file: z.string().min(1).max(1024),
  width: z.number().int().min(1).max(131_072),
  height: z.number().int().min(1).max(131_072),
  /** T2 as the library knows it. */
  abnormal: z.boolean().nullable(),
  /** Known labels only. */
  labels: z.array(z.object({ finding: text, value: z.boolean() })),
  /** What each reader said. */
  readings: z.array(z.object({ reader: text, finding: text, value: z.boolean() })),
  boxes: z.array(annotatedBox),
  /**
   * Answers to questions (`about` = the question), verdicts on findings of the model, notes, and of a session that counts time the
   * seconds until a read (`about`) was signed.
   */
  remarks: z.array(
    z.object({
      reader: text,
      kind: z.enum(REMARK_KINDS),
      about: z.string().max(200),
      value: z.string().max(10_000),
    }),
  ),
});
export type AnnotatedFilm = z.infer<typeof annotatedFilm>;

export const annotationSet = z.object({
  /** In the order of their columns. */
  findings: z.array(text).max(2000),
  films: z.array(annotatedFilm),
});
export type AnnotationSet = z.infer<typeof annotationSet>;

/** A file of an export: a plain name, no folder. */
export interface ExportFile {
  readonly name: string;
  /** A stream for what need not fit into memory; such a file is compared by its path. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface WholeFile extends ExportFile {
  readonly bytes: Uint8Array;
}

export type FilesByName = ReadonlyMap<string, Uint8Array>;

/** One way to write a set. `read(write(set))` equals `held(set)`, which is checked for each export. */
export interface AnnotationFormat {
  write(set: AnnotationSet): readonly WholeFile[];
  /** @throws ServiceError BAD_INPUT naming what is wrong */
  read(files: FilesByName): Promise<AnnotationSet>;
  /** What of a set this format has a place for. */
  held(set: AnnotationSet): AnnotationSet;
  /** What it has no place for, as sentences. */
  leftOut(set: AnnotationSet): readonly string[];
}

export const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
