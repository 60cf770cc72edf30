/** @file Contract of the system: engine badge, status line, doctor, licences. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';

import { empty, procedure, progress, timestampMs } from './base.ts';
import { librarySettings, takenSettings } from './settings.ts';

export const engineBadge = z.object({
  device: z.enum(['gpu', 'cpu', 'wasm', 'none', 'checking']),
  /** Short words for the badge: GPU name, "CPU · 8 threads", "Prediction only". */
  label: z.string(),
  /** Why it is so and what to do, for the tooltip. */
  reason: z.string().nullable(),
  trainable: z.boolean(),
});
export type EngineBadge = z.infer<typeof engineBadge>;

export const status = z.object({
  version: z.string(),
  host: z.enum(['electron', 'browser']),
  libraryName: z.string(),
  engine: engineBadge,
  diskFreeBytes: z.number(),
  lastSavedAt: timestampMs.nullable(),
  /** What is running now: shown as a ring with percent in the top bar. */
  running: z
    .object({
      kind: z.enum(['import', 'export', 'deidentify', 'run', 'study']),
      id: z.string(),
      title: z.string(),
      progress,
    })
    .nullable(),
});
export type Status = z.infer<typeof status>;

/** What the last whole check of a library found. */
export const lastCheck = z.object({
  at: timestampMs,
  problems: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
});
export type LastCheck = z.infer<typeof lastCheck>;

export const libraryFacts = z.object({
  layout: z.number().int(),
  readOnly: z.boolean(),
  /** Files, database and copies; not what was exported elsewhere. */
  encrypted: z.boolean(),
  films: z.number().int(),
  runs: z.number().int(),
  lastCheck: lastCheck.nullable(),
  /** Copies of the database, and when the newest was made. */
  copies: z.number().int(),
  lastCopyAt: timestampMs.nullable(),
  /** What a person was told when it was opened: a copy in use, an end that was cut off. */
  trouble: z.array(z.string()),
});
export type LibraryFacts = z.infer<typeof libraryFacts>;

export const libraryProblem = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  subject: z.string().nullable(),
});

export const checkEvent = z.object({
  done: z.number().int(),
  total: z.number().int(),
  /** Null while it goes on. */
  verdict: z
    .object({
      ok: z.boolean(),
      problems: z.array(libraryProblem),
      files: z.number().int(),
      /** Films and copies that were repaired, and films that could not be, with why. */
      repaired: z.number().int(),
      notRepaired: z.array(z.object({ film: z.string(), message: z.string() })),
    })
    .nullable(),
});
export type CheckEvent = z.infer<typeof checkEvent>;

export const doctorReport = z.object({
  version: z.string(),
  at: timestampMs,
  /** Null: no library was opened for this report, or it could not be. */
  library: libraryFacts.nullable(),
  /** Of a graphics card; null = none, or not known. */
  driver: z.string().nullable(),
  engine: z.record(z.string(), z.unknown()),
  device: z.string(),
  selfTest: z.object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), maxError: z.number().nullable() })),
    stepMs: z.number().nullable(),
  }),
  memory: z.object({ totalBytes: z.number(), freeBytes: z.number() }),
  disk: z.object({ path: z.string(), freeBytes: z.number() }),
  node: z.string(),
  platform: z.string(),
});

export const attribution = z.object({
  what: z.string(),
  licence: z.string(),
  credit: z.string(),
  url: z.string().nullable(),
});

/** What a signed update says of itself, once it was checked. */
export const updateFacts = z.object({
  version: z.string(),
  /** The version that runs. */
  current: z.string(),
  system: z.string(),
  file: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  notes: z.string(),
  signer: z.object({ name: z.string(), fingerprint: z.string() }),
});
export type UpdateFacts = z.infer<typeof updateFacts>;

export const keptUpdate = z.object({
  version: z.string(),
  /** The installer on this computer. */
  path: z.string(),
  /** Id of the copy of the library's database that was made first. */
  copy: z.string(),
  /** What the person does now. */
  steps: z.array(z.string()),
});
export type KeptUpdate = z.infer<typeof keptUpdate>;

const uploadedUpdate = z.object({ uploadId: z.string().max(64), file: z.string().min(1).max(255) });

export const systemContract = {
  status: procedure.input(empty).output(status),
  /** Sends the status whenever it changes (at most twice a second). */
  watch: procedure.input(empty).output(eventIterator(status)),
  /** The computer is about to sleep: a run at work writes a checkpoint after its step. `asked` false = nothing is at work. */
  keepNow: procedure.input(empty).output(z.object({ asked: z.boolean() })),
  doctor: procedure.input(empty).output(doctorReport),
  /** Reads every file of the library and compares it with its hash: minutes for thousands of films. Changes nothing. */
  /** `repair`: what can be made again is made again, then everything is checked once more. READ_ONLY, an owner's where there are readers. */
  check: procedure
    .input(
      z.object({ repair: z.boolean().default(false), token: z.string().max(64).nullable().default(null) }),
    )
    .output(eventIterator(checkEvent)),
  /** Settings of the library for a second workstation; no names, no keys. */
  settings: procedure.input(empty).output(librarySettings),
  /** Takes them from a file. An owner's affair where the library has readers; operating points always are somebody's who is signed in. */
  takeSettings: procedure
    .input(z.object({ settings: librarySettings, token: z.string().max(200).nullable() }))
    .output(takenSettings),
  attributions: procedure.input(empty).output(z.array(attribution)),
  /** Checks an uploaded update: whole, signed by a key of this build, for this system, newer. The upload stays when it may be taken. */
  checkUpdate: procedure.input(uploadedUpdate).output(updateFacts),
  /** Copies the library's database, keeps the installer for the person to start, lets the upload go. */
  keepUpdate: procedure.input(uploadedUpdate).output(keptUpdate),
};
