/** @file What train, distill and resume share: follow a run to its end, pause at Ctrl-C, tell the result. */
import type { RunEvent, RunRequest, RunSummary } from '../../shared/contract/training.ts';
import { runRequest } from '../../shared/contract/training.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { formatDuration } from '../../shared/domain/numbers.ts';
import type { AppParts } from '../services/compose.ts';
import { z } from 'zod';
import { given, numberOption, textOption } from './options.ts';
import { Refusal, type VerbArguments, type VerbResult } from './verb.ts';

type Options = VerbArguments['options'];

/** Options of both verbs that begin a run. */
export const RUN_OPTIONS = {
  name: { type: 'string' },
  model: { type: 'string' },
  resolution: { type: 'string' },
  preset: { type: 'string' },
  epochs: { type: 'string' },
  batch: { type: 'string' },
  'micro-batch': { type: 'string' },
  'learning-rate': { type: 'string' },
  seed: { type: 'string' },
  split: { type: 'string' },
  init: { type: 'string' },
} as const;

/** @throws Refusal BAD_INPUT naming the option that does not fit */
export function requestFrom(
  options: Options,
  values: Partial<Record<keyof RunRequest, unknown>>,
): RunRequest {
  const recipe = given({
    epochs: numberOption(options, 'epochs'),
    batch: numberOption(options, 'batch'),
    microBatch: numberOption(options, 'micro-batch'),
    learningRate: numberOption(options, 'learning-rate'),
  });
  const parsed = runRequest.safeParse(
    given({
      name: textOption(options, 'name'),
      preset: textOption(options, 'preset'),
      resolution: numberOption(options, 'resolution'),
      seed: numberOption(options, 'seed'),
      splitId: textOption(options, 'split'),
      init: textOption(options, 'init'),
      recipe,
      ...values,
    }),
  );
  if (parsed.success) return parsed.data;
  throw new Refusal('BAD_INPUT', `The settings do not fit: ${z.prettifyError(parsed.error)}`);
}

/** One line a change on standard error: epochs whole, progress every few seconds. */
function teller(): (event: RunEvent) => void {
  let toldAt = 0;
  return ({ run, epoch }) => {
    const { phase, etaSeconds, epochs } = run.progress;
    if (epoch !== null) {
      const { t1, t2 } = epoch.validation;
      const scores = `validation T1 ${t1?.toFixed(3) ?? '–'}, T2 ${t2?.toFixed(3) ?? '–'}`;
      process.stderr.write(
        `epoch ${epoch.epoch + 1} of ${epochs}: loss ${epoch.loss.toFixed(4)}, ${scores}, ${epoch.imagesPerSecond.toFixed(1)} films/s\n`,
      );
      return;
    }
    if (Date.now() - toldAt < 5000) return;
    toldAt = Date.now();
    const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`;
    process.stderr.write(`${run.state}: ${phase} ${(run.progress.fraction * 100).toFixed(0)} %${left}\n`);
  };
}

/** Waits until the run is at rest; Ctrl-C pauses it at a checkpoint. */
export async function follow({ training, library, evaluation }: AppParts, runId: RunId): Promise<VerbResult> {
  const stop = new AbortController();
  const call = { signal: stop.signal };
  const pause = (): void => {
    process.stderr.write('Pausing at the next step; the run can be resumed.\n');
    void training.service.pause({ runId }, call);
  };
  process.once('SIGINT', pause);
  process.once('SIGTERM', pause);
  try {
    await training.runToEnd(runId, teller(), stop.signal);
  } finally {
    process.off('SIGINT', pause);
    process.off('SIGTERM', pause);
    stop.abort();
  }
  const run = await training.service.run({ runId }, call);
  if (run.state === 'failed' && run.error !== null) {
    throw new Refusal(run.error.code, run.error.message, { runId });
  }
  const json = {
    runId,
    name: run.name,
    state: run.state,
    epochs: library.store.runs.history(runId).length,
    best: run.best,
    test: run.state === 'finished' ? await evaluation.summary(runId) : null,
  };
  return { json, text: inWords(run) };
}

const figure = (value: { readonly value: number | null; readonly ci: readonly number[] | null }): string =>
  value.value === null
    ? 'undefined'
    : `${value.value.toFixed(3)}${value.ci === null ? '' : ` (${value.ci.map((end) => end.toFixed(3)).join('–')})`}`;

/** A run in two lines for a person. */
export function inWords(
  run: Pick<RunSummary, 'name' | 'state' | 'test' | 'error'> & { readonly id: string },
): string {
  const { name, id, state, test } = run;
  const head = `${name} [${id}] ${state}${run.error === null ? '' : `: ${run.error.message}`}`;
  if (test === null) return head;
  return `${head}\n  test: T1 macro AUROC ${figure(test.t1)} over ${test.t1.k} of ${test.t1.of} findings, T2 AUROC ${figure(test.t2)}`;
}
