/** @file Procedures of shared/contract/audit.ts: each calls one method of the audit service. */
import type { AuditService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function auditRouter(os: Implementer['audit'], service: AuditService) {
  return os.router({
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    verify: os.verify.handler(({ input, signal }) => service.verify(input, callContext(signal))),
    export: os.export.handler(({ input, signal }) => service.export(input, callContext(signal))),
  });
}
