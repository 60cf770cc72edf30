/**
 * @file The support bundle: a zip for whoever helps, with the doctor's report, the app's log, and what runs were asked for. Nobody's
 * identity is in it: every field is taken by name, every sentence goes through `createRedactor`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { strToU8, zipSync } from 'fflate';

import { doctorText } from '../../../shared/domain/doctor-lines.ts';
import {
  KAGGLE_LOCAL,
  NO_FINDING,
  OTHER_KNOWN,
  VINDR_GLOBAL,
  VINDR_LOCAL,
} from '../../../shared/domain/findings.ts';
import type { RunRow } from '../../store/runs.ts';
import type { Store } from '../../store/store.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { isBundled } from '../training/bundled-starts.ts';
import { collectDoctorReport, type DoctorReport } from './doctor.ts';
import { libraryFacts } from './library-facts.ts';
import { APP_LOGS } from './log-files.ts';
import { createRedactor, type Redact } from './redact.ts';

/** Newest part of each log, bytes. */
const LOG_BYTES = 2_000_000;

const KNOWN_FINDINGS: ReadonlySet<string> = new Set([
  ...VINDR_LOCAL,
  ...VINDR_GLOBAL,
  ...KAGGLE_LOCAL,
  ...OTHER_KNOWN,
  NO_FINDING,
]);

const README = `This bundle is for whoever helps with Chestlight. It holds what the doctor says, the app's log and the
settings of runs. Names of patients, films, readers, runs and folders are left out; look through it before you send it.
`;

function withoutPlaces(report: DoctorReport, redact: Redact): unknown {
  const { engine, disk, ...rest } = withoutTrouble(report, redact);
  const { library: _folder, reason, ...facts } = engine;
  return {
    ...rest,
    engine: { ...facts, reason: typeof reason === 'string' ? redact(reason) : null },
    disk: { freeBytes: disk.freeBytes },
  };
}

/** The lines that are read out hold facts only; what was told on opening is a sentence. */
function withoutTrouble(report: DoctorReport, redact: Redact): DoctorReport {
  const { library } = report;
  return library === null
    ? report
    : { ...report, library: { ...library, trouble: library.trouble.map(redact) } };
}

/** A run without its name and without places: ids, states, settings. */
function runFacts({ id, state, config, createdAt, startedAt, endedAt, progress, error }: RunRow): unknown {
  const { findings, init, ...settings } = config;
  return {
    id,
    state,
    createdAt,
    startedAt,
    endedAt,
    progress,
    errorCode: error?.code ?? null,
    config: {
      ...settings,
      findings: findings.map((name) => (KNOWN_FINDINGS.has(name) ? name : '(own)')),
      init: init === null || isBundled(init) || /^start-[0-9a-f]{16}$/.test(init) ? init : '(file)',
    },
  };
}

const ID = /^[a-z]+-[0-9a-z]{8,40}$/;

/** One line of the log: numbers, ids and codes as they are, texts redacted, everything else left out. */
function logLine(line: string, redact: Redact): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return JSON.stringify({ unreadable: line.length });
  }
  if (typeof parsed !== 'object' || parsed === null) return JSON.stringify({ unreadable: line.length });
  const fields = Object.entries(parsed).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'hostname') return [];
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return [[name, value]];
    if (typeof value !== 'string') return [[name, '(left out)']];
    return [[name, ID.test(value) || /^[A-Z_]{2,40}$/.test(value) ? value : redact(value)]];
  });
  return JSON.stringify(Object.fromEntries(fields));
}

async function readLog(path: string, redact: Redact): Promise<string | null> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return null;
  const lines = bytes.subarray(-LOG_BYTES).toString('utf8').split('\n');
  if (bytes.length > LOG_BYTES) lines.shift(); // cut in its middle
  const kept = lines.filter((line) => line !== '').map((line) => logLine(line, redact));
  return kept.map((line) => `${line}\n`).join('');
}

function counts(store: Store): unknown {
  return {
    layout: store.version,
    films: store.films.totals().films,
    patients: store.patients.count(),
    splits: store.splits.list().length,
    copies: store.copies.list().map(({ kind, at, bytes, content }) => ({ kind, at, bytes, content })),
    lastActs: store.audit
      .after(0)
      .slice(-200)
      .map(({ at, action }) => ({ at, action })),
  };
}

/** The whole bundle. @throws whatever the doctor throws */
export async function supportBundle(library: OpenLibrary): Promise<Uint8Array> {
  const { store, files } = library;
  const redact = createRedactor(store, files.dir);
  const report = await collectDoctorReport(files.dir, libraryFacts(library), {
    workerHost: library.workerHost,
  });
  const json = (value: unknown): Uint8Array => strToU8(`${JSON.stringify(value, null, 2)}\n`);
  const entries: Record<string, Uint8Array> = {
    'README.txt': strToU8(README),
    'doctor.txt': strToU8(`${doctorText(withoutTrouble(report, redact))}\n`),
    'doctor.json': json(withoutPlaces(report, redact)),
    'library.json': json(counts(store)),
    'runs.json': json(store.runs.list().map(runFacts)),
  };
  for (const name of APP_LOGS) {
    const text = await readLog(join(files.dir, name), redact);
    if (text !== null) entries[`logs/${name}`] = strToU8(text);
  }
  return zipSync(entries);
}
