/** @file `train`: a teacher at 224 px, or a plain student without a teacher below. */
import { VINDR_LOCAL } from '../../../shared/domain/findings.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { followRun, requestFrom, RUN_OPTIONS } from '../run-verb.ts';
import type { Verb } from '../verb.ts';

/** `all` = what the labels allow; `vindr-22` = the local labels of VinDr-CXR; else names with commas between. */
function findingsOf(labels: string | undefined): readonly string[] | null {
  if (labels === undefined || labels === 'all') return null;
  if (labels === 'vindr-22') return VINDR_LOCAL;
  return labels.split(',').map((name) => name.trim());
}

export const train: Verb = {
  name: 'train',
  usage:
    'train --library DIR --model tiny|small|base [--resolution 224] [--preset …] [--epochs N] [--seed N]',
  summary: 'a teacher at 224 px, or a plain student below; Ctrl-C pauses',
  options: { ...LIBRARY_OPTION, ...RUN_OPTIONS, labels: { type: 'string' } },
  run: async ({ options }) => {
    const resolution = numberOption(options, 'resolution') ?? 224;
    const request = requestFrom(options, {
      method: resolution === 224 ? 'teacher' : 'none',
      model: textOption(options, 'model') ?? 'tiny',
      resolution,
      findings: findingsOf(textOption(options, 'labels')),
    });
    return await followRun(options, async ({ training }) => {
      const { runId } = await training.service.start(request, { signal: AbortSignal.timeout(60_000) });
      return runId as RunId;
    });
  },
};
