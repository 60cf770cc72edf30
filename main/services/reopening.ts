/**
 * @file An app that can be closed and opened again under its windows, to go back to a copy of its database: calls wait meanwhile,
 * streams end and are asked for anew. Hosts hold this one object for as long as they run.
 */
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { App, ByteSources, Services } from './app.ts';
import type { CallContext } from './service-types.ts';

/** Opens the app, on a copy of its database where an id is given. `goBack` is what its service calls. */
export type Open = (goBackTo: string | null, goBack: (copyId: string) => Promise<void>) => Promise<App>;

type Call = (input: unknown, context: CallContext) => unknown;

interface Generation {
  readonly app: App;
  /** Aborts when this app is left for another. */
  readonly left: AbortController;
}

/** @throws whatever `open` throws */
export async function openReopening(open: Open): Promise<App> {
  let current: Promise<Generation>;
  let closed = false;

  const begin = async (goBackTo: string | null): Promise<Generation> => ({
    app: await open(goBackTo, goBack),
    left: new AbortController(),
  });

  async function goBack(copyId: string): Promise<void> {
    const { app, left } = await current;
    if (closed || left.signal.aborted || app.isBusy()) {
      throw new ServiceError(
        'BUSY',
        'Something is at work in this library. Nothing was changed; wait for it or stop it, then go back.',
      );
    }
    const swapped = swap(app, left, copyId);
    // Whatever comes of it, calls go to an open library afterwards.
    current = swapped.then(({ next }) => next);
    const { failure } = await swapped;
    now = await current;
    if (failure !== null) throw failure.error;
  }

  async function swap(app: App, left: AbortController, copyId: string) {
    left.abort();
    await app.close();
    try {
      return { next: await begin(copyId), failure: null };
    } catch (error) {
      // It says that nothing was changed: the library is opened as it is.
      return { next: await begin(null), failure: { error } };
    }
  }

  const first = await begin(null);
  current = Promise.resolve(first);
  let now = first;
  const ready = async (): Promise<Generation> => (now = await current);

  const capability = <Name extends keyof Services>(name: Name): Services[Name] => {
    const methods = Object.keys(first.app.services[name]).map((method) => {
      const call: Call = async (input, { signal }) => {
        const { app, left } = await ready();
        // Going back must outlive the app that it was asked of.
        const isSwap = name === 'copies' && method === 'restore';
        const both = isSwap ? signal : AbortSignal.any([signal, left.signal]);
        const service = app.services[name] as unknown as Readonly<Record<string, Call>>;
        return await service[method]?.(input, { signal: both });
      };
      return [method, call] as const;
    });
    return Object.fromEntries(methods) as unknown as Services[Name];
  };
  const names = Object.keys(first.app.services) as (keyof Services)[];
  const services = Object.fromEntries(names.map((name) => [name, capability(name)])) as unknown as Services;

  type Source = (...input: unknown[]) => Promise<unknown>;
  const sources = Object.keys(first.app.bytes).map((name) => {
    const source: Source = async (...input) =>
      await ((await ready()).app.bytes as unknown as Readonly<Record<string, Source>>)[name]?.(...input);
    return [name, source] as const;
  });

  return {
    services,
    bytes: Object.fromEntries(sources) as unknown as ByteSources,
    isBusy: () => now.app.isBusy(),
    async close() {
      closed = true;
      await (await ready()).app.close();
    },
  };
}
