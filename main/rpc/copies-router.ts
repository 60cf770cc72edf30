/** @file Procedures of shared/contract/copies.ts: each calls one method of the copies service. */
import type { CopiesService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function copiesRouter(os: Implementer['copies'], service: CopiesService) {
  return os.router({
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    preview: os.preview.handler(({ input, signal }) => service.preview(input, callContext(signal))),
    make: os.make.handler(({ input, signal }) => service.make(input, callContext(signal))),
    restore: os.restore.handler(({ input, signal }) => service.restore(input, callContext(signal))),
  });
}
