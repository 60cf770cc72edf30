/**
 * @file Studies as windows and the command line ask for them: planned, started, paused, changed while they run. One study runs
 * at a time: the machine has one training process. The conductor trains; docs/decisions/0006-studies.md says why it is so.
 */
import { randomBytes } from 'node:crypto';

import type { Study, StudyEstimate, StudyPlan } from '../../../shared/contract/study.ts';
import type { Status } from '../../../shared/contract/system.ts';
import { labelSet } from '../../../shared/domain/findings.ts';
import type { StudyId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { StudyCellRow, StudyRow } from '../../store/studies.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, Log, StudiesService } from '../service-types.ts';
import { machineName, type TrainingEngine } from '../training/machine.ts';
import { chooseSplit, trainableFindings } from '../training/run-config.ts';
import type { TrainingParts } from '../training/training-service.ts';
import { cellsOf, checkPlan } from './cell-runs.ts';
import { createConductor } from './conductor.ts';
import { estimateStudy, refusedEstimate } from './study-estimate.ts';
import { studyView } from './study-view.ts';

export interface StudiesDeps {
  readonly library: OpenLibrary;
  readonly training: Pick<TrainingParts, 'service' | 'runToEnd' | 'onChange'>;
  readonly engine: () => Promise<TrainingEngine>;
  readonly clock: Clock;
  readonly log: Log;
  /** A study that was at work when the library was closed goes on by itself; else when it is asked to. */
  readonly goOn: boolean;
}

export interface StudiesParts {
  readonly service: StudiesService;
  /** Resolves when the study is not running any more; tells every change. */
  toEnd(id: StudyId, onChange: (study: Study) => void, signal: AbortSignal): Promise<Study>;
  /** The study that is being trained, for the status line. */
  running(): Status['running'];
  isBusy(): boolean;
  /** Lets go of the run at work, which the training service pauses; the study goes on when the library is opened again. */
  close(): Promise<void>;
}

export function createStudiesService(deps: StudiesDeps): StudiesParts {
  const { library, training, clock } = deps;
  const { store, files } = library;
  const { studies } = store;
  const wakers = new Set<() => void>();
  const tell = (): void => {
    for (const wake of [...wakers]) wake();
  };
  const conductor = createConductor({ ...deps, tell });
  training.onChange(tell);

  const viewOf = (study: StudyRow): Study => studyView(store, study, conductor.expected(study.id));

  function otherRunning(id: StudyId | null): ServiceError | null {
    const other = studies.running();
    if (other === null || other.id === id) return null;
    return new ServiceError(
      'CONFLICT',
      `The study "${other.name}" is running, and one runs at a time. Pause it or let it finish, then go on here.`,
      { studyId: other.id },
    );
  }

  /** @throws ServiceError for what makes the plan impossible; what only forbids to start now stands in `refusals` */
  async function estimate(plan: StudyPlan): Promise<StudyEstimate> {
    checkPlan(plan);
    const engine = await deps.engine();
    const costs = await estimateStudy(library, clock, machineName(engine), plan, [...cellsOf(plan).values()]);
    const refusals = [
      ...(otherRunning(null) === null ? [] : [otherRunning(null)?.message ?? '']),
      ...(engine.trainable ? [] : [engine.reason ?? 'Training is off on this machine.']),
      ...costs.refusals,
    ];
    return { ...costs, refusals };
  }

  /** Films and labels that come later do not change a study under way: its split and findings are named. */
  function settled(plan: StudyPlan): StudyPlan {
    const splitId = chooseSplit(library, clock, plan.splitId);
    const own = plan.findings === null && plan.labelSet === 'own';
    const findings = own
      ? [...labelSet('own', trainableFindings(library, splitId, plan.labelVersionId))]
      : plan.findings;
    return { ...plan, splitId, findings };
  }

  async function start(asked: StudyPlan): Promise<{ studyId: StudyId }> {
    files.refuseIfReadOnly();
    const busy = otherRunning(null);
    if (busy !== null) throw busy;
    checkPlan(asked);
    const engine = await deps.engine();
    if (!engine.trainable) {
      throw new ServiceError('ENGINE_UNAVAILABLE', engine.reason ?? 'Training is off on this machine.');
    }
    const { refusals } = await estimateStudy(library, clock, machineName(engine), asked, [
      ...cellsOf(asked).values(),
    ]);
    if (refusals[0] !== undefined) throw new ServiceError('DISK_FULL', refusals[0]);
    const id = `study-${randomBytes(8).toString('hex')}` as StudyId;
    store.transaction(() => {
      const meanwhile = otherRunning(null);
      if (meanwhile !== null) throw meanwhile;
      const plan = settled(asked);
      const study = { id, name: plan.name, plan, state: 'running' as const, createdAt: clock.now() };
      studies.insert(study, [...cellsOf(plan).keys()]);
    });
    tell();
    conductor.goOn();
    return { studyId: id };
  }

  /** @throws ServiceError NOT_FOUND */
  function rowOf(id: StudyId, key: string): StudyCellRow {
    studies.get(id);
    const row = studies.cells(id).find((cell) => cell.key === key);
    if (row === undefined) throw new ServiceError('NOT_FOUND', 'The study has no such cell.', { key });
    return row;
  }

  const stateOfRun = ({ runId }: StudyCellRow) => (runId === null ? null : store.runs.find(runId)?.state);

  async function leaveOut(id: StudyId, key: string): Promise<void> {
    const row = rowOf(id, key);
    if (stateOfRun(row) === 'finished') {
      throw new ServiceError('CONFLICT', 'This cell is done: nothing is left to leave out.', { key });
    }
    const goesOn = studies.get(id).state === 'running';
    studies.setWanted(id, key, false);
    tell();
    if (goesOn && row.runId !== null) await conductor.stopRun(row.runId, 'cancel');
  }

  function takeIn(id: StudyId, key: string): void {
    const row = rowOf(id, key);
    const { state } = studies.get(id);
    const run = stateOfRun(row);
    store.transaction(() => {
      studies.setWanted(id, key, true);
      studies.setError(id, key, null);
      if (run === 'cancelled' || run === 'cancelling') studies.setRun(id, key, null, false);
      if (state === 'finished' || state === 'failed') {
        studies.setState(id, studies.running() === null ? 'running' : 'paused');
      }
    });
    tell();
    conductor.goOn();
  }

  /** Those named take each other's places; the rest stay where they are. */
  function reorder(id: StudyId, keys: readonly string[]): void {
    const wanted = [...new Set(keys)];
    for (const key of wanted) rowOf(id, key);
    const next = wanted.values();
    const moved = new Set(wanted);
    const before = studies.cells(id).map(({ key }) => key);
    studies.reorder(
      id,
      before.map((key) => (moved.has(key) ? (next.next().value ?? key) : key)),
    );
    tell();
  }

  async function* watch(id: StudyId, signal: AbortSignal): AsyncGenerator<Study, void> {
    studies.get(id);
    let before = '';
    while (!signal.aborted) {
      const { promise: woken, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      try {
        const study = studies.find(id);
        if (study === null) return;
        const now = viewOf(study);
        const key = JSON.stringify(now);
        if (key !== before) yield now;
        before = key;
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
        return await estimate(plan);
      } catch (error) {
        if (error instanceof ServiceError) return refusedEstimate(error);
        throw error;
      }
    },
    start,
    list: () => studies.list().map(viewOf),
    watch: ({ studyId }, { signal }) => watch(studyId, signal),
    async pause({ studyId }) {
      files.refuseIfReadOnly();
      const { state } = studies.get(studyId);
      if (state !== 'running') {
        throw new ServiceError('CONFLICT', `The study is ${state}, so there is nothing to pause.`);
      }
      studies.setState(studyId, 'paused');
      tell();
      for (const { runId } of studies.cells(studyId)) {
        if (runId !== null) await conductor.stopRun(runId, 'pause');
      }
      return {};
    },
    resume({ studyId }) {
      files.refuseIfReadOnly();
      const { state } = studies.get(studyId);
      const busy = otherRunning(studyId);
      if (busy !== null) throw busy;
      if (state !== 'running') studies.setState(studyId, 'running');
      tell();
      conductor.goOn();
      return {};
    },
    reorder({ studyId, keys }) {
      files.refuseIfReadOnly();
      reorder(studyId, keys);
      return {};
    },
    async leaveOut({ studyId, key }) {
      files.refuseIfReadOnly();
      await leaveOut(studyId, key);
      return {};
    },
    takeIn({ studyId, key }) {
      files.refuseIfReadOnly();
      takeIn(studyId, key);
      return {};
    },
    remove({ studyId }) {
      files.refuseIfReadOnly();
      if (studies.get(studyId).state === 'running') {
        throw new ServiceError(
          'BUSY',
          'The study is running. Pause it first; its runs are kept in any case.',
        );
      }
      studies.remove(studyId);
      tell();
      return {};
    },
  };

  if (!files.readOnly && deps.goOn) conductor.goOn();
  return {
    service,
    async toEnd(id, onChange, signal) {
      for await (const study of watch(id, signal)) {
        onChange(study);
        if (study.state !== 'running') break;
      }
      // The run at work comes to rest, too.
      await conductor.idle();
      return viewOf(studies.get(id));
    },
    running() {
      const study = conductor.isBusy() ? studies.running() : null;
      if (study === null) return null;
      const { fraction, etaSeconds, current } = viewOf(study);
      const progress = { phase: current ?? 'runs', done: Math.round(fraction * 100), total: 100, etaSeconds };
      return { kind: 'study', id: study.id, title: study.name, progress };
    },
    isBusy: () => conductor.isBusy(),
    close: () => conductor.close(),
  };
}
