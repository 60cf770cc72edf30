/** @file Contract of de-identification: what would happen to a film's header, writing in its picture, films without their patients. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { ID_PATTERN, type DeidentificationId } from '../domain/ids.ts';
import { empty, filmId, procedure, progress } from './base.ts';

export const deidentificationId = z
  .string()
  .max(64)
  .regex(ID_PATTERN)
  .transform((value) => value as DeidentificationId);

const whole = z.number().int().nonnegative().max(100_000);
/** In pixels of the stored frame. */
export const blackBox = z.object({ x: whole, y: whole, width: whole.min(1), height: whole.min(1) });
export type BlackBox = z.infer<typeof blackBox>;
const boxes = z.array(blackBox).max(200);

export const deidentifyChoice = z.object({
  /** Dates stay, moved by a number of days that is the patient's own. */
  shiftDates: z.boolean(),
  keepPatientCharacteristics: z.boolean(),
  keepDevice: z.boolean(),
  keepOverlays: z.boolean(),
});
export type DeidentifyChoice = z.infer<typeof deidentifyChoice>;

export const headerAction = z.object({
  /** `(0010,0010)`. */
  tag: z.string(),
  keyword: z.string().nullable(),
  vr: z.string(),
  depth: z.number().int(),
  treatment: z.enum(['removed', 'emptied', 'replaced', 'new-uid', 'moved', 'kept', 'written']),
  reason: z.enum(['profile', 'picture', 'not-needed', 'private', 'odd-value', 'holds-identity', 'record']),
  before: z.string(),
  after: z.string(),
});
export type HeaderAction = z.infer<typeof headerAction>;

export const deidentifyPreview = z.object({
  /** False: a plain picture, of which only the pixels are written. */
  hasHeader: z.boolean(),
  patientCode: z.string(),
  /** Method codes of (0012,0064), in words. */
  methods: z.array(z.string()),
  actions: z.array(headerAction),
});
export type DeidentifyPreview = z.infer<typeof deidentifyPreview>;

export const writingFound = z.object({
  /** Lines of what looks like writing in the first frame, largest first. */
  regions: z.array(blackBox),
  rows: z.number().int(),
  cols: z.number().int(),
  frames: z.number().int(),
});
export type WritingFound = z.infer<typeof writingFound>;

export const deidentifyRequest = z.object({
  films: z
    .array(
      z.object({
        filmId,
        boxes: boxes.default([]),
        /** A person looked at the picture, with the boxes set. */
        seen: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(10_000)
    .refine((list) => new Set(list.map((one) => one.filmId)).size === list.length, 'A film is named twice.'),
  choice: deidentifyChoice,
  /** Folder of this computer in which a folder with the films is made; null = within the library. */
  folder: z.string().min(1).max(4096).nullable().default(null),
});
export type DeidentifyRequest = z.infer<typeof deidentifyRequest>;

export const deidentifyResult = z.object({
  /** Absolute path of the folder that has the films. */
  folder: z.string(),
  films: z.number().int().nonnegative(),
  patients: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  /** Films that were left out, and why. */
  left: z.array(z.object({ filmId, code: z.string(), message: z.string() })),
});
export type DeidentifyResult = z.infer<typeof deidentifyResult>;

export const deidentifyEvent = z.object({
  seq: z.number().int(),
  deidentificationId,
  state: z.enum(['running', 'finished', 'cancelled', 'failed']),
  progress,
  result: deidentifyResult.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type DeidentifyEvent = z.infer<typeof deidentifyEvent>;

export const deidentifyContract = {
  /** Looks for writing in a film's picture. It reads nothing and misses some: a person has to look. */
  writing: procedure.input(z.object({ filmId })).output(writingFound),
  /** What would be done with each field of the header; holds the patient's data as they are. Nothing is written. */
  preview: procedure.input(z.object({ filmId, choice: deidentifyChoice })).output(deidentifyPreview),
  start: procedure.input(deidentifyRequest).output(z.object({ deidentificationId })),
  /** Nothing is left of it. */
  cancel: procedure.input(z.object({ deidentificationId })).output(empty),
  /** The one at work, or the last since the library was opened. */
  current: procedure.input(empty).output(deidentifyEvent.nullable()),
  watch: procedure.input(z.object({ deidentificationId })).output(eventIterator(deidentifyEvent)),
};
