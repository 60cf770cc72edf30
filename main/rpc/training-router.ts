/** @file Procedures of shared/contract/training.ts: each calls one method of the training service. */
import type { TrainingService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function trainingRouter(os: Implementer['training'], service: TrainingService) {
  return os.router({
    presets: os.presets.handler(({ input, signal }) => service.presets(input, callContext(signal))),
    importStart: os.importStart.handler(({ input, signal }) =>
      service.importStart(input, callContext(signal)),
    ),
    removeStart: os.removeStart.handler(({ input, signal }) =>
      service.removeStart(input, callContext(signal)),
    ),
    starts: os.starts.handler(({ input, signal }) => service.starts(input, callContext(signal))),
    estimate: os.estimate.handler(({ input, signal }) => service.estimate(input, callContext(signal))),
    start: os.start.handler(({ input, signal }) => service.start(input, callContext(signal))),
    pause: os.pause.handler(({ input, signal }) => service.pause(input, callContext(signal))),
    resume: os.resume.handler(({ input, signal }) => service.resume(input, callContext(signal))),
    stopKeepBest: os.stopKeepBest.handler(({ input, signal }) =>
      service.stopKeepBest(input, callContext(signal)),
    ),
    cancel: os.cancel.handler(({ input, signal }) => service.cancel(input, callContext(signal))),
    remove: os.remove.handler(({ input, signal }) => service.remove(input, callContext(signal))),
    rename: os.rename.handler(({ input, signal }) => service.rename(input, callContext(signal))),
    runs: os.runs.handler(({ input, signal }) => service.runs(input, callContext(signal))),
    run: os.run.handler(({ input, signal }) => service.run(input, callContext(signal))),
    watch: os.watch.handler(({ input, signal }) => service.watch(input, callContext(signal))),
    dropKnowledge: os.dropKnowledge.handler(({ input, signal }) =>
      service.dropKnowledge(input, callContext(signal)),
    ),
    knowledge: os.knowledge.handler(({ input, signal }) => service.knowledge(input, callContext(signal))),
  });
}
