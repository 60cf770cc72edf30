/** @file Procedures of shared/contract/sample.ts: the sample study. */
import type { SampleService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function sampleRouter(os: Implementer['sample'], service: SampleService) {
  return os.router({
    run: os.run.handler(({ input, signal }) => service.run(input, callContext(signal))),
    current: os.current.handler(({ input, signal }) => service.current(input, callContext(signal))),
    cancel: os.cancel.handler(({ input, signal }) => service.cancel(input, callContext(signal))),
  });
}
