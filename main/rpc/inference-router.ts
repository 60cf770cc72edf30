/** @file Procedures of shared/contract/inference.ts: each calls one method of the inference service. */
import type { InferenceService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function inferenceRouter(os: Implementer['inference'], service: InferenceService) {
  return os.router({
    figure: os.figure.handler(({ input, signal }) => service.figure(input, callContext(signal))),
    predict: os.predict.handler(({ input, signal }) => service.predict(input, callContext(signal))),
  });
}
