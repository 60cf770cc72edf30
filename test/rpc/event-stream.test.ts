/** @file A stream on the wire ends at once when its caller goes away, and its errors are mapped. */
import { describe, expect, it } from 'vitest';

import { guardStream } from '../../main/rpc/event-stream.ts';

/** A source that waits for ever after its first event, as an idle service does. */
function idleSource() {
  let closed = false;
  let asked = 0;
  return {
    wasClosed: () => closed,
    iterator: {
      next(): Promise<IteratorResult<number, undefined>> {
        asked += 1;
        return asked === 1 ? Promise.resolve({ done: false, value: 1 }) : new Promise(() => undefined);
      },
      return(): Promise<IteratorResult<number, undefined>> {
        closed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    },
  };
}

describe('guardStream', () => {
  it('ends a waiting read when the caller goes away, and closes the source', async () => {
    const source = idleSource();
    const caller = new AbortController();
    const stream = guardStream(source.iterator, caller.signal, (error) => error);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    const waiting = stream.next();
    caller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(source.wasClosed()).toBe(true);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('gives nothing to a caller who had left before the first read', async () => {
    const source = idleSource();
    const stream = guardStream(source.iterator, AbortSignal.abort(), (error) => error);
    await stream.next();
    await stream.return?.();
    expect(source.wasClosed()).toBe(true);
  });

  it('maps what the source throws, after the events before it', async () => {
    async function* failing(): AsyncGenerator<number, undefined, undefined> {
      yield await Promise.resolve(7);
      throw new Error('inner');
    }
    const stream = guardStream(failing(), new AbortController().signal, () => new Error('mapped'));
    expect(await stream.next()).toEqual({ done: false, value: 7 });
    await expect(stream.next()).rejects.toThrow('mapped');
    expect((await stream.next()).done).toBe(true);
  });
});
