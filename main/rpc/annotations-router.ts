/** @file Procedures of shared/contract/annotations.ts: each calls one method of the annotations service. */
import type { AnnotationsService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function annotationsRouter(os: Implementer['annotations'], service: AnnotationsService) {
  return os.router({
    of: os.of.handler(({ input, signal }) => service.of(input, callContext(signal))),
    save: os.save.handler(({ input, signal }) => service.save(input, callContext(signal))),
  });
}
