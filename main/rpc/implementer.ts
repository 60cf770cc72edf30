/** @file The contract with the house's error mapping around every procedure. Routers fill in the handlers. */
import { implement } from '@orpc/server';

import { contract } from '../../shared/contract/index.ts';
import type { CallContext, Log } from '../services/service-types.ts';
import { guardStream, isStream } from './event-stream.ts';
import { toWireError } from './wire-errors.ts';

/** Every procedure built from this maps what its service throws (also later, inside an event stream). */
export function implementer(log: Log) {
  return implement(contract).use(async ({ next, path, signal }) => {
    try {
      const result = await next();
      if (!isStream(result.output)) return result;
      const guarded = guardStream(result.output, callContext(signal).signal, (error) =>
        toWireError(error, path, log),
      );
      return { ...result, output: guarded };
    } catch (error) {
      throw toWireError(error, path, log);
    }
  });
}

export type Implementer = ReturnType<typeof implementer>;

/** What services get beside their input. Calls made without a signal get one that never aborts. */
export function callContext(signal: AbortSignal | undefined): CallContext {
  return { signal: signal ?? new AbortController().signal };
}
