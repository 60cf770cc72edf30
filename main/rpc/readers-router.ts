/** @file Procedures of shared/contract/readers.ts: each calls one method of the readers service. */
import type { ReadersService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function readersRouter(os: Implementer['readers'], service: ReadersService) {
  return os.router({
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    firstOwner: os.firstOwner.handler(({ input, signal }) => service.firstOwner(input, callContext(signal))),
    add: os.add.handler(({ input, signal }) => service.add(input, callContext(signal))),
    signIn: os.signIn.handler(({ input, signal }) => service.signIn(input, callContext(signal))),
    signOut: os.signOut.handler(({ input, signal }) => service.signOut(input, callContext(signal))),
    whoAmI: os.whoAmI.handler(({ input, signal }) => service.whoAmI(input, callContext(signal))),
    changePin: os.changePin.handler(({ input, signal }) => service.changePin(input, callContext(signal))),
    change: os.change.handler(({ input, signal }) => service.change(input, callContext(signal))),
    retire: os.retire.handler(({ input, signal }) => service.retire(input, callContext(signal))),
    resetPin: os.resetPin.handler(({ input, signal }) => service.resetPin(input, callContext(signal))),
  });
}
