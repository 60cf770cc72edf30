/** @file Procedures of shared/contract/evaluation.ts: each calls one method of the evaluation service. */
import type { EvaluationService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function evaluationRouter(os: Implementer['evaluation'], service: EvaluationService) {
  return os.router({
    outside: os.outside.handler(({ input, signal }) => service.outside(input, callContext(signal))),
    measure: os.measure.handler(({ input, signal }) => service.measure(input, callContext(signal))),
    table: os.table.handler(({ input, signal }) => service.table(input, callContext(signal))),
    run: os.run.handler(({ input, signal }) => service.run(input, callContext(signal))),
    compare: os.compare.handler(({ input, signal }) => service.compare(input, callContext(signal))),
    localisation: os.localisation.handler(({ input, signal }) =>
      service.localisation(input, callContext(signal)),
    ),
    cases: os.cases.handler(({ input, signal }) => service.cases(input, callContext(signal))),
    thresholds: os.thresholds.handler(({ input, signal }) => service.thresholds(input, callContext(signal))),
    keepThreshold: os.keepThreshold.handler(({ input, signal }) =>
      service.keepThreshold(input, callContext(signal)),
    ),
    report: os.report.handler(({ input, signal }) => service.report(input, callContext(signal))),
    studyTable: os.studyTable.handler(({ input, signal }) => service.studyTable(input, callContext(signal))),
    exportStudy: os.exportStudy.handler(({ input, signal }) =>
      service.exportStudy(input, callContext(signal)),
    ),
  });
}
