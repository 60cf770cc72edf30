/** @file `train`: a teacher at 224 px, or a plain student without a teacher below. */
import type { RunRequest } from '../../../shared/contract/training.ts';
import { LABEL_SETS } from '../../../shared/domain/findings.ts';
import { usualStart } from '../../../shared/domain/usual-start.ts';
import { listStarts } from '../../services/training/start-weights.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { namedLabelVersion } from '../review-labels.ts';
import { beginRun, requestFrom, RUN_OPTIONS, startOf } from '../run-verb.ts';
import type { Verb } from '../verb.ts';

/** The name of a label set, `all` for what the labels allow, else names of findings with commas between. */
function labelsOf(labels: string | undefined): Pick<RunRequest, 'labelSet' | 'findings'> {
  if (labels === undefined || labels === 'all') return { labelSet: 'own', findings: null };
  const set = LABEL_SETS.find((name) => name === labels);
  if (set !== undefined) return { labelSet: set, findings: null };
  return { labelSet: 'own', findings: labels.split(',').map((name) => name.trim()) };
}

export const train: Verb = {
  name: 'train',
  usage:
    'train --library DIR --model tiny|small|base [--resolution 224] [--preset …] [--epochs N] [--seed N] [--init FILE|ID|none] [--labels SET] [--label-version NAME] [--estimate]',
  summary:
    'a teacher at 224 px, or a plain student below; without --init from the weights that come with the app for its size, if any. Ctrl-C pauses',
  options: {
    ...LIBRARY_OPTION,
    ...RUN_OPTIONS,
    labels: { type: 'string' },
    't2-units': { type: 'string' },
    'label-rule': { type: 'string' },
    'label-version': { type: 'string' },
  },
  run: async ({ options }) => {
    const resolution = numberOption(options, 'resolution') ?? 224;
    const labels = textOption(options, 'label-version');
    const request = requestFrom(options, {
      method: resolution === 224 ? 'teacher' : 'none',
      model: textOption(options, 'model') ?? 'tiny',
      resolution,
      ...labelsOf(textOption(options, 'labels')),
      t2Units: numberOption(options, 't2-units') ?? null,
      labelRule: textOption(options, 'label-rule') ?? null,
    });
    return await beginRun(options, async ({ library }) => {
      const starts = (await listStarts(library)).filter((start) => start.model === request.model);
      return {
        ...request,
        labelVersionId: labels === undefined ? null : namedLabelVersion(library.store, labels),
        init: startOf(options, usualStart(starts)),
      };
    });
  },
};
