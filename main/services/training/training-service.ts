/** @file Training as the window and the command line see it: plan, queue, one process at a time, live changes. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { RunChange, RunRequest } from '../../../shared/contract/training.ts';
import { runRequest } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { isActive, isResumable, type RunState } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, Log, TrainingService, WorkerHost } from '../service-types.ts';
import { estimateRun } from './estimate.ts';
import { machineName, type TrainingEngine } from './machine.ts';
import { knownMachineRate, mixedGain, type MachineRates } from './machine-rate.ts';
import { presetCards } from './presets.ts';
import { configHash, fillRequest } from './run-config.ts';
import { lowDisk, roomForCheckpoint } from './low-disk.ts';
import { createRunEvents } from './run-events.ts';
import { startRunProcess, type RunProcess } from './run-process.ts';
import { defaultName, unusedName, runDetail, runSummary, waitingProgress } from './run-views.ts';
import { deleteFolder, sweepSpentFiles } from './spent-files.ts';
import { listStarts, removeStart } from './start-weights.ts';
import { importUploadedStart } from './uploaded-start.ts';
import { writePlan } from './write-plan.ts';

export interface TrainingDeps {
  readonly library: OpenLibrary;
  readonly workerHost: WorkerHost;
  /** What the engine is; asked before the first run. */
  readonly engine: () => Promise<TrainingEngine>;
  readonly clock: Clock;
  readonly log: Log;
  /** Metrics of a run whose scores have just been written. */
  readonly onFinished: (id: RunId) => Promise<void>;
  /** Measures this machine while nothing is trained; absent = it is not measured. */
  readonly rates?: MachineRates | undefined;
  /** Runs that waited when the library was closed go on by themselves; else when a run is started or resumed. */
  readonly goOn: boolean;
}

export interface TrainingParts {
  readonly service: TrainingService;
  /**
   * Resolves with the run's state when it has come to rest; tells every change on the way.
   * @throws ServiceError NOT_FOUND when the run is removed meanwhile
   */
  runToEnd(id: RunId, onEvent: (event: RunChange) => void, signal: AbortSignal): Promise<RunState>;
  /** Calls after every change of a run, for as long as the library is open. */
  onChange(listener: () => void): void;
  /** Tells windows of a run that did not come from here. */
  readonly tell: (id: RunId) => void;
  isBusy(): boolean;
  /** Asks a run at work for a checkpoint soon; it goes on. False when there is none. */
  keepNow(): boolean;
  /** Asks a running process for a checkpoint and waits for it; the run is paused and can be resumed. */
  close(): Promise<void>;
}

/** When the app closes, a process that is heard may finish its step and write its checkpoint; a silent one is ended, ms. */
const CLOSE_SILENT_MS = 30_000;
const CLOSE_MS = 300_000;

const CRASHED = {
  code: 'WORKER_CRASHED',
  message:
    'Chestlight was closed or the power was cut while this run was at work. Everything up to the last checkpoint is kept; resume goes on from there.',
};

export function createTrainingService(deps: TrainingDeps): TrainingParts {
  const { library, clock, log } = deps;
  const { store, files } = library;
  const { runs } = store;
  const events = createRunEvents(library, clock);
  let process: RunProcess | null = null;
  let pumping: Promise<void> | null = null;
  /** The queue was asked to go on while it was being looked at. */
  let askedAgain = false;
  let closed = false;

  if (!files.readOnly) for (const id of runs.active()) runs.move(id, 'interrupted', clock.now(), CRASHED);

  const move = (id: RunId, to: RunState, error: { code: string; message: string } | null = null): void => {
    runs.move(id, to, clock.now(), error);
    events.tell(id);
  };

  /** Starts the next queued run when nothing runs. Every failure becomes a state of that run. */
  function pump(): void {
    if (process !== null || closed) return;
    askedAgain = pumping !== null;
    pumping ??= launchNext()
      .catch((error: unknown) => log.error('the queue stopped', { error: String(error) }))
      .finally(() => {
        pumping = null;
        if (askedAgain) pump();
      });
  }

  async function launchNext(): Promise<void> {
    for (
      let next = runs.nextQueued();
      next !== null && process === null && !closed;
      next = runs.nextQueued()
    ) {
      await launch(next);
    }
  }

  async function launch(run: RunRow): Promise<void> {
    move(run.id, 'preparing');
    deps.rates?.stop(); // each would slow the other down
    try {
      const [free, needed] = [await files.freeBytes(), roomForCheckpoint(run.config)];
      if (free < needed && runs.get(run.id).state === 'preparing')
        return move(run.id, 'paused', lowDisk(free, needed));
      const planPath = await writePlan(library, run, run.startedAt !== null);
      // Asked for while the plan was written, or the app is closing.
      const { state } = runs.get(run.id);
      if (state === 'cancelling') return move(run.id, 'cancelled');
      if (state === 'pausing' || closed) return move(run.id, 'paused');
      const started = startRunProcess({ ...deps, events, evaluate: deps.onFinished }, run.id, planPath);
      process = started;
      void started.ended.then(() => {
        process = null;
        pump();
      });
    } catch (error) {
      const expected = error instanceof ServiceError;
      if (!expected) log.error('a run could not be started', { runId: run.id, error: String(error) });
      const message = error instanceof Error ? error.message : String(error);
      move(run.id, 'failed', { code: expected ? error.code : 'WORKER_CRASHED', message });
    }
  }

  function refuseWithoutEngine({ trainable, reason }: TrainingEngine): void {
    if (trainable) return;
    throw new ServiceError('ENGINE_UNAVAILABLE', reason ?? 'Training is off on this machine.');
  }

  async function start(request: RunRequest): Promise<{ runId: RunId }> {
    files.refuseIfReadOnly();
    const { config, films } = await fillRequest(library, clock, request);
    const engine = await deps.engine();
    const freeBytes = await files.freeBytes();
    const { tooBig } = estimateRun(library, machineName(engine), config, films, freeBytes);
    if (tooBig !== null) throw new ServiceError(tooBig.code, tooBig.message);
    refuseWithoutEngine(engine);
    const id = `run-${randomBytes(8).toString('hex')}` as RunId;
    const trainFilms = films.filter((film) => film.part === 'train').length;
    runs.insert({
      id,
      name: request.name ?? unusedName(defaultName(config), runs.list()),
      config,
      configHash: configHash(config),
      createdAt: clock.now(),
      progress: waitingProgress(config, trainFilms),
    });
    events.tell(id);
    pump();
    return { runId: id };
  }

  /** The process of this run, or null when it is not the one at work. */
  const processOf = (id: RunId): RunProcess | null => (process?.id === id ? process : null);

  function pause(id: RunId): void {
    const { state } = runs.get(id);
    if (state === 'queued') return move(id, 'paused');
    move(id, 'pausing');
    processOf(id)?.ask({ type: 'pause' });
  }

  function cancel(id: RunId): void {
    const { state } = runs.get(id);
    if (!isActive(state)) return move(id, 'cancelled');
    move(id, 'cancelling');
    processOf(id)?.ask({ type: 'cancel' });
  }

  async function remove(id: RunId): Promise<void> {
    files.refuseIfReadOnly();
    const { state } = runs.get(id);
    if (isActive(state)) throw new ServiceError('BUSY', 'The run is at work. Cancel it first.');
    // Its state is at rest, but its process may still be leaving and writing.
    await processOf(id)?.ended;
    const students = runs.students(id);
    if (students.length > 0) {
      throw new ServiceError(
        'CONFLICT',
        `${students.length} student run${students.length === 1 ? ' was' : 's were'} taught by this one. Remove ${students.length === 1 ? 'it' : 'them'} first.`,
        { students },
      );
    }
    const reading = store.reviews
      .all()
      .find((review) => review.plan.runId === id && review.closedAt === null);
    if (reading !== undefined) {
      throw new ServiceError(
        'CONFLICT',
        `The open review session "${reading.name}" shows this model to its readers. Close the session first; nothing was removed.`,
        { reviewId: reading.id },
      );
    }
    const caches = runs.knowledge().filter((one) => one.teacherRunId === id);
    store.transaction(() => {
      for (const { key } of caches) runs.dropKnowledge(key);
      runs.remove(id);
    });
    events.tell(id);
    for (const { key } of caches) await deleteFolder(join(files.knowledgeDir, key));
    await deleteFolder(join(files.runsDir, id));
  }

  const service: TrainingService = {
    presets: ({ model }) => presetCards(model),
    importStart: (input) => importUploadedStart(library, clock, input),
    starts: async ({ model }) =>
      (await listStarts(library))
        .filter((start) => start.model === model)
        .map(({ id, title, licence, bytes, bundled, signer }) => ({
          ...{ id, title, licence, bytes, bundled },
          signer: signer && { ...signer },
        })),
    removeStart: ({ id }) => {
      removeStart(library, id);
      return {};
    },
    async estimate(request) {
      const refusals: string[] = [];
      const engine = await deps.engine();
      if (!engine.trainable) refusals.push(engine.reason ?? 'Training is off on this machine.');
      try {
        const { config, films } = await fillRequest(library, clock, request, 'estimate');
        const machine = machineName(engine);
        const { tooBig, keptBytes, passingBytes, ...estimate } = estimateRun(
          library,
          machine,
          config,
          films,
          await files.freeBytes(),
        );
        if (tooBig !== null) refusals.push(tooBig.message);
        const idle = process === null && pumping === null;
        const measuring = refusals.length === 0 && idle && deps.rates?.ask(config.model, engine) === true;
        const mixed = mixedGain(knownMachineRate(library, machine, config.model));
        return { ...estimate, diskBytes: keptBytes + passingBytes, measuring, mixed, refusals };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        refusals.push(error.message);
        const nothing = { seconds: 0, memoryBytes: 0, diskBytes: 0, films: 0, steps: 0 };
        return {
          ...nothing,
          basis: 'not estimated',
          measuring: false,
          mixed: null,
          warnings: [],
          refusals,
        };
      }
    },
    start,
    pause({ runId }) {
      pause(runId);
      return {};
    },
    resume({ runId }) {
      files.refuseIfReadOnly();
      const { state } = runs.get(runId);
      if (!isResumable(state)) {
        throw new ServiceError('CONFLICT', `A run that is ${state} cannot be resumed. Nothing was changed.`);
      }
      move(runId, 'queued');
      pump();
      return {};
    },
    stopKeepBest({ runId }) {
      const running = processOf(runId);
      if (running === null) throw new ServiceError('CONFLICT', 'This run is not training now.');
      running.ask({ type: 'stop-keep-best' });
      return {};
    },
    cancel({ runId }) {
      cancel(runId);
      return {};
    },
    async remove({ runId }) {
      await remove(runId);
      return {};
    },
    rename({ runId, name }) {
      runs.get(runId);
      runs.rename(runId, name);
      events.tell(runId);
      return {};
    },
    runs: () => runs.list().map((run) => runSummary(library, run)),
    run: ({ runId }) => runDetail(library, runs.get(runId)),
    watch: ({ afterSeq }, { signal }) => events.watch(afterSeq, signal),
    async dropKnowledge({ key }) {
      files.refuseIfReadOnly();
      const cache = runs.knowledge().find((one) => one.key === key);
      if (cache === undefined) throw new ServiceError('NOT_FOUND', 'There is no such knowledge cache.');
      const user = runs.students(cache.teacherRunId).find((id) => isActive(runs.get(id).state));
      if (user !== undefined) {
        throw new ServiceError(
          'BUSY',
          `"${runs.get(user).name}" is learning from this cache now. Nothing was deleted; wait for it or pause it.`,
        );
      }
      runs.dropKnowledge(key);
      await deleteFolder(join(files.knowledgeDir, key));
      return {};
    },
    knowledge: () => runs.knowledge(),
  };

  const atRest = (state: RunState): boolean => state !== 'queued' && !isActive(state);

  async function runToEnd(
    id: RunId,
    onEvent: (event: RunChange) => void,
    signal: AbortSignal,
  ): Promise<RunState> {
    if (atRest(runs.get(id).state)) return runs.get(id).state;
    for await (const event of events.watch(store.events.lastSeq(), signal)) {
      const { run } = event;
      if (event.runId !== id) continue;
      if (run === null) break;
      onEvent({ ...event, run });
      if (atRest(run.state)) break;
    }
    return runs.get(id).state;
  }

  async function close(): Promise<void> {
    closed = true;
    await tidied; // nothing is removed once another process may have the library
    await pumping;
    const running = process;
    if (running === null) return;
    const { state } = runs.get(running.id);
    if (state === 'preparing' || state === 'training') pause(running.id);
    const since = clock.now();
    const timer = setInterval(() => {
      if (running.silentFor() > CLOSE_SILENT_MS || clock.now() - since > CLOSE_MS) running.kill();
    }, 1000);
    await running.ended;
    clearInterval(timer);
  }

  const tidied = files.readOnly
    ? Promise.resolve()
    : sweepSpentFiles(library).catch((error: unknown) =>
        log.warn('spent files were not tidied up', { error: String(error) }),
      );
  // Runs that waited when the app was closed go on waiting in the same order.
  if (!files.readOnly && deps.goOn) void tidied.then(pump);
  return {
    service,
    runToEnd,
    onChange: (listener) => events.onChange(listener),
    tell: (id) => events.tell(id),
    isBusy: () => process !== null,
    keepNow() {
      process?.ask({ type: 'checkpoint' });
      return process !== null;
    },
    close,
  };
}

/** Fills a request's defaults as the contract does. */
export function requestOf(
  values: Partial<RunRequest> & Pick<RunRequest, 'method' | 'model' | 'resolution'>,
): RunRequest {
  return runRequest.parse(values);
}
