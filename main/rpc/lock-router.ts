/** @file Procedures of shared/contract/lock.ts: each calls one method of the lock service. */
import type { LockService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function lockRouter(os: Implementer['lock'], service: LockService) {
  return os.router({
    state: os.state.handler(({ input, signal }) => service.state(input, callContext(signal))),
    lock: os.lock.handler(({ input, signal }) => service.lock(input, callContext(signal))),
    unlock: os.unlock.handler(({ input, signal }) => service.unlock(input, callContext(signal))),
    setMinutes: os.setMinutes.handler(({ input, signal }) => service.setMinutes(input, callContext(signal))),
  });
}
