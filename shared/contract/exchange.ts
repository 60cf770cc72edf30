/** @file Contract of exchange: what leaves the library, checked by reading it back, and where it lies. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { EXPORT_KINDS, READ_CHOICES, TABLE_FORMATS } from '../domain/exchange.ts';
import { ID_PATTERN, type ExportId } from '../domain/ids.ts';
import { empty, filmId, procedure, progress, reviewId, runId, timestampMs } from './base.ts';
import { report } from './evaluation.ts';
import { modelCard } from './model-card.ts';
import { columnMapping } from './library.ts';
import { filmScores, outsideModelId, takenScores } from './outside-scores.ts';
import { readerToken } from './readers.ts';

export const exportId = z
  .string()
  .max(64)
  .regex(ID_PATTERN)
  .transform((value) => value as ExportId);

const count = z.number().int().nonnegative();

/** Who asks; a session's reads leave only for an adjudicator or owner who has none of its films left to read. */
const asked = z.object({ token: readerToken.nullable().default(null) });

export const passphrase = z.string().min(8, 'A passphrase has at least 8 characters.').max(1024);

export const exportRequest = asked.extend({
  what: z.enum(EXPORT_KINDS),
  /** Of annotations and predictions. */
  format: z.enum(TABLE_FORMATS).default('csv'),
  /** null = every film of the library; of sr and gsps what was drawn in the reading room, or the scores of a run. */
  reviewId: reviewId.nullable().default(null),
  /** Whose scores or model; of predictions, bundles and sr only. */
  runId: runId.nullable().default(null),
  /** Which signed read of a session's readers counts. */
  reads: z.enum(READ_CHOICES).default('last'),
  /** Folder of this computer in which a folder with the export is made; null = within the library. */
  folder: z.string().min(1).max(4096).nullable().default(null),
  /** Of a session package or model bundle: encrypts it; null = readable by whoever has the file. */
  passphrase: passphrase.nullable().default(null),
  /** Of a session package: the films go with it, as they came into the library. */
  withFilms: z.boolean().default(false),
});
export type ExportRequest = z.infer<typeof exportRequest>;

export const exportRecord = z.object({
  id: exportId,
  what: z.enum(EXPORT_KINDS),
  format: z.enum(TABLE_FORMATS).nullable(),
  /** Of whose reads, and of whose scores, as they were asked for. */
  reviewId: reviewId.nullable().default(null),
  runId: runId.nullable().default(null),
  /** What it is of: a session's or run's name, or the library's. */
  title: z.string(),
  /** Absolute path of the folder that has the files. */
  folder: z.string(),
  films: z.number().int().nonnegative(),
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.number().int().nonnegative(),
      sha256: z.string(),
      /** Byte route of the file; null when it was saved outside of the library. */
      href: z.string().nullable(),
    }),
  ),
  /** What the format has no place for, and what was left out. */
  notes: z.array(z.string()),
  /** How it was checked, as a sentence. */
  check: z.string(),
  createdAt: timestampMs,
});
export type ExportRecord = z.infer<typeof exportRecord>;

export const exportEvent = z.object({
  seq: z.number().int(),
  exportId,
  state: z.enum(['running', 'finished', 'cancelled', 'failed']),
  progress,
  /** Set once it is done. */
  result: exportRecord.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ExportEvent = z.infer<typeof exportEvent>;

/** A package or bundle of this computer, or a file of an upload. */
const packageSource = z
  .object({
    path: z.string().min(1).max(4096).nullable().default(null),
    uploadId: z.string().max(64).nullable().default(null),
    passphrase: z.string().max(1024).nullable().default(null),
  })
  .refine(({ path }) => path !== null, 'Choose a package.');

export const packageView = z.object({
  reviewId,
  name: z.string(),
  createdAt: timestampMs,
  encrypted: z.boolean(),
  /** `isKnown`: accepted here before, or this library itself. */
  signer: z.object({ name: z.string(), fingerprint: z.string(), isKnown: z.boolean() }),
  readers: z.array(z.string()),
  films: count,
  filmsPacked: count,
  filmsHere: count,
  filmsMissing: count,
  versions: count,
  /** That are not in this library yet. */
  versionsNew: count,
  /** The session is in this library. */
  isHere: z.boolean(),
});
export type PackageView = z.infer<typeof packageView>;

export const mergeResult = z.object({
  reviewId,
  name: z.string(),
  isNewReview: z.boolean(),
  readersAdded: count,
  versionsAdded: count,
  versionsKnown: count,
  decisionsAdded: count,
  filmsImported: count,
  filmsMissing: z.array(filmId),
  /** Read at both sites: both histories are kept. */
  readTwice: z.array(z.object({ reader: z.string(), filmId })),
  /** Settled at both sites apart: both decisions are kept, the one that came in counts. */
  settledTwice: z.array(filmId),
  notes: z.array(z.string()),
});
export type MergeResult = z.infer<typeof mergeResult>;

export const bundleView = z.object({
  card: modelCard,
  createdAt: timestampMs,
  /** Version of Chestlight that made it. */
  app: z.string(),
  encrypted: z.boolean(),
  /** `isKnown`: accepted here before, or this library itself. */
  signer: z.object({ name: z.string(), fingerprint: z.string(), isKnown: z.boolean() }),
  /** The run is in this library. */
  isHere: z.boolean(),
  /** What to beware of when it is measured on this library's films. */
  notes: z.array(z.string()),
});
export type BundleView = z.infer<typeof bundleView>;

export const takenModel = z.object({
  runId,
  /** What it is called here. */
  name: z.string(),
  /** How its answers were compared, as a sentence. */
  check: z.string(),
  notes: z.array(z.string()),
});
export type TakenModel = z.infer<typeof takenModel>;

export const exchangeContract = {
  /** Checks every byte of a model bundle and says what is in it; changes nothing. */
  viewBundle: procedure.input(packageSource).output(bundleView),
  /**
   * Takes the model in as a run. Owners only, where readers have been set up. `trust`: fingerprint of a signer who is accepted from
   * now on.
   */
  takeModel: procedure
    .input(
      packageSource.safeExtend({
        token: readerToken.nullable().default(null),
        trust: z.string().max(100).nullable().default(null),
        /** Blank = as it was called. */
        name: z.string().trim().max(80).default(''),
      }),
    )
    .output(takenModel),
  /**
   * Scores of a model by film. Of a run that is here with the weights that gave them they are compared and not kept; of any other they
   * are kept as an outside model's. NOT_ALLOWED: the comparison would tell of a film that is still to be read without a model.
   */
  takeScores: procedure
    .input(
      asked.extend({
        path: z.string().min(1).max(4096),
        uploadId: z.string().max(64).nullable().default(null),
        /** Of a table from elsewhere: `file` names the film. null = our reading of its header. */
        mapping: columnMapping.nullable().default(null),
        name: z.string().trim().max(80).default(''),
      }),
    )
    .output(takenScores),
  removeScores: procedure.input(z.object({ modelId: outsideModelId })).output(empty),
  /** What outside models say of a film. */
  filmScores: procedure.input(asked.extend({ filmId })).output(z.array(filmScores)),
  /** Writes the card of a run's model as a page. */
  modelCard: procedure.input(z.object({ runId })).output(report),
  /** Checks every byte of a session package and says what is in it; changes nothing. */
  viewPackage: procedure.input(packageSource).output(packageView),
  /** Owners only. `trust`: fingerprint of a signer who is accepted from now on. */
  mergePackage: procedure
    .input(
      packageSource.safeExtend({ token: readerToken, trust: z.string().max(100).nullable().default(null) }),
    )
    .output(mergeResult),
  /** The key that this library signs with, for the other site to compare. */
  signingKey: procedure.input(empty).output(z.object({ name: z.string(), fingerprint: z.string() })),
  /** Signers of other sites that were accepted here. */
  signers: procedure
    .input(empty)
    .output(z.array(z.object({ name: z.string(), fingerprint: z.string(), since: timestampMs }))),
  /** Owners only, where there are readers: what this signer sends is a stranger's again, what came stays. NOT_FOUND */
  distrust: procedure
    .input(z.object({ token: z.string().max(64).nullable(), fingerprint: z.string().max(100) }))
    .output(empty),
  /** What there is to export from: sessions only for those who may take them out. */
  sources: procedure.input(asked.prefault({})).output(
    z.object({
      films: z.number().int(),
      reviews: z.array(
        z.object({
          id: reviewId,
          name: z.string(),
          films: z.number().int(),
          readers: z.number().int(),
          /** Reads that are signed, over all readers. */
          signed: z.number().int(),
          /** What readers said may be taken out; else the session may only be packed for another site. */
          isOpenToSee: z.boolean(),
        }),
      ),
      /** Finished runs that score. */
      runs: z.array(z.object({ id: runId, name: z.string() })),
    }),
  ),
  start: procedure.input(exportRequest).output(z.object({ exportId })),
  cancel: procedure.input(z.object({ exportId })).output(empty),
  /** The export at work, or the last one since the library was opened; null too for who may not have what is in it. */
  current: procedure.input(asked.prefault({})).output(exportEvent.nullable()),
  watch: procedure.input(z.object({ exportId })).output(eventIterator(exportEvent)),
  /** Newest first; those alone that the asking person may take out now. */
  list: procedure.input(asked.prefault({})).output(z.array(exportRecord)),
  /** Deletes the files too, where they lie within the library. */
  remove: procedure.input(asked.extend({ exportId })).output(empty),
};
