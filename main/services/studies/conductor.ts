/**
 * @file Trains the cells of the study that is running, one after the other, through the queue of runs. What comes of each
 * stands in the library before the next begins, so that a restart or a power cut costs nothing but the steps since a checkpoint.
 */
import type { RunId, StudyId } from '../../../shared/domain/ids.ts';
import { isResumable } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { StudyCellRow, StudyError, StudyRow } from '../../store/studies.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, Clock, Log } from '../service-types.ts';
import { machineName, type TrainingEngine } from '../training/machine.ts';
import { configHash, fillRequest } from '../training/run-config.ts';
import type { TrainingParts } from '../training/training-service.ts';
import { cellRequest, cellsOf, nearestRun, runsByHash, type Cell } from './cell-runs.ts';
import { cellCosts } from './study-estimate.ts';
import { standings } from './study-view.ts';

export interface ConductorDeps {
  readonly library: OpenLibrary;
  readonly training: Pick<TrainingParts, 'service' | 'runToEnd'>;
  readonly engine: () => Promise<TrainingEngine>;
  readonly clock: Clock;
  readonly log: Log;
  /** Something of a study has changed. */
  readonly tell: () => void;
}

export interface Conductor {
  /** Begins with the study that stands as running, unless one is being trained. */
  goOn(): void;
  /** Has the run of a cell pause at a checkpoint, or cancels it; nothing where it is at rest or about to end. */
  stopRun(id: RunId, how: 'pause' | 'cancel'): Promise<void>;
  /** Seconds that cells are expected to take, by key; empty until the study was at work. */
  expected(id: StudyId): ReadonlyMap<string, number>;
  isBusy(): boolean;
  /** Resolves when no study is being trained. */
  idle(): Promise<void>;
  /** Lets go of the run at work, which the training service pauses. */
  close(): Promise<void>;
}

/** A process that dies is started again this often without an epoch between; then the cell counts as failed. */
const TRIES = 3;
/** What concerns every cell: the study waits for a person instead of failing one cell after the other. */
const STUDY_WIDE = ['DISK_FULL', 'ENGINE_UNAVAILABLE', 'READ_ONLY'];

export function createConductor({ library, training, engine, clock, log, tell }: ConductorDeps): Conductor {
  const { store } = library;
  const { studies, runs } = store;
  const closing = new AbortController();
  const call: CallContext = { signal: closing.signal };
  const expected = new Map<StudyId, ReadonlyMap<string, number>>();
  /** Runs that pause because their study was paused, not because somebody paused them. */
  const pausing = new Set<RunId>();
  let work: Promise<void> | null = null;

  /** Rates change as runs end. */
  async function foresee(study: StudyRow): Promise<void> {
    try {
      const cells = [...cellsOf(study.plan).values()];
      const machine = machineName(await engine());
      const costs = await cellCosts(library, clock, machine, study.plan, cells, Number.POSITIVE_INFINITY);
      expected.set(study.id, new Map(costs.map(({ key, cost }) => [key, cost.seconds])));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // Only the time left is unknown; the cells themselves say what is wrong.
      log.warn('a study cannot be estimated', { studyId: study.id, code: error.code });
    }
  }

  /** The next cell to train: one under way, else the first that is open, its teacher before it. Null = nothing is left. */
  function nextCell(study: StudyRow): Cell | null {
    const all = standings(store, study);
    const open = all.filter(({ state }) => ['waiting', 'running', 'paused'].includes(state));
    const first = open.find(({ state }) => state !== 'waiting') ?? open[0];
    if (first === undefined) return null;
    const teacher = all.find(({ row }) => row.key === first.cell.teacher);
    return teacher === undefined || teacher.state === 'done' ? first.cell : teacher.cell;
  }

  const rowOf = (id: StudyId, key: string): StudyCellRow | undefined =>
    studies.cells(id).find((row) => row.key === key);

  /** The run of a cell: its own, one of the same configuration, or a new one. Ready to be waited for. */
  async function takeUp({ id, plan }: StudyRow, cell: Cell): Promise<RunId> {
    const kept = rowOf(id, cell.key)?.runId ?? null;
    const own = kept === null ? null : runs.find(kept);
    let run = own?.state === 'cancelled' ? null : own;
    if (run === null) {
      const teacher = cell.teacher === null ? null : (rowOf(id, cell.teacher)?.runId ?? null);
      const request = cellRequest(plan, cell, teacher);
      const { config } = await fillRequest(library, clock, request);
      run = nearestRun(runsByHash(runs.list()).get(configHash(config)));
      if (run === null) {
        // If the power is cut between these two, the run is found again by its configuration.
        const { runId } = await training.service.start(request, call);
        studies.setRun(id, cell.key, runId as RunId, false);
        return runId as RunId;
      }
      studies.setRun(id, cell.key, run.id, run.state === 'finished');
    }
    pausing.delete(run.id);
    if (isResumable(run.state)) await training.service.resume({ runId: run.id }, call);
    return run.id;
  }

  async function stopRun(id: RunId, how: 'pause' | 'cancel'): Promise<void> {
    const state = runs.find(id)?.state;
    if (state === 'queued' || state === 'preparing' || state === 'training') {
      if (how === 'pause') pausing.add(id);
      await training.service[how]({ runId: id }, call);
    } else if (how === 'cancel' && (state === 'evaluating' || state === 'pausing')) {
      await training.service.cancel({ runId: id }, call);
    }
  }

  /** Studies are paused and cells left out at any moment, also while their run was being started. */
  async function heed(id: StudyId, key: string, runId: RunId): Promise<void> {
    if (studies.find(id)?.state !== 'running') await stopRun(runId, 'pause');
    else if (rowOf(id, key)?.wanted === false) await stopRun(runId, 'cancel');
  }

  /** Trains a cell as far as it goes now. What came of it stands in the library afterwards. */
  async function train(study: StudyRow, cell: Cell): Promise<void> {
    const { key } = cell;
    const pauseStudy = (why: StudyError): void => studies.setState(study.id, 'paused', why);
    let reached = -1;
    for (let tries = 0; tries < TRIES;) {
      const runId = await takeUp(study, cell);
      tell();
      await heed(study.id, key, runId);
      const state = await training.runToEnd(runId, () => undefined, closing.signal);
      if (closing.signal.aborted || state === 'finished' || pausing.delete(runId)) return;
      const { name, error } = runs.get(runId);
      if (error !== null && STUDY_WIDE.includes(error.code)) return pauseStudy(error);
      if (state === 'paused') {
        const message = `"${name}" was paused, and the study with it. Resume the study to go on.`;
        return pauseStudy({ code: 'CANCELLED', message });
      }
      if (state === 'cancelled') {
        // Not where the cell was taken in again meanwhile: then another run does it.
        if (rowOf(study.id, key)?.runId === runId) studies.setWanted(study.id, key, false);
        return;
      }
      if (studies.find(study.id)?.state !== 'running') return;
      const epochs = runs.history(runId).length;
      tries = state === 'failed' ? TRIES : epochs > reached ? 1 : tries + 1;
      reached = epochs;
      if (tries < TRIES) continue;
      studies.setError(study.id, key, error ?? { code: 'WORKER_CRASHED', message: `"${name}" is ${state}.` });
    }
  }

  async function trainGuarded(study: StudyRow, cell: Cell): Promise<void> {
    try {
      await train(study, cell);
    } catch (error) {
      if (closing.signal.aborted) return;
      if (!(error instanceof ServiceError)) throw error;
      const { code, message, detail } = error;
      if (STUDY_WIDE.includes(code)) return studies.setState(study.id, 'paused', { code, message });
      // A run that was removed meanwhile is made again; the rest is this cell's own trouble.
      if (code === 'NOT_FOUND' && detail.runId !== undefined) return;
      studies.setError(study.id, cell.key, { code, message });
    }
  }

  async function conduct(): Promise<void> {
    while (!closing.signal.aborted) {
      const study = studies.running();
      if (study === null) return;
      const cell = nextCell(study);
      if (cell === null) studies.setState(study.id, 'finished');
      else {
        await foresee(study);
        if (studies.running()?.id === study.id) await trainGuarded(study, cell);
      }
      tell();
    }
  }

  /** @returns false when nothing can be written: then only a person or a restart goes on */
  function giveUp(error: unknown): boolean {
    log.error('a study met a defect', { error: String(error) });
    const study = studies.running();
    const expected = error instanceof ServiceError;
    const message = error instanceof Error ? error.message : String(error);
    try {
      if (study !== null) {
        studies.setState(study.id, expected ? 'paused' : 'failed', {
          code: expected ? error.code : 'DEFECT',
          message,
        });
      }
      return true;
    } catch (again) {
      log.error('the state of a study could not be kept', { error: String(again) });
      return false;
    }
  }

  function goOn(): void {
    if (work !== null || closing.signal.aborted || studies.running() === null) return;
    work = conduct()
      .then(
        () => true,
        (error: unknown) => closing.signal.aborted || giveUp(error),
      )
      .then((mayGoOn) => {
        work = null;
        tell();
        // Another may have been resumed while this one came to rest.
        if (mayGoOn) goOn();
      });
  }

  return {
    goOn,
    stopRun,
    expected: (id) => expected.get(id) ?? new Map<string, number>(),
    isBusy: () => work !== null,
    async idle() {
      while (work !== null) await work;
    },
    async close() {
      closing.abort();
      await work;
    },
  };
}
