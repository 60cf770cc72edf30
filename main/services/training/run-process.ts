/** @file One training process from start to end: its messages become rows, its death becomes a state of the run. */
import { basename } from 'node:path';

import type { RunId } from '../../../shared/domain/ids.ts';
import { canMove, type RunState } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { fromTraining, type FromTraining, type ToTraining } from '../../../shared/worker/protocol.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, Log, WorkerHandle, WorkerHost } from '../service-types.ts';
import { rememberRate } from './estimate.ts';
import { withoutFolders } from './without-folders.ts';
import { lowDisk, roomForCheckpoint } from './low-disk.ts';
import { machineName } from './machine.ts';
import { keepAsStart } from './pretraining.ts';
import { dropSpentCheckpoints } from './spent-files.ts';
import type { RunEvents } from './run-events.ts';
import { easedRecipe, easedSentence, nextEase, watchMemory } from './want-of-memory.ts';

/** Progress is written and told at most this often, ms. */
const PROGRESS_EVERY_MS = 500;
/** How often silence is looked for, ms. */
const LISTEN_EVERY_MS = 10_000;
/** Looks without a word after which a process is taken for dead: three minutes in which this computer was awake. */
const SILENT_LOOKS = 18;
/** How often free space and memory are looked at, ms: a checkpoint takes longer to compute than to write. */
const DISK_EVERY_MS = 2000;

export interface RunProcessDeps {
  readonly library: OpenLibrary;
  readonly workerHost: WorkerHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: RunEvents;
  /** Metrics of the scores that the run has just written. */
  readonly evaluate: (id: RunId) => Promise<void>;
}

export interface RunProcess {
  readonly id: RunId;
  ask(message: Exclude<ToTraining, { type: 'start' }>): void;
  /** Ends the process now; the run becomes interrupted and can be resumed. */
  kill(): void;
  /** Milliseconds since its last word. */
  silentFor(): number;
  /** Resolves when the run has come to rest. */
  readonly ended: Promise<void>;
}

/** Starts the process of a run in state `preparing` whose plan is written. */
export function startRunProcess(deps: RunProcessDeps, id: RunId, planPath: string): RunProcess {
  const { library, clock, log, events } = deps;
  const { runs } = library.store;
  const worker: WorkerHandle = deps.workerHost.start('training');
  const { promise: ended, resolve } = Promise.withResolvers<undefined>();
  let toldAt = 0;
  let heardAt = clock.now();
  let silentLooks = 0;
  let phase = '';
  let hasTrained = false;
  /** What it runs on. */
  let machine: string | null = null;
  let finishing: Promise<void> | null = null;
  /** Why the process was ended from here: its messages could not be kept. */
  let broken: ServiceError | null = null;
  /** It was ended from here. */
  let killed = false;
  const kill = (): void => {
    killed = true;
    worker.kill();
  };
  /** Why it was asked to pause from here: the disk is nearly full. */
  let low: ReturnType<typeof lowDisk> | null = null;
  const memory = watchMemory();

  const move = (to: RunState, error: { code: string; message: string } | null = null): void => {
    const run = runs.find(id);
    if (run === null || !canMove(run.state, to)) return;
    runs.move(id, to, clock.now(), error);
    events.tell(id);
  };

  /** Memory ran out: the run goes on with less where that is possible. @returns what resume does */
  const ease = (): string => {
    const easedTo = nextEase(runs.get(id));
    if (easedTo !== null) runs.ease(id, easedTo);
    return easedSentence(easedTo);
  };

  const finish = async (): Promise<void> => {
    move('evaluating');
    try {
      if (runs.get(id).config.method === 'pretrain') await keepAsStart(library, clock, id);
      else await deps.evaluate(id);
      // Asked for while the metrics were computed: to cancel counts, to pause comes too late.
      if (runs.get(id).state === 'cancelling') return move('cancelled');
      if (runs.get(id).state === 'pausing') move('evaluating');
      runs.setProgress(id, { ...runs.get(id).progress, phase: 'done', fraction: 1, etaSeconds: 0 });
      move('finished');
      await dropSpentCheckpoints(library, id);
    } catch (error) {
      if (runs.find(id)?.state === 'cancelling') return move('cancelled');
      log.error('evaluating a run failed', { runId: id, error: String(error) });
      const why = error instanceof Error ? error.message : String(error);
      move('failed', {
        code: 'EVALUATION',
        message: `Training ended and its weights are kept, but what comes after it failed: ${why}`,
      });
    }
  };

  const onMessage = (message: FromTraining): void => {
    heardAt = clock.now();
    silentLooks = 0;
    switch (message.type) {
      case 'ready':
        runs.setDevice(id, message.device);
        machine = machineName({ ...message, deviceName: message.device });
        return;
      case 'heartbeat':
        return;
      case 'progress': {
        const { progress } = message;
        if (progress.phase === 'training' || progress.phase === 'validating') move('training');
        if (progress.phase === phase && clock.now() - toldAt < PROGRESS_EVERY_MS) return;
        phase = progress.phase;
        toldAt = clock.now();
        runs.setProgress(id, progress);
        events.tell(id);
        return;
      }
      case 'epoch':
        move('training');
        runs.putEpoch(id, message.record);
        // The first epoch of a process has the making of its graph in it.
        if (hasTrained && machine !== null) {
          const run = runs.get(id);
          rememberRate(
            library,
            machine,
            { ...run, config: { ...run.config, recipe: easedRecipe(run) } },
            message.record,
          );
        }
        hasTrained = true;
        events.tell(id, message.record);
        return;
      case 'checkpoint': {
        const { kind, sha256, bytes, epoch, step, metrics } = message;
        const file = basename(message.file);
        runs.putCheckpoint(id, { kind, file, sha256, bytes, epoch, step, createdAt: clock.now() });
        if (kind !== 'last' && metrics !== null) runs.setBest(id, { epoch, ...metrics });
        if (kind === 'final') move('evaluating');
        return;
      }
      case 'knowledge': {
        const { key, feature, films, views, bytes, complete } = message;
        const { teacherRunId } = runs.get(id);
        if (teacherRunId === null) return;
        runs.putKnowledge({ key, teacherRunId, feature, films, views, bytes, complete });
        events.tell(id);
        return;
      }
      case 'likeness': {
        const { outcome, ...common } = message.likeness;
        const { fitted: _fitted, ...said } = outcome;
        const row =
          'file' in said ? { ...said, file: basename(said.file), reason: null } : { ...said, file: null };
        library.store.likeness.put(id, { ...common, ...row }, clock.now());
        return;
      }
      case 'first-batch':
        events.tell(id);
        return;
      case 'steps':
        runs.setSteps(id, message.taken);
        return;
      case 'log':
        log[message.level](message.message, { runId: id });
        if (message.level === 'info') return;
        runs.addNote(id, withoutFolders(message.message), clock.now());
        events.tell(id);
        return;
      case 'failed': {
        const { code, detail } = message;
        if (code !== 'OUT_OF_MEMORY' || detail.lessWouldDo !== true)
          return move('failed', { code, message: message.message });
        const to = nextEase(runs.get(id)) === null ? 'failed' : 'interrupted';
        return move(to, { code, message: `${message.message} ${ease()}` });
      }
      case 'ended':
        if (message.how === 'finished') finishing = finish().catch(breakOff);
        else move(message.how, message.how === 'paused' ? low : null);
        return;
    }
  };

  /** Rows cannot be written (a full disk): the process ends, its checkpoints stay, the run can be resumed. */
  function breakOff(error: unknown): void {
    log.error('a run could not be kept current', { runId: id, error: String(error) });
    if (error instanceof ServiceError) broken = error;
    kill();
  }

  worker.onMessage((raw) => {
    const parsed = fromTraining.safeParse(raw);
    if (!parsed.success) {
      log.error('the training process sent what is not a message', {
        runId: id,
        issue: parsed.error.message,
      });
      return;
    }
    try {
      onMessage(parsed.data);
    } catch (error) {
      breakOff(error);
      return;
    }
    if (parsed.data.type === 'ended' || parsed.data.type === 'failed') {
      // Under Electron the process does not leave by itself.
      void (finishing ?? Promise.resolve()).then(kill);
    }
  });
  const watchdog = setInterval(() => {
    silentLooks += 1;
    if (silentLooks < SILENT_LOOKS || finishing !== null) return;
    log.error('the training process fell silent', { runId: id });
    kill();
  }, LISTEN_EVERY_MS);
  watchdog.unref();
  const needed = roomForCheckpoint(runs.get(id).config);
  const lookAtDisk = async (): Promise<void> => {
    const free = await library.files.freeBytes();
    const state = runs.find(id)?.state;
    if (free >= needed || low !== null || (state !== 'preparing' && state !== 'training')) return;
    low = lowDisk(free, needed);
    log.warn('the disk is nearly full: a run is paused', { runId: id, free, needed });
    move('pausing');
    worker.send({ type: 'pause' } satisfies ToTraining);
  };
  const diskWatch = setInterval(() => {
    memory.look();
    lookAtDisk().catch((error: unknown) =>
      log.error('the free space could not be looked at', { runId: id, error: String(error) }),
    );
  }, DISK_EVERY_MS);
  diskWatch.unref();
  const endedUnexpectedly = (code: number | null, signal: string | null): string => {
    const what = `The training process ended unexpectedly (${signal ?? `exit ${code ?? 'unknown'}`})`;
    const kept = 'Everything up to the last checkpoint is kept';
    switch (killed ? 'no' : memory.ranOut(code, signal)) {
      case 'yes':
        return `${what}, most likely for want of memory. ${kept}. ${ease()}`;
      case 'perhaps':
        return `${what}. ${kept}; resume goes on from there. A process that ends like this may have run out of memory: close other programs before you resume.`;
      case 'no':
        return `${what}. ${kept}; resume goes on from there.`;
    }
  };
  const settle = async (code: number | null, signal: string | null): Promise<void> => {
    clearInterval(watchdog);
    clearInterval(diskWatch);
    await finishing;
    if (finishing !== null && broken === null) return;
    try {
      const run = runs.find(id);
      if (run === null || !canMove(run.state, 'interrupted')) return;
      move('interrupted', {
        code: broken?.code ?? 'WORKER_CRASHED',
        message: broken?.message ?? endedUnexpectedly(code, signal),
      });
    } catch (error) {
      // Nothing can be written: when the library opens again the run is found interrupted.
      log.error('the end of a run could not be kept', { runId: id, error: String(error) });
    }
  };
  worker.onExit((code, signal) => {
    void settle(code, signal).finally(() => resolve(undefined));
  });
  worker.send({ type: 'start', planPath, access: library.files.access } satisfies ToTraining);
  return {
    id,
    ask: (message) => worker.send(message),
    kill,
    silentFor: () => clock.now() - heardAt,
    ended,
  };
}
