/** @file A study as windows see it: each cell's state from its row, its run and its teacher's cell; progress and time left. */
import type { Study, StudyCell } from '../../../shared/contract/study.ts';
import { isActive, type RunState } from '../../../shared/domain/run-state.ts';
import type { CellState } from '../../../shared/domain/study.ts';
import type { RunRow } from '../../store/runs.ts';
import type { Store } from '../../store/store.ts';
import type { StudyCellRow, StudyRow } from '../../store/studies.ts';
import { cellsOf, type Cell } from './cell-runs.ts';

const STATE_OF_RUN: Readonly<Record<RunState, CellState>> = {
  queued: 'running',
  preparing: 'running',
  training: 'running',
  evaluating: 'running',
  pausing: 'running',
  cancelling: 'running',
  finished: 'done',
  paused: 'paused',
  interrupted: 'paused',
  cancelled: 'waiting',
  // Its cell has the error; without one the cell was taken in again.
  failed: 'waiting',
};

interface Standing {
  readonly cell: Cell;
  readonly row: StudyCellRow;
  readonly run: RunRow | null;
  readonly state: CellState;
}

/** Every cell with its state, in the order of training. */
export function standings(store: Store, study: StudyRow): readonly Standing[] {
  const cells = cellsOf(study.plan);
  const own = store.studies.cells(study.id).flatMap((row) => {
    const cell = cells.get(row.key);
    if (cell === undefined) return [];
    const run = row.runId === null ? null : store.runs.find(row.runId);
    return [{ cell, row, run, state: ownState(row, run) }];
  });
  const states = new Map(own.map(({ row, state }) => [row.key, state]));
  return own.map((one) => {
    const teacher = one.cell.teacher === null ? undefined : states.get(one.cell.teacher);
    const unteachable = teacher === 'failed' || teacher === 'left-out';
    return one.state === 'waiting' && unteachable ? { ...one, state: 'blocked' as const } : one;
  });
}

function ownState(row: StudyCellRow, run: RunRow | null): CellState {
  if (run?.state === 'finished') return 'done';
  if (!row.wanted) return 'left-out';
  if (row.error !== null) return 'failed';
  return run === null ? 'waiting' : STATE_OF_RUN[run.state];
}

const TAKES_PART: readonly CellState[] = ['waiting', 'running', 'paused', 'done'];

/** `seconds` = what cells are expected to take, by key. */
export function studyView(store: Store, study: StudyRow, seconds: ReadonlyMap<string, number>): Study {
  const all = standings(store, study);
  const cells = all.map((one): StudyCell => cellView(one, seconds.get(one.row.key) ?? null));
  const part = cells.filter(({ state }) => TAKES_PART.includes(state));
  const weight = ({ seconds: known }: StudyCell): number => Math.max(1, known ?? 60);
  const done = ({ state, fraction }: StudyCell): number => (state === 'done' ? 1 : fraction);
  const total = part.reduce((sum, cell) => sum + weight(cell), 0);
  const reached = part.reduce((sum, cell) => sum + weight(cell) * done(cell), 0);
  const left = part.filter(({ state }) => state !== 'done');
  const current = all.find(({ run }) => run !== null && (isActive(run.state) || run.state === 'queued'));
  const known = left.every((cell) => cell.seconds !== null);
  return {
    id: study.id,
    name: study.name,
    state: study.state,
    createdAt: study.createdAt,
    plan: study.plan,
    cells,
    current: study.state === 'running' ? (current?.row.key ?? null) : null,
    fraction: study.state === 'finished' ? 1 : total === 0 ? 0 : reached / total,
    etaSeconds:
      study.state === 'running' && known
        ? left.reduce(
            (sum, cell) => sum + (etaOf(all, cell.key) ?? (cell.seconds ?? 0) * (1 - cell.fraction)),
            0,
          )
        : null,
    error: study.error,
  };
}

/** What the run at work says of itself is better than any estimate. */
function etaOf(all: readonly Standing[], key: string): number | null {
  const run = all.find(({ row }) => row.key === key)?.run ?? null;
  return run?.state === 'training' ? run.progress.etaSeconds : null;
}

function cellView({ cell, row, run, state }: Standing, expected: number | null): StudyCell {
  const took =
    run?.state === 'finished' && run.startedAt !== null && run.endedAt !== null
      ? (run.endedAt - run.startedAt) / 1000
      : null;
  const { key, system, title, method, model, resolution, seed, teacher } = cell;
  return {
    key,
    system,
    title,
    method,
    model,
    resolution,
    seed,
    teacher,
    state,
    runId: run?.id ?? null,
    reused: row.reused,
    fraction:
      state === 'done' ? 1 : state === 'running' || state === 'paused' ? (run?.progress.fraction ?? 0) : 0,
    seconds: took ?? expected,
    error: row.error ?? (state === 'failed' ? (run?.error ?? null) : null),
  };
}
