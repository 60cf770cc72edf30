/** @file Procedures of shared/contract/encryption.ts: each calls one method of the encryption service. */
import type { EncryptionService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function encryptionRouter(os: Implementer['encryption'], service: EncryptionService) {
  return os.router({
    status: os.status.handler(({ input, signal }) => service.status(input, callContext(signal))),
    unlock: os.unlock.handler(({ input, signal }) => service.unlock(input, callContext(signal))),
    begin: os.begin.handler(({ input, signal }) => service.begin(input, callContext(signal))),
    end: os.end.handler(({ input, signal }) => service.end(input, callContext(signal))),
    remember: os.remember.handler(({ input, signal }) => service.remember(input, callContext(signal))),
    forget: os.forget.handler(({ input, signal }) => service.forget(input, callContext(signal))),
    changePassphrase: os.changePassphrase.handler(({ input, signal }) =>
      service.changePassphrase(input, callContext(signal)),
    ),
    changeRecoveryKey: os.changeRecoveryKey.handler(({ input, signal }) =>
      service.changeRecoveryKey(input, callContext(signal)),
    ),
    confirmRecoveryKey: os.confirmRecoveryKey.handler(({ input, signal }) =>
      service.confirmRecoveryKey(input, callContext(signal)),
    ),
  });
}
