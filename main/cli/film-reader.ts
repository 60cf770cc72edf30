/**
 * @file How the verbs read films: in processes of their own with a limit of time and memory, as the app does, so that a hostile or
 * endless film costs its own turn and nothing else.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

import type { DecodeAnswers, DecodeTask } from '../services/import/decode-messages.ts';
import { createDecodePool, DecodeFailure, type DecodePoolLimits } from '../services/import/decode-pool.ts';
import { numberOption } from './options.ts';
import { tell } from './until-stopped.ts';
import { Refusal, type VerbArguments } from './verb.ts';
import { verbWorkers } from './verb-workers.ts';

export const FILM_LIMIT_OPTIONS = {
  'film-seconds': { type: 'string' },
  'film-memory': { type: 'string' },
} as const;

/** How the options read in a verb's usage. */
export const FILM_LIMIT_USAGE = '[--film-seconds S] [--film-memory MB]';

const MB = 1024 ** 2;
const MAX_SECONDS = 3600;
const MAX_MEMORY_MB = 64 * 1024;
/** A process that reads films takes about so much before its first one. */
const MIN_MEMORY_MB = 256;

function limit(options: VerbArguments['options'], name: string, least: number, most: number) {
  const value = numberOption(options, name);
  if (value === undefined || (value >= least && value <= most)) return value;
  throw new Refusal('BAD_INPUT', `--${name} takes a number from ${least} to ${most}, not ${value}.`);
}

/** What the options allow a film; absent = as in the app (30 s, 2 GiB). @throws Refusal BAD_INPUT */
export function filmLimits(options: VerbArguments['options']): DecodePoolLimits {
  const seconds = limit(options, 'film-seconds', 1, MAX_SECONDS);
  const memory = limit(options, 'film-memory', MIN_MEMORY_MB, MAX_MEMORY_MB);
  return {
    ...(seconds === undefined ? {} : { timeoutMs: seconds * 1000 }),
    ...(memory === undefined ? {} : { maxBytes: memory * MB }),
  };
}

export interface FilmReader {
  /** Films that are worth asking for at a time: one being read in each process, one waiting. */
  readonly ahead: number;
  /** @throws Refusal: what is wrong with the file, or that it took too long or too much memory */
  read<Kind extends DecodeTask['kind']>(
    task: Extract<DecodeTask, { kind: Kind }>,
  ): Promise<DecodeAnswers[Kind]>;
}

/** The processes stay for all films of `work` and are gone when it ends. */
export async function withFilmReader<T>(
  limits: DecodePoolLimits,
  work: (reader: FilmReader) => Promise<T>,
  workerHost = verbWorkers(),
): Promise<T> {
  const pool = createDecodePool({ workerHost, ...limits, onFault: (fault) => tell(fault) });
  const reader: FilmReader = {
    ahead: 2 * pool.size,
    async read(task) {
      await access(task.path, constants.R_OK).catch((error: unknown) => {
        throw unreadable(task.path, (error as Error).message);
      });
      try {
        return await pool.decode(task);
      } catch (error) {
        if (!(error instanceof DecodeFailure)) throw error;
        if (error.code === 'UNREADABLE') throw unreadable(task.path, error.message);
        throw new Refusal(error.code, error.message, { file: task.path, ...error.detail });
      }
    },
  };
  try {
    return await work(reader);
  } finally {
    await pool.close();
  }
}

function unreadable(file: string, why: string): Refusal {
  return new Refusal('UNREADABLE_FILE', `The file could not be read: ${why}`, { file });
}

/**
 * What `make` gives for each of `items`, in their order, with `ahead` of them at work while the one before is looked at. What was
 * begun is waited for also where the caller stops early.
 */
export async function* inOrder<Item, Made>(
  items: readonly Item[],
  ahead: number,
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<Made, void> {
  const begun: Promise<Made>[] = [];
  try {
    for (let next = 0; next < items.length || begun.length > 0;) {
      while (next < items.length && begun.length < ahead) {
        const making = make(items[next++] as Item);
        making.catch(() => undefined); // thrown when it is its turn
        begun.push(making);
      }
      const first = begun.shift();
      if (first !== undefined) yield await first;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}
