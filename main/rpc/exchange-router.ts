/** @file Procedures of shared/contract/exchange.ts: each calls one method of the exchange service. */
import type { ExchangeService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function exchangeRouter(os: Implementer['exchange'], service: ExchangeService) {
  return os.router({
    viewPackage: os.viewPackage.handler(({ input, signal }) =>
      service.viewPackage(input, callContext(signal)),
    ),
    mergePackage: os.mergePackage.handler(({ input, signal }) =>
      service.mergePackage(input, callContext(signal)),
    ),
    viewBundle: os.viewBundle.handler(({ input, signal }) => service.viewBundle(input, callContext(signal))),
    takeModel: os.takeModel.handler(({ input, signal }) => service.takeModel(input, callContext(signal))),
    takeScores: os.takeScores.handler(({ input, signal }) => service.takeScores(input, callContext(signal))),
    removeScores: os.removeScores.handler(({ input, signal }) =>
      service.removeScores(input, callContext(signal)),
    ),
    filmScores: os.filmScores.handler(({ input, signal }) => service.filmScores(input, callContext(signal))),
    modelCard: os.modelCard.handler(({ input, signal }) => service.modelCard(input, callContext(signal))),
    signingKey: os.signingKey.handler(({ input, signal }) => service.signingKey(input, callContext(signal))),
    signers: os.signers.handler(({ input, signal }) => service.signers(input, callContext(signal))),
    distrust: os.distrust.handler(({ input, signal }) => service.distrust(input, callContext(signal))),
    sources: os.sources.handler(({ input, signal }) => service.sources(input, callContext(signal))),
    start: os.start.handler(({ input, signal }) => service.start(input, callContext(signal))),
    cancel: os.cancel.handler(({ input, signal }) => service.cancel(input, callContext(signal))),
    current: os.current.handler(({ input, signal }) => service.current(input, callContext(signal))),
    watch: os.watch.handler(({ input, signal }) => service.watch(input, callContext(signal))),
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    remove: os.remove.handler(({ input, signal }) => service.remove(input, callContext(signal))),
  });
}
