/** @file Procedures of shared/contract/system.ts: each calls one method of the system service. */
import type { SystemService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function systemRouter(os: Implementer['system'], service: SystemService) {
  return os.router({
    status: os.status.handler(({ input, signal }) => service.status(input, callContext(signal))),
    watch: os.watch.handler(({ input, signal }) => service.watch(input, callContext(signal))),
    keepNow: os.keepNow.handler(({ input, signal }) => service.keepNow(input, callContext(signal))),
    doctor: os.doctor.handler(({ input, signal }) => service.doctor(input, callContext(signal))),
    check: os.check.handler(({ input, signal }) => service.check(input, callContext(signal))),
    settings: os.settings.handler(({ input, signal }) => service.settings(input, callContext(signal))),
    takeSettings: os.takeSettings.handler(({ input, signal }) =>
      service.takeSettings(input, callContext(signal)),
    ),
    attributions: os.attributions.handler(({ input, signal }) =>
      service.attributions(input, callContext(signal)),
    ),
    checkUpdate: os.checkUpdate.handler(({ input, signal }) =>
      service.checkUpdate(input, callContext(signal)),
    ),
    keepUpdate: os.keepUpdate.handler(({ input, signal }) => service.keepUpdate(input, callContext(signal))),
  });
}
