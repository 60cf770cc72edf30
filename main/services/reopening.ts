/**
 * @file An app that can be closed and opened again under its windows, to go back to a copy of its database or to change its encryption:
 * calls wait meanwhile, streams end and are asked for anew. Hosts hold this one object for as long as they run.
 */
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { App, ByteSources, Services } from './app.ts';
import type { CallContext } from './service-types.ts';
import { BYTE_NAMES, methodNames } from './shut-app.ts';

/** What the app is opened on. */
export interface Opening {
  /** A copy of the database to go back to. */
  readonly goBackTo: string | null;
  /** Key of an encrypted library; null = it is plain, or nobody has given its passphrase yet. */
  readonly key: Uint8Array | null;
}

/** Closes the app, does `prepare`, opens the app on what that gives. @throws ServiceError BUSY, and what `prepare` and opening throw */
export type Change = (prepare: () => Promise<Partial<Opening>>) => Promise<void>;

/** Opens the app. @param change what its services call to have it opened otherwise */
export type Open = (opening: Opening, change: Change) => Promise<App>;

type Call = (input: unknown, context: CallContext) => unknown;

interface Generation {
  readonly app: App;
  readonly key: Uint8Array | null;
  /** Aborts when this app is left for another. */
  readonly left: AbortController;
}

/** Calls that close the app that they are asked of, and must outlive it. */
const SWAPS: Partial<Record<keyof Services, readonly string[]>> = {
  copies: ['restore'],
  encryption: ['unlock', 'begin', 'end'],
};

type Stream = AsyncGenerator<unknown, unknown>;

const isStream = (answer: unknown): answer is Stream =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;

/** A stream that is just looking at the library when that is closed under it has ended, not failed. */
async function* endingWith(stream: Stream, left: AbortSignal): Stream {
  try {
    return yield* stream;
  } catch (error) {
    if (!left.aborted) throw error;
    return undefined;
  }
}

export interface Reopening extends App {
  /** Whether the app is being closed and opened again just now. */
  readonly isSwapping: () => boolean;
}

/** @param key of an encrypted library @throws whatever `open` throws */
export async function openReopening(open: Open, key: Uint8Array | null = null): Promise<Reopening> {
  let current: Promise<Generation>;
  let closed = false;
  let swapping = false;

  const begin = async (opening: Opening): Promise<Generation> => ({
    app: await open(opening, change),
    key: opening.key,
    left: new AbortController(),
  });

  async function change(prepare: () => Promise<Partial<Opening>>): Promise<void> {
    const { app, left, key: before } = await current;
    if (closed || left.signal.aborted || app.isBusy()) {
      throw new ServiceError(
        'BUSY',
        'Something is at work in this library. Nothing was changed; wait for it or stop it, then try again.',
      );
    }
    swapping = true;
    const swapped = swap(app, left, before, prepare).finally(() => (swapping = false));
    // Whatever comes of it, calls go to an open library afterwards.
    current = swapped.then(({ next }) => next);
    const { failure } = await swapped;
    now = await current;
    if (failure !== null) throw failure.error;
  }

  async function swap(
    app: App,
    left: AbortController,
    before: Uint8Array | null,
    prepare: () => Promise<Partial<Opening>>,
  ) {
    left.abort();
    await app.close();
    let opening: Opening = { goBackTo: null, key: before };
    try {
      opening = { ...opening, ...(await prepare()) };
      return { next: await begin(opening), failure: null };
    } catch (error) {
      // The library is opened as it is, with the key that it has now.
      const asItIs = begin({ goBackTo: null, key: opening.key });
      // Where that cannot be either (a conversion, and no space on the disk), it waits for its passphrase.
      const next = await asItIs.catch(() => begin({ goBackTo: null, key: null }));
      return { next, failure: { error } };
    }
  }

  const first = await begin({ goBackTo: null, key });
  current = Promise.resolve(first);
  let now = first;
  const ready = async (): Promise<Generation> => (now = await current);

  const capability = (name: keyof Services, names: readonly string[]): unknown => {
    const methods = names.map((method) => {
      const call: Call = async (input, { signal }) => {
        const { app, left } = await ready();
        const isSwap = SWAPS[name]?.includes(method) ?? false;
        const both = isSwap ? signal : AbortSignal.any([signal, left.signal]);
        const service = app.services[name] as unknown as Readonly<Record<string, Call>>;
        const answer = await service[method]?.(input, { signal: both });
        return isStream(answer) ? endingWith(answer, left.signal) : answer;
      };
      return [method, call] as const;
    });
    return Object.fromEntries(methods);
  };
  const services = Object.fromEntries(
    methodNames().map(([name, names]) => [name, capability(name, names)]),
  ) as unknown as Services;

  type Source = (...input: unknown[]) => Promise<unknown>;
  const sources = BYTE_NAMES.map((name) => {
    const source: Source = async (...input) =>
      await ((await ready()).app.bytes as unknown as Readonly<Record<string, Source>>)[name]?.(...input);
    return [name, source] as const;
  });

  return {
    services,
    bytes: Object.fromEntries(sources) as unknown as ByteSources,
    isSwapping: () => swapping,
    isBusy: () => swapping || now.app.isBusy(),
    async close() {
      closed = true;
      await (await ready()).app.close();
    },
  };
}
