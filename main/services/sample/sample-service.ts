/**
 * @file The sample study, from an empty library to a report. Where it stands is kept in the library: after a power cut it is
 * paused, and starting it again goes on with what is missing.
 */
import { randomBytes } from 'node:crypto';

import { sampleProgress, type SampleProgress } from '../../../shared/contract/sample.ts';
import type { ImportId, RunId, StudyId } from '../../../shared/domain/ids.ts';
import { isResumable } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { reportPath } from '../evaluation/report/write-report.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type {
  CallContext,
  Clock,
  EvaluationService,
  InferenceService,
  Log,
  SampleService,
} from '../service-types.ts';
import type { TrainingParts } from '../training/training-service.ts';
import { fractionOf, OVERLAY_FILMS, SAMPLE_RUNS, SAMPLE_SPLIT, type SampleStep } from './sample-plan.ts';

export interface SampleDeps {
  readonly library: OpenLibrary;
  readonly training: Pick<TrainingParts, 'service' | 'runToEnd'>;
  readonly evaluation: { readonly service: Pick<EvaluationService, 'report'> };
  readonly inference: { readonly service: Pick<InferenceService, 'predict'> };
  readonly clock: Clock;
  readonly log: Log;
  /** What is trained, in order; the sample study's runs unless a test names shorter ones. */
  readonly runs?: typeof SAMPLE_RUNS;
}

export interface SampleParts {
  readonly service: SampleService;
  isBusy(): boolean;
  /** Stops after the step at hand; a run at work is paused by the training service. */
  close(): Promise<void>;
}

const KEY = 'study';

/** The study stops here, and how: not an error of the app. */
class Stopped extends Error {
  readonly state: 'paused' | 'cancelled' | 'failed';
  readonly code: string;

  constructor(state: Stopped['state'], code: string, message: string) {
    super(message);
    this.state = state;
    this.code = code;
  }
}

export function createSampleService(deps: SampleDeps): SampleParts {
  const { library, clock, log, training } = deps;
  const { store, files } = library;
  const plan = deps.runs ?? SAMPLE_RUNS;
  let study: SampleProgress | null = null;
  let stop = new AbortController();
  let work: Promise<void> | null = null;
  let beganAt = 0;
  let beganFraction = 0;

  function keep(change: Partial<SampleProgress>): void {
    if (study === null) throw new Error('no study');
    study = { ...study, ...change };
    if (!files.readOnly) store.settings.set(KEY, study);
  }

  function tell(step: SampleStep, within: number): void {
    const fraction = fractionOf(step, within);
    if (study?.step !== step) {
      beganAt = clock.now();
      beganFraction = fraction;
    }
    // The pace of the step at hand; importing says nothing about training.
    const gained = step === 'runs' ? fraction - beganFraction : 0;
    const seconds = (clock.now() - beganAt) / 1000;
    const etaSeconds = gained > 0.02 ? (seconds / gained) * (1 - fraction) : null;
    keep({ step, fraction, etaSeconds });
  }

  function readKept(): void {
    const kept = sampleProgress.safeParse(store.settings.get(KEY));
    if (!kept.success) return;
    study = kept.data;
    if (study.state === 'running' && !files.readOnly) {
      const message =
        'Chestlight was closed during the study. Start it again: it goes on with what is missing.';
      keep({ state: 'paused', etaSeconds: null, error: { code: 'CANCELLED', message } });
    }
  }

  async function importSamples(call: CallContext): Promise<void> {
    tell('import', 0);
    // An import that was cut off is taken up again: what is in counts as a duplicate.
    const last = store.imports.newest();
    const cutOff = last?.kind === 'sample' && last.state !== 'finished';
    if (store.films.totals().films > 0 && !cutOff) return;
    const { importId } = await library.service.openSample({}, call);
    for await (const event of library.imports.watch(importId as ImportId, stop.signal)) {
      const { done, total } = event.progress;
      tell('import', total === null || total === 0 ? 0 : done / total);
      if (event.state === 'cancelled')
        throw new Stopped('cancelled', 'CANCELLED', 'The import was cancelled.');
      if (event.error !== null) throw new Stopped('failed', event.error.code, event.error.message);
    }
    if (!stop.signal.aborted) return;
    library.imports.cancel(importId as ImportId);
    throw new Stopped('cancelled', 'CANCELLED', 'The study was cancelled. Films that are in are kept.');
  }

  async function startOrGoOn(index: number, runIds: readonly RunId[], call: CallContext): Promise<RunId> {
    const kept = runIds[index];
    if (kept !== undefined && store.runs.find(kept) !== null) {
      if (isResumable(store.runs.get(kept).state)) await training.service.resume({ runId: kept }, call);
      return kept;
    }
    const request = plan[index]?.(runIds[0] ?? null);
    if (request === undefined) throw new Error('no such run in the plan');
    return (await training.service.start(request, call)).runId as RunId;
  }

  async function trainAll(call: CallContext): Promise<readonly RunId[]> {
    let runIds: readonly RunId[] = study?.runIds ?? [];
    for (const [index] of plan.entries()) {
      const runId = await startOrGoOn(index, runIds, call);
      runIds = [...runIds.slice(0, index), runId, ...runIds.slice(index + 1)];
      keep({ runIds: [...runIds] });
      tell('runs', index / plan.length);
      const state = await training.runToEnd(
        runId,
        ({ run }) => tell('runs', (index + run.progress.fraction) / plan.length),
        stop.signal,
      );
      if (state === 'finished') continue;
      const { name, error } = store.runs.get(runId);
      if (stop.signal.aborted || state === 'cancelled') {
        throw new Stopped('cancelled', 'CANCELLED', 'The study was cancelled. Finished runs are kept.');
      }
      const how = state === 'paused' || state === 'interrupted' ? 'paused' : 'failed';
      const why = error?.message ?? `"${name}" is ${state}. Start the study again to go on.`;
      throw new Stopped(how, error?.code ?? 'CANCELLED', why);
    }
    return runIds;
  }

  async function makeOverlays(runIds: readonly RunId[], call: CallContext): Promise<void> {
    tell('overlays', 0);
    const splitId = store.runs.get(runIds[0] ?? ('' as RunId)).splitId;
    const films = store.splits.dataset(splitId, []).filter((film) => film.part === 'test');
    const chosen = films.slice(0, OVERLAY_FILMS);
    const attention = (['last', 'rollout'] as const).map((method) => ({ method, head: null, target: null }));
    for (const [index, { filmId }] of chosen.entries()) {
      if (stop.signal.aborted) throw new Stopped('cancelled', 'CANCELLED', 'The study was cancelled.');
      for (const runId of runIds) await deps.inference.service.predict({ runId, filmId, attention }, call);
      tell('overlays', (index + 1) / chosen.length);
    }
  }

  async function conduct(): Promise<void> {
    const call: CallContext = { signal: stop.signal };
    await importSamples(call);
    tell('split', 0);
    if (store.splits.list().length === 0) await library.service.createSplit(SAMPLE_SPLIT, call);
    const runIds = await trainAll(call);
    await makeOverlays(runIds, call);
    tell('report', 0);
    const report = await deps.evaluation.service.report({ runIds: [...runIds] }, call);
    keep({ state: 'finished', step: 'done', fraction: 1, etaSeconds: 0, report });
  }

  async function conductGuarded(): Promise<void> {
    try {
      await conduct();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const expected = error instanceof Stopped || error instanceof ServiceError;
      if (!expected) log.error('the sample study met a defect', { error: message });
      const gone = error instanceof ServiceError && error.code === 'NOT_FOUND';
      const state = error instanceof Stopped ? error.state : gone ? 'paused' : 'failed';
      keep({ state, etaSeconds: null, error: { code: expected ? error.code : 'DEFECT', message } });
    }
  }

  readKept();

  return {
    service: {
      run() {
        files.refuseIfReadOnly();
        if (work !== null) throw new ServiceError('BUSY', 'The sample study is at work already.');
        const goesOn = study !== null && (study.state === 'paused' || study.state === 'failed');
        const before = goesOn ? study : null;
        study = {
          id: before?.id ?? (`study-${randomBytes(8).toString('hex')}` as StudyId),
          state: 'running',
          step: 'import',
          runIds: before?.runIds ?? [],
          fraction: 0,
          etaSeconds: null,
          report: null,
          error: null,
        };
        stop = new AbortController();
        keep({});
        work = conductGuarded()
          .catch((error: unknown) => log.error('the study could not be kept', { error: String(error) }))
          .finally(() => (work = null));
        return { studyId: study.id };
      },
      // The library may have been encrypted since, or not be any more.
      current: () =>
        study?.report == null
          ? study
          : { ...study, report: { ...study.report, path: reportPath(files, study.report.sha256) } },
      async cancel({ studyId }, call) {
        if (study?.id !== studyId) throw new ServiceError('NOT_FOUND', 'There is no such study.');
        if (work === null) {
          if (study.state === 'paused') keep({ state: 'cancelled', error: null });
          return {};
        }
        stop.abort();
        const running = study.runIds.at(-1);
        const state = running === undefined ? undefined : store.runs.find(running)?.state;
        if (running !== undefined && state !== undefined && state !== 'finished') {
          await training.service.cancel({ runId: running }, call);
        }
        return {};
      },
    },
    isBusy: () => work !== null,
    async close() {
      if (work === null) return;
      stop.abort();
      const at = work;
      await at;
      if (study?.state === 'finished') return;
      // What the closing app stopped goes on next time; only a person cancels a study.
      keep({
        state: 'paused',
        error: {
          code: 'CANCELLED',
          message: 'Chestlight was closed during the study. Start it again to go on.',
        },
      });
    },
  };
}
