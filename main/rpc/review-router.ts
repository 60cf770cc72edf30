/** @file Procedures of shared/contract/review-session.ts: each calls one method of the review service. */
import type { ReviewService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function reviewRouter(os: Implementer['review'], service: ReviewService) {
  return os.router({
    create: os.create.handler(({ input, signal }) => service.create(input, callContext(signal))),
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    worklist: os.worklist.handler(({ input, signal }) => service.worklist(input, callContext(signal))),
    open: os.open.handler(({ input, signal }) => service.open(input, callContext(signal))),
    version: os.version.handler(({ input, signal }) => service.version(input, callContext(signal))),
    model: os.model.handler(({ input, signal }) => service.model(input, callContext(signal))),
    save: os.save.handler(({ input, signal }) => service.save(input, callContext(signal))),
    sign: os.sign.handler(({ input, signal }) => service.sign(input, callContext(signal))),
    reveal: os.reveal.handler(({ input, signal }) => service.reveal(input, callContext(signal))),
    revise: os.revise.handler(({ input, signal }) => service.revise(input, callContext(signal))),
    keyImages: os.keyImages.handler(({ input, signal }) => service.keyImages(input, callContext(signal))),
    agreement: os.agreement.handler(({ input, signal }) => service.agreement(input, callContext(signal))),
    settlements: os.settlements.handler(({ input, signal }) =>
      service.settlements(input, callContext(signal)),
    ),
    compare: os.compare.handler(({ input, signal }) => service.compare(input, callContext(signal))),
    settle: os.settle.handler(({ input, signal }) => service.settle(input, callContext(signal))),
    saveDraft: os.saveDraft.handler(({ input, signal }) => service.saveDraft(input, callContext(signal))),
    previewLabels: os.previewLabels.handler(({ input, signal }) =>
      service.previewLabels(input, callContext(signal)),
    ),
    makeLabels: os.makeLabels.handler(({ input, signal }) => service.makeLabels(input, callContext(signal))),
    rename: os.rename.handler(({ input, signal }) => service.rename(input, callContext(signal))),
    close: os.close.handler(({ input, signal }) => service.close(input, callContext(signal))),
    reopen: os.reopen.handler(({ input, signal }) => service.reopen(input, callContext(signal))),
  });
}
