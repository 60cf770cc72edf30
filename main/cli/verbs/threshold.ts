/** @file `threshold`: an operating point of a run set by hand, or back to the fitted one; without either, those in force. */
import type { RunId } from '../../../shared/domain/ids.ts';
import { keptWords } from '../../../shared/domain/kept-threshold.ts';
import { task as taskSchema } from '../../../shared/contract/kept-threshold.ts';
import type { Task } from '../../../shared/domain/task.ts';
import { fittedThreshold, keepThreshold, keptThresholds } from '../../services/evaluation/kept-thresholds.ts';
import { pointsInForce, type PointInForce } from '../../services/inference/thresholds.ts';
import type { OpenLibrary } from '../../services/library/open-library.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { Refusal, type Verb, type VerbResult } from '../verb.ts';

function answer(library: OpenLibrary, runId: RunId, task?: Task): VerbResult {
  const byHand = keptThresholds(library, runId);
  const inForce = [...pointsInForce(library.store, runId).values()];
  const lines = inForce.map(({ task: of, threshold: value, kept, fitted }) =>
    kept === null
      ? `${of}: ${value}, ${fitted?.rule}`
      : `${of}: ${value}, ${keptWords(kept)}${kept.reason === '' ? '' : ` (${kept.reason})`}`,
  );
  const none = 'This run has no threshold: none was fitted on validation, and none is set by hand.';
  const asked = task === undefined ? {} : { task, fitted: fittedThreshold(library.store, runId, task) };
  return {
    json: { runId, ...asked, thresholds: byHand, inForce: inForce.map(pointOf) },
    text: lines.length === 0 ? none : lines.join('\n'),
  };
}

/** For `--json`. */
export function pointOf({ task, threshold: value, kept, fitted }: PointInForce) {
  return {
    task,
    threshold: value,
    setByHand: kept !== null,
    fitted: fitted?.threshold ?? null,
    rule: fitted?.rule ?? null,
  };
}

export const threshold: Verb = {
  name: 'threshold',
  usage: 'threshold --library DIR --run RUN [--task t2|t1:FINDING --value P|--fitted] [--reason TEXT]',
  summary: 'sets an operating point by hand, or goes back to the one that was fitted',
  options: {
    ...LIBRARY_OPTION,
    run: { type: 'string' },
    task: { type: 'string' },
    value: { type: 'string' },
    fitted: { type: 'boolean' },
    reason: { type: 'string' },
  },
  run: async ({ options }) => {
    const runId = textOption(options, 'run') as RunId | undefined;
    if (runId === undefined)
      throw new Refusal('BAD_INPUT', 'Name the run: --run RUN. The verb "runs" lists them.');
    const named = textOption(options, 'task');
    const value = numberOption(options, 'value');
    if (named === undefined) {
      if (value !== undefined || options['fitted'] === true)
        throw new Refusal('BAD_INPUT', 'Name the task: --task t2, or --task t1:FINDING.');
      return await withApp(options, 'read', ({ library }) => Promise.resolve(answer(library, runId)));
    }
    const task = taskSchema.safeParse(named);
    if (!task.success) throw new Refusal('BAD_INPUT', '--task takes t2, or t1: and the finding.');
    if ((value === undefined) !== (options['fitted'] === true))
      throw new Refusal('BAD_INPUT', 'Say either --value P, or --fitted.');
    if (value !== undefined && !(value >= 0 && value <= 1))
      throw new Refusal('BAD_INPUT', '--value takes a probability from 0 to 1.');
    const wanted = {
      runId,
      task: task.data,
      threshold: value ?? null,
      reason: (textOption(options, 'reason') ?? '').trim().slice(0, 500),
    };
    return await withApp(options, 'write', ({ library }) => {
      keepThreshold(library, Date, null, wanted);
      return Promise.resolve(answer(library, runId, wanted.task));
    });
  },
};
