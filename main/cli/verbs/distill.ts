/** @file `distill`: a low-resolution student taught by a finished teacher. */
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { beginRun, requestFrom, RUN_OPTIONS, startOf } from '../run-verb.ts';
import { Refusal, type Verb } from '../verb.ts';

export const distill: Verb = {
  name: 'distill',
  usage:
    'distill --library DIR --teacher RUN --method mlcak|vanilla|last-block|one-to-one --resolution 112|56|28 [--init FILE|ID|none] [--estimate]',
  summary: 'a student taught by a teacher; without --init from what its teacher started from. Ctrl-C pauses',
  options: {
    ...LIBRARY_OPTION,
    ...RUN_OPTIONS,
    teacher: { type: 'string' },
    method: { type: 'string' },
    alpha: { type: 'string' },
    beta: { type: 'string' },
    gamma: { type: 'string' },
    'kd-loss': { type: 'string' },
    temperature: { type: 'string' },
    tokens: { type: 'string' },
    'feature-point': { type: 'string' },
    'normalise-features': { type: 'boolean' },
  },
  run: async ({ options }) => {
    const teacherRunId = textOption(options, 'teacher');
    const method = textOption(options, 'method') ?? 'mlcak';
    if (teacherRunId === undefined) {
      throw new Refusal('BAD_INPUT', 'Name the teacher: --teacher RUN. The verb "runs" lists them.');
    }
    if (method === 'teacher' || method === 'none') {
      throw new Refusal('BAD_INPUT', `The method ${method} takes no teacher: use the verb "train".`);
    }
    const loss = definedOnly({
      alpha: numberOption(options, 'alpha'),
      beta: numberOption(options, 'beta'),
      gamma: numberOption(options, 'gamma'),
      kdLoss: textOption(options, 'kd-loss'),
      temperature: numberOption(options, 'temperature'),
      tokens: textOption(options, 'tokens'),
      featurePoint: textOption(options, 'feature-point'),
      normaliseFeatures: options['normalise-features'] === true ? true : undefined,
    });
    return await beginRun(options, ({ library }) => {
      const teacher = library.store.runs.get(teacherRunId as RunId);
      const model = textOption(options, 'model') ?? teacher.config.model;
      const resolution = numberOption(options, 'resolution') ?? 28;
      const init = startOf(options, teacher.config.init);
      return requestFrom(options, { method, model, resolution, teacherRunId, loss, init });
    });
  },
};
