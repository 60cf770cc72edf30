/** @file Wraps a service's event stream for the wire: errors are mapped, and a caller who goes away ends it at once. */

type Stream<Event> = AsyncIterator<Event, unknown, undefined>;

/**
 * `source` as an async iterator that (1) ends as soon as `signal` aborts, even while the source waits for its next event,
 * (2) always closes the source, (3) passes a thrown error through `mapError`.
 */
export function guardStream<Event>(
  source: Stream<Event>,
  signal: AbortSignal,
  mapError: (error: unknown) => unknown,
): AsyncIteratorObject<Event, undefined, undefined> {
  let closed = false;
  const ended = { done: true, value: undefined } as const;
  const aborted = new Promise<typeof ended>((resolve) => {
    if (signal.aborted) resolve(ended);
    else signal.addEventListener('abort', () => resolve(ended), { once: true });
  });
  const close = (): void => {
    if (closed) return;
    closed = true;
    // Not awaited: a generator that waits for an event settles its `return` only after that event.
    void Promise.resolve(source.return?.()).catch(() => undefined);
  };
  signal.addEventListener('abort', close, { once: true });

  const iterator: AsyncIteratorObject<Event, undefined, undefined> = {
    async next() {
      if (closed) return ended;
      try {
        const result = await Promise.race([source.next(), aborted]);
        if (result.done !== true) return { done: false, value: result.value };
        close();
        return ended;
      } catch (error) {
        close();
        throw mapError(error);
      }
    },
    return() {
      close();
      return Promise.resolve(ended);
    },
    [Symbol.asyncIterator]() {
      return iterator;
    },
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  };
  return iterator;
}

/** True for the value of an event-stream procedure. */
export function isStream(value: unknown): value is Stream<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}
