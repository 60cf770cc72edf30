/** @file Procedures of shared/contract/deidentify.ts: each calls one method of the de-identification service. */
import type { DeidentifyService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function deidentifyRouter(os: Implementer['deidentify'], service: DeidentifyService) {
  return os.router({
    writing: os.writing.handler(({ input, signal }) => service.writing(input, callContext(signal))),
    preview: os.preview.handler(({ input, signal }) => service.preview(input, callContext(signal))),
    start: os.start.handler(({ input, signal }) => service.start(input, callContext(signal))),
    cancel: os.cancel.handler(({ input, signal }) => service.cancel(input, callContext(signal))),
    current: os.current.handler(({ input, signal }) => service.current(input, callContext(signal))),
    watch: os.watch.handler(({ input, signal }) => service.watch(input, callContext(signal))),
  });
}
