/** @file The contract with the house's error mapping around every procedure. Routers fill in the handlers. */
import { implement } from '@orpc/server';

import { contract } from '../../shared/contract/index.ts';
import { lockedError } from '../services/lock/lock-service.ts';
import type { CallContext, LockService, Log } from '../services/service-types.ts';
import { guardStream, isStream } from './event-stream.ts';
import { toWireError } from './wire-errors.ts';

/** How the app is, for the shell and the status line; keeping a run at work before the computer sleeps. */
const OPEN_WHILE_LOCKED = new Set(['status', 'watch', 'keepNow', 'doctor', 'attributions']);

/** What a locked window may still ask for: the way back in, and how the app is. */
function opensLocked([capability = '', procedure = '']: readonly string[]): boolean {
  if (capability === 'readers') return procedure === 'list';
  if (capability === 'encryption') return procedure === 'status' || procedure === 'unlock';
  if (capability === 'system') return OPEN_WHILE_LOCKED.has(procedure);
  return capability === 'lock';
}

/**
 * Every procedure built from this maps what its service throws (also later, inside an event stream), and is refused while the
 * window is locked.
 */
export function implementer(log: Log, lock: LockService) {
  return implement(contract).use(async ({ next, path, signal }) => {
    try {
      if (!opensLocked(path) && (await lock.state({}, callContext(signal))).locked) throw lockedError();
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
