/** @file Counts the event streams that services have open, so that a test sees one end when its window has gone. */
import type { Services } from '../../main/services/app.ts';

export interface StreamTracker {
  /** Open streams of a procedure, e.g. `training.watch`. */
  open(path: string): number;
}

type Method = (input: unknown, context: unknown) => unknown;

export function trackStreams(services: Services): { services: Services; streams: StreamTracker } {
  const counts = new Map<string, number>();
  const add = (path: string, change: number): void => void counts.set(path, (counts.get(path) ?? 0) + change);

  async function* tracked(
    path: string,
    source: AsyncGenerator<unknown, void>,
  ): AsyncGenerator<unknown, void> {
    add(path, 1);
    try {
      yield* source;
    } finally {
      add(path, -1);
    }
  }

  const wrap = (path: string, method: Method): Method => {
    return (input, context) => {
      const output = method(input, context);
      return isStream(output) ? tracked(path, output) : output;
    };
  };
  const wrapped = Object.entries(services).map(([capability, service]) => {
    const methods = Object.entries(service as Record<string, Method>);
    return [
      capability,
      Object.fromEntries(methods.map(([name, method]) => [name, wrap(`${capability}.${name}`, method)])),
    ];
  });
  return {
    services: Object.fromEntries(wrapped) as Services,
    streams: { open: (path) => counts.get(path) ?? 0 },
  };
}

function isStream(value: unknown): value is AsyncGenerator<unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
