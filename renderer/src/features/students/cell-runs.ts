/** @file Cells of methods × resolutions, and which runs each has already: those that can be held against the teacher's students. */
import type { SplitId } from '../../../../shared/domain/ids.ts';
import type { RunSummary } from '../../../../shared/contract/training.ts';
import { DISTILL_METHODS, type Method, type Resolution } from '../../../../shared/domain/recipe.ts';
import { SPLIT_ELSEWHERE } from '../../../../shared/domain/split-elsewhere.ts';

export type StudentMethod = Exclude<Method, 'teacher' | 'pretrain'>;
export const STUDENT_METHODS: readonly StudentMethod[] = ['none', ...DISTILL_METHODS];
export const STUDENT_RESOLUTIONS: readonly Resolution[] = [112, 56, 28];

export interface Cell {
  readonly method: StudentMethod;
  readonly resolution: Resolution;
}

export type CellRun = Pick<
  RunSummary,
  'id' | 'method' | 'resolution' | 'model' | 'splitId' | 'teacherRunId' | 'state' | 'test'
>;

/**
 * Splits on which runs without distillation stand beside a teacher's students: its own; of a teacher from elsewhere those its
 * students were trained on here, and the newest, on which the next ones would be.
 */
function splitsBeside(
  teacher: Pick<CellRun, 'id' | 'splitId'>,
  runs: readonly CellRun[],
  newest: SplitId | null,
): readonly (SplitId | null)[] {
  if (teacher.splitId !== SPLIT_ELSEWHERE) return [teacher.splitId];
  const taught = runs.filter(({ teacherRunId }) => teacherRunId === teacher.id);
  return [newest, ...taught.map(({ splitId }) => splitId)];
}

/** Runs of a cell: by the same teacher, or for "no distillation" of the same model and split. */
export function runsOfCell(
  cell: Cell,
  runs: readonly CellRun[],
  teacher: Pick<CellRun, 'id' | 'splitId' | 'model'> | null,
  newest: SplitId | null,
): readonly CellRun[] {
  if (teacher === null) return [];
  const splits = splitsBeside(teacher, runs, newest);
  return runs.filter(
    (run) =>
      run.method === cell.method &&
      run.resolution === cell.resolution &&
      (cell.method === 'none'
        ? splits.includes(run.splitId) && run.model === teacher.model
        : run.teacherRunId === teacher.id),
  );
}
