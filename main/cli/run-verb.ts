/** @file What train, distill and resume share: follow a run to its end, pause at Ctrl-C, tell the result. */
import { definedOnly } from '../../shared/domain/defined-only.ts';
import type { Estimate, RunChange, RunRequest, RunSummary } from '../../shared/contract/training.ts';
import { runRequest } from '../../shared/contract/training.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { formatBytes, formatDuration } from '../../shared/domain/numbers.ts';
import type { AppParts } from '../services/compose.ts';
import { z } from 'zod';
import { startId } from '../services/training/start-weights.ts';
import { withApp } from './app-option.ts';
import { numberOption, textOption } from './options.ts';
import { tell, untilStopped, whenStopped } from './until-stopped.ts';
import { Refusal, type VerbArguments, type VerbResult } from './verb.ts';

type Options = VerbArguments['options'];

const call = { signal: new AbortController().signal };

/** Options of both verbs that begin a run. */
export const RUN_OPTIONS = {
  name: { type: 'string' },
  model: { type: 'string' },
  resolution: { type: 'string' },
  preset: { type: 'string' },
  epochs: { type: 'string' },
  batch: { type: 'string' },
  'micro-batch': { type: 'string' },
  'save-memory': { type: 'boolean' },
  precision: { type: 'string' },
  'learning-rate': { type: 'string' },
  seed: { type: 'string' },
  split: { type: 'string' },
  init: { type: 'string' },
  estimate: { type: 'boolean' },
  'token-mode': { type: 'string' },
  reduce: { type: 'string' },
  upsample: { type: 'string' },
  'class-weights': { type: 'boolean' },
} as const;

/** @throws Refusal BAD_INPUT naming the option that does not fit */
export function requestFrom(
  options: Options,
  values: Partial<Record<keyof RunRequest, unknown>>,
): RunRequest {
  const recipe = definedOnly({
    epochs: numberOption(options, 'epochs'),
    batch: numberOption(options, 'batch'),
    microBatch: numberOption(options, 'micro-batch'),
    recompute: options['save-memory'] === true ? true : undefined,
    precision: textOption(options, 'precision'),
    learningRate: numberOption(options, 'learning-rate'),
  });
  const parsed = runRequest.safeParse(
    definedOnly({
      name: textOption(options, 'name'),
      preset: textOption(options, 'preset'),
      resolution: numberOption(options, 'resolution'),
      seed: numberOption(options, 'seed'),
      splitId: textOption(options, 'split'),
      recipe,
      input: definedOnly({
        tokens: textOption(options, 'token-mode'),
        reduce: textOption(options, 'reduce'),
        upsample: textOption(options, 'upsample'),
      }),
      classWeights: options['class-weights'] === true,
      ...values,
    }),
  );
  if (parsed.success) return parsed.data;
  throw new Refusal('BAD_INPUT', `The settings do not fit: ${z.prettifyError(parsed.error)}`);
}

/** The start that `--init` names, null for `none`; where it names nothing `usual`. */
export function startOf(options: Options, usual: string | null): string | null {
  const named = textOption(options, 'init') ?? usual;
  return named === 'none' ? null : named;
}

type Cost = Pick<Estimate, 'seconds' | 'memoryBytes' | 'diskBytes' | 'basis'>;

function costInWords({ seconds, memoryBytes, diskBytes, basis }: Cost): string {
  return `About ${formatDuration(seconds)} (${basis}), memory ${formatBytes(memoryBytes)}, disk ${formatBytes(diskBytes)}`;
}

const startInWords = (init: string | null): string =>
  init === null ? 'Start: random weights' : `Start: ${init}`;

/** What the run would take, without starting it. */
async function estimated({ training }: AppParts, request: RunRequest): Promise<VerbResult> {
  const { measuring: _, mixed: _mixed, ...cost } = await training.service.estimate(request, call);
  const lines = [
    ...(cost.refusals.length === 0 ? [`${startInWords(request.init)}. ${costInWords(cost)}.`] : []),
    ...cost.warnings,
    ...cost.refusals.map((refusal) => `Cannot start: ${refusal}`),
  ];
  return { json: { ...cost, init: request.init }, text: lines.join('\n') };
}

/** Begins the run; what it starts from and what it will take is told first. @throws ServiceError */
async function begun({ training }: AppParts, request: RunRequest): Promise<RunId> {
  const cost = await training.service.estimate(request, call);
  const { runId } = await training.service.start(request, call);
  tell(`${startInWords(request.init)}. ${costInWords(cost)}.`);
  for (const warning of cost.warnings) tell(warning);
  return runId as RunId;
}

/** One line a change on standard error: epochs whole, progress every few seconds. */
function teller(): (event: RunChange) => void {
  let toldAt = 0;
  return ({ run, epoch }) => {
    const { phase, etaSeconds, epochs } = run.progress;
    if (epoch !== null) {
      const { t1, t2 } = epoch.validation;
      const scores =
        run.method === 'pretrain'
          ? ''
          : `validation T1 ${t1?.toFixed(3) ?? '–'}, T2 ${t2?.toFixed(3) ?? '–'}, `;
      tell(
        `epoch ${epoch.epoch + 1} of ${epochs}: loss ${epoch.loss.toFixed(4)}, ${scores}${epoch.imagesPerSecond.toFixed(1)} films/s`,
      );
      return;
    }
    if (Date.now() - toldAt < 5000) return;
    toldAt = Date.now();
    const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`;
    tell(`${run.state}: ${phase} ${(run.progress.fraction * 100).toFixed(0)} %${left}`);
  };
}

/** Asks for a checkpoint; says in one line what comes of it, whatever the run does just now. */
async function pause({ training, library }: AppParts, runId: RunId): Promise<void> {
  try {
    if (library.store.runs.get(runId).state === 'evaluating') {
      tell('Training is over: the metrics are computed, then the run is finished.');
      return;
    }
    await training.service.pause({ runId }, call);
    tell('Pausing at the next step; the run can be resumed.');
  } catch (error) {
    tell(`The run was not paused: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Waits until the run is at rest; `stop` pauses it at a checkpoint.
 * @throws Refusal with the run's own error when it failed or was interrupted; ServiceError NOT_FOUND when it was removed
 */
async function follow(parts: AppParts, runId: RunId, stop: AbortSignal): Promise<VerbResult> {
  const { training, library, evaluation } = parts;
  const over = new AbortController();
  const stopListening = whenStopped(stop, () => void pause(parts, runId));
  try {
    await training.runToEnd(runId, teller(), over.signal);
  } finally {
    stopListening();
    over.abort();
  }
  const run = await training.service.run({ runId }, call);
  if (run.state === 'failed' || run.state === 'interrupted') {
    const { code, message } = run.error ?? { code: 'WORKER_CRASHED', message: `The run is ${run.state}.` };
    throw new Refusal(code, message, { runId });
  }
  const json = {
    runId,
    name: run.name,
    state: run.state,
    epochs: library.store.runs.history(runId).length,
    best: run.best,
    steps: run.steps,
    notes: run.notes,
    labelVersionId: run.config.labelVersionId,
    init: run.config.init,
    test: run.state === 'finished' && run.method !== 'pretrain' ? await evaluation.summary(runId) : null,
    error: run.error,
  };
  if (run.method !== 'pretrain') {
    return { json, text: `${inWords(run)}\n  ${startInWords(run.config.init)}` };
  }
  const final = library.store.runs.checkpoints(runId).find(({ kind }) => kind === 'final');
  const start = run.state === 'finished' && final !== undefined ? startId(final.sha256) : null;
  return {
    json: { ...json, start },
    text: `${inWords(run)}${start === null ? '' : `\n  start weights: --init ${start}`}`,
  };
}

/** Opens the library, begins or takes up a run, and follows it to its end; Ctrl-C and SIGTERM pause it. */
export function followRun(options: Options, begin: (parts: AppParts) => Promise<RunId>): Promise<VerbResult> {
  return untilStopped((stop) =>
    withApp(options, 'write', async (parts) => await follow(parts, await begin(parts), stop)),
  );
}

/** Begins the run that `request` asks for and follows it to its end, or with `--estimate` says what it would take. */
export function beginRun(
  options: Options,
  request: (parts: AppParts) => RunRequest | Promise<RunRequest>,
): Promise<VerbResult> {
  return options.estimate === true
    ? withApp(options, 'write', async (parts) => await estimated(parts, await request(parts)))
    : followRun(options, async (parts) => await begun(parts, await request(parts)));
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
