/**
 * @file Studies: a plan's cells trained one after the other. Everything that was decided stands in the library, so a study
 * goes on where it was after a restart or a power cut. One study runs at a time: the machine has one training process.
 */
import { randomBytes } from 'node:crypto';

import { studyPlan, type Study, type StudyPlan } from '../../../shared/contract/study.ts';
import type { RunId, StudyId } from '../../../shared/domain/ids.ts';
import { isActive, isResumable } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { StudyRow } from '../../store/studies.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { CallContext, Clock, Log, StudiesService } from '../service-types.ts';
import { configHash, chooseSplit, fillRequest } from '../training/run-config.ts';
import type { TrainingParts } from '../training/training-service.ts';
import { cellRequest, cellsOf, checkPlan, runOf, type Cell } from './cell-runs.ts';
import { cellCosts, estimateStudy, refusedEstimate } from './study-estimate.ts';
import { standings, studyView } from './study-view.ts';

export interface StudiesDeps {
  readonly library: OpenLibrary;
  readonly training: Pick<TrainingParts, 'service' | 'runToEnd'>;
  readonly engine: () => Promise<{ readonly trainable: boolean; readonly reason: string | null }>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StudiesParts {
  readonly service: StudiesService;
  /** Resolves when the study is not running any more; tells every change. */
  toEnd(id: StudyId, onChange: (study: Study) => void, signal: AbortSignal): Promise<Study>;
  isBusy(): boolean;
  /** Lets go of the run at work, which the training service pauses; the study goes on when the library is opened again. */
  close(): Promise<void>;
}

/** A process that dies is started again this often without an epoch between; then the cell counts as failed. */
const TRIES = 3;

export function createStudiesService(deps: StudiesDeps): StudiesParts {
  const { library, training, clock, log } = deps;
  const { store, files } = library;
  const stop = new AbortController();
  const call: CallContext = { signal: stop.signal };
  const wakers = new Set<() => void>();
  /** Seconds that cells are expected to take, by study. */
  const expected = new Map<StudyId, ReadonlyMap<string, number>>();
  let work: Promise<void> | null = null;

  const view = (id: StudyId): Study => studyView(store, store.studies.get(id), expected.get(id) ?? new Map());
  const tell = (): void => {
    for (const wake of [...wakers]) wake();
  };
  const running = (): StudyRow | null =>
    store.studies.list().find(({ state }) => state === 'running') ?? null;

  /** Rates change as runs end. */
  async function expect(study: StudyRow): Promise<void> {
    try {
      const cells = [...cellsOf(study.plan).values()];
      const costs = await cellCosts(library, clock, study.plan, cells, Number.POSITIVE_INFINITY);
      expected.set(study.id, new Map(costs.map(({ key, cost }) => [key, cost.seconds])));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // Only the time left is unknown; the cells themselves say what is wrong.
      log.warn('a study cannot be estimated', { studyId: study.id, code: error.code });
    }
  }

  /** The next cell to train: the first that is wanted and open, its teacher before it. Null = nothing is left. */
  function nextCell(study: StudyRow): Cell | null {
    const all = standings(store, study);
    const open = all.filter(({ state }) => state === 'waiting' || state === 'running' || state === 'paused');
    const first = open.find(({ state }) => state !== 'waiting') ?? open[0];
    if (first === undefined) return null;
    const teacher = all.find(({ row }) => row.key === first.cell.teacher);
    return teacher === undefined || teacher.state === 'done' ? first.cell : teacher.cell;
  }

  const runIdOf = (study: StudyRow, key: string | null): RunId | null =>
    key === null ? null : (store.studies.cells(study.id).find((row) => row.key === key)?.runId ?? null);

  /** The run of a cell: its own, one of the same configuration, or a new one. Ready to be waited for. */
  async function takeUp(study: StudyRow, cell: Cell): Promise<RunId> {
    const request = cellRequest(study.plan, cell, runIdOf(study, cell.teacher));
    const kept = runIdOf(study, cell.key);
    const own = kept === null ? null : store.runs.find(kept);
    let run = own === null || own.state === 'cancelled' ? null : own;
    if (run === null) {
      const { config } = await fillRequest(library, clock, request);
      run = runOf(configHash(config), store.runs.list());
      if (run !== null) store.studies.setRun(study.id, cell.key, run.id, run.state === 'finished');
    }
    if (run === null) {
      const { runId } = await training.service.start(request, call);
      store.studies.setRun(study.id, cell.key, runId as RunId, false);
      return runId as RunId;
    }
    if (isResumable(run.state)) await training.service.resume({ runId: run.id }, call);
    return run.id;
  }

  /** @returns false when the study is not to go on now */
  async function train(study: StudyRow, cell: Cell): Promise<boolean> {
    let epochs = -1;
    for (let tries = 0; tries < TRIES;) {
      const runId = await takeUp(study, cell);
      tell();
      const state = await training.runToEnd(runId, tell, stop.signal);
      if (stop.signal.aborted || store.studies.find(study.id)?.state !== 'running') return false;
      if (state === 'finished') return true;
      const { error, name } = store.runs.get(runId);
      if (state === 'cancelled') {
        store.studies.setWanted(study.id, cell.key, false);
        return true;
      }
      if (state === 'paused') {
        const message = `"${name}" was paused, and the study with it. Resume the study to go on.`;
        store.studies.setState(study.id, 'paused', { code: 'CANCELLED', message });
        return false;
      }
      const reached = store.runs.history(runId).length;
      tries = state === 'interrupted' ? (reached > epochs ? 1 : tries + 1) : TRIES;
      epochs = reached;
      if (tries < TRIES) continue;
      const why = error ?? { code: 'WORKER_CRASHED', message: `"${name}" is ${state}.` };
      store.studies.setError(study.id, cell.key, why);
    }
    return true;
  }

  async function conduct(id: StudyId): Promise<void> {
    for (;;) {
      const study = store.studies.find(id);
      if (study?.state !== 'running' || stop.signal.aborted) return;
      const cell = nextCell(study);
      if (cell === null) {
        store.studies.setState(id, 'finished');
        return;
      }
      await expect(study);
      try {
        if (!(await train(study, cell))) return;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        // The whole study waits for what concerns every cell; the rest is this cell's own trouble.
        if (['DISK_FULL', 'ENGINE_UNAVAILABLE', 'READ_ONLY'].includes(error.code)) {
          store.studies.setState(id, 'paused', { code: error.code, message: error.message });
          return;
        }
        // A run that was removed meanwhile is simply made again.
        if (error.code !== 'NOT_FOUND' || error.detail.runId === undefined) {
          store.studies.setError(id, cell.key, { code: error.code, message: error.message });
        }
      } finally {
        tell();
      }
    }
  }

  function kick(): void {
    const study = running();
    if (work !== null || study === null || stop.signal.aborted) return;
    work = conduct(study.id)
      .catch((error: unknown) => {
        log.error('a study met a defect', { studyId: study.id, error: String(error) });
        const message = error instanceof Error ? error.message : String(error);
        if (!stop.signal.aborted) store.studies.setState(study.id, 'failed', { code: 'DEFECT', message });
      })
      .finally(() => {
        work = null;
        tell();
        kick();
      });
  }

  function refuseSecond(id: StudyId | null): void {
    const other = running();
    if (other === null || other.id === id) return;
    throw new ServiceError(
      'CONFLICT',
      `The study "${other.name}" is running. Pause it or let it finish, then start this one.`,
      { studyId: other.id },
    );
  }

  /** A plan without anything left open, or why it cannot work. @throws ServiceError */
  async function settledPlan(asked: StudyPlan, purpose: 'run' | 'estimate'): Promise<StudyPlan> {
    checkPlan(asked);
    if (purpose === 'estimate') return asked;
    const engine = await deps.engine();
    if (!engine.trainable) {
      throw new ServiceError('ENGINE_UNAVAILABLE', engine.reason ?? 'Training is off on this machine.');
    }
    // Films that come later do not change a study under way.
    return { ...asked, splitId: chooseSplit(library, clock, asked.splitId) };
  }

  async function start(asked: StudyPlan): Promise<{ studyId: StudyId }> {
    files.refuseIfReadOnly();
    refuseSecond(null);
    checkPlan(asked);
    const { refusals } = await estimateStudy(library, clock, asked, [...cellsOf(asked).values()]);
    const [refusal] = refusals;
    if (refusal !== undefined) throw new ServiceError('DISK_FULL', refusal);
    const plan = studyPlan.parse(await settledPlan(asked, 'run'));
    refuseSecond(null); // another may have been started meanwhile
    const id = `study-${randomBytes(8).toString('hex')}` as StudyId;
    const study = { id, name: plan.name, plan, state: 'running' as const, createdAt: clock.now() };
    store.studies.insert(study, [...cellsOf(plan).keys()]);
    kick();
    return { studyId: id };
  }

  /** The cell's key checked. @throws ServiceError NOT_FOUND */
  function cellOf(id: StudyId, key: string): Cell {
    const cell = cellsOf(store.studies.get(id).plan).get(key);
    if (cell === undefined) throw new ServiceError('NOT_FOUND', 'The study has no such cell.', { key });
    return cell;
  }

  async function stopRun(id: RunId | null, how: 'pause' | 'cancel'): Promise<void> {
    const run = id === null ? null : store.runs.find(id);
    if (run === null) return;
    if (how === 'pause' && (run.state === 'evaluating' || run.state === 'pausing')) return; // its end is near
    if (isActive(run.state) || run.state === 'queued') await training.service[how]({ runId: run.id }, call);
  }

  async function* watch(id: StudyId, signal: AbortSignal): AsyncGenerator<Study, void> {
    store.studies.get(id);
    while (!signal.aborted && store.studies.find(id) !== null) {
      const { promise: woken, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      try {
        yield view(id);
        await woken;
      } finally {
        wakers.delete(wake);
        signal.removeEventListener('abort', wake);
      }
    }
  }

  const service: StudiesService = {
    async estimate(plan) {
      try {
        const engine = await deps.engine();
        const refusals = engine.trainable ? [] : [engine.reason ?? 'Training is off on this machine.'];
        const settled = await settledPlan(plan, 'estimate');
        const estimate = await estimateStudy(library, clock, settled, [...cellsOf(settled).values()]);
        return { ...estimate, refusals: [...refusals, ...estimate.refusals] };
      } catch (error) {
        if (error instanceof ServiceError) return refusedEstimate(error);
        throw error;
      }
    },
    start,
    list: () => store.studies.list().map(({ id }) => view(id)),
    watch: ({ studyId }, { signal }) => watch(studyId, signal),
    async pause({ studyId }) {
      files.refuseIfReadOnly();
      const study = store.studies.get(studyId);
      if (study.state !== 'running') {
        throw new ServiceError('CONFLICT', `The study is ${study.state}, so there is nothing to pause.`);
      }
      const current = view(studyId).current;
      store.studies.setState(studyId, 'paused');
      tell();
      await stopRun(runIdOf(study, current), 'pause');
      return {};
    },
    resume({ studyId }) {
      files.refuseIfReadOnly();
      refuseSecond(studyId);
      const { state } = store.studies.get(studyId);
      if (state === 'running') return {};
      store.studies.setState(studyId, 'running');
      tell();
      kick();
      return {};
    },
    reorder({ studyId, keys }) {
      files.refuseIfReadOnly();
      const before = store.studies.cells(studyId).map(({ key }) => key);
      const wanted = [...new Set(keys)];
      for (const key of wanted) cellOf(studyId, key);
      const moved = new Set(wanted);
      let next = 0;
      // Those named take each other's places; the rest stay where they are.
      const after = before.map((key) => (moved.has(key) ? (wanted[next++] ?? key) : key));
      store.studies.reorder(studyId, after);
      tell();
      return {};
    },
    async leaveOut({ studyId, key }) {
      files.refuseIfReadOnly();
      cellOf(studyId, key);
      const study = store.studies.get(studyId);
      const runId = runIdOf(study, key);
      store.studies.setWanted(studyId, key, false);
      tell();
      if (view(studyId).current === key || store.runs.find(runId ?? ('' as RunId))?.state === 'queued') {
        await stopRun(runId, 'cancel');
      }
      return {};
    },
    takeIn({ studyId, key }) {
      files.refuseIfReadOnly();
      cellOf(studyId, key);
      const study = store.studies.get(studyId);
      store.transaction(() => {
        store.studies.setWanted(studyId, key, true);
        store.studies.setError(studyId, key, null);
        if (study.state === 'finished')
          store.studies.setState(studyId, running() === null ? 'running' : 'paused');
      });
      tell();
      kick();
      return {};
    },
    remove({ studyId }) {
      files.refuseIfReadOnly();
      if (store.studies.get(studyId).state === 'running') {
        throw new ServiceError(
          'BUSY',
          'The study is running. Pause it first; its runs are kept in any case.',
        );
      }
      store.studies.remove(studyId);
      tell();
      return {};
    },
  };

  async function toEnd(id: StudyId, onChange: (study: Study) => void, signal: AbortSignal): Promise<Study> {
    for await (const study of watch(id, signal)) {
      onChange(study);
      if (study.state !== 'running') break;
    }
    await work; // the run at work has come to rest
    return view(id);
  }

  if (!files.readOnly) kick();
  return {
    service,
    toEnd,
    isBusy: () => work !== null,
    async close() {
      stop.abort();
      await work;
    },
  };
}
