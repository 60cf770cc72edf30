/** @file Procedures of shared/contract/study.ts: each calls one method of the studies service. */
import type { StudiesService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function studiesRouter(os: Implementer['studies'], service: StudiesService) {
  return os.router({
    estimate: os.estimate.handler(({ input, signal }) => service.estimate(input, callContext(signal))),
    start: os.start.handler(({ input, signal }) => service.start(input, callContext(signal))),
    list: os.list.handler(({ input, signal }) => service.list(input, callContext(signal))),
    watch: os.watch.handler(({ input, signal }) => service.watch(input, callContext(signal))),
    pause: os.pause.handler(({ input, signal }) => service.pause(input, callContext(signal))),
    resume: os.resume.handler(({ input, signal }) => service.resume(input, callContext(signal))),
    reorder: os.reorder.handler(({ input, signal }) => service.reorder(input, callContext(signal))),
    leaveOut: os.leaveOut.handler(({ input, signal }) => service.leaveOut(input, callContext(signal))),
    takeIn: os.takeIn.handler(({ input, signal }) => service.takeIn(input, callContext(signal))),
    remove: os.remove.handler(({ input, signal }) => service.remove(input, callContext(signal))),
  });
}
