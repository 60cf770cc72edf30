/**
 * @file The attention figure of the paper (Fig. 3): the film, the teacher, students without distillation, MLCAK students.
 * Which finished run belongs in which pane: one teacher with its split, model and seed, whatever fills most panes.
 */
import type { RunId, SplitId } from './ids.ts';
import type { Method, VitVariant } from './recipe.ts';
import { SPLIT_ELSEWHERE } from './split-elsewhere.ts';

export interface FigureCell {
  readonly method: Method;
  readonly resolution: number;
}

/** Panes (B) to (H); (A) is the film. */
export const FIGURE_CELLS: readonly FigureCell[] = [
  { method: 'teacher', resolution: 224 },
  ...(['none', 'mlcak'] as const).flatMap((method) =>
    [112, 56, 28].map((resolution) => ({ method, resolution })),
  ),
];

/** Letters of the panes: `(A)` is the film, `(B)` the first model. */
export function paneLetter(index: number): string {
  return `(${String.fromCharCode(65 + index)})`;
}

/** What the choice looks at; `RunSummary` has all of it. */
export interface FigureRun extends FigureCell {
  readonly id: RunId;
  readonly model: VitVariant;
  readonly splitId: SplitId;
  readonly teacherRunId: RunId | null;
  readonly seed: number;
  readonly endedAt: number | null;
}

/**
 * A run for every pane, or null where none is finished. @param finished runs that have final weights
 * @param wanted a run whose teacher is to be shown, or null
 */
export function chooseFigureRuns(
  finished: readonly FigureRun[],
  wanted: FigureRun | null = null,
): readonly (RunId | null)[] {
  const runs = finished.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  const wantedTeacher = wanted?.method === 'teacher' ? wanted.id : (wanted?.teacherRunId ?? null);
  const teachers = runs.filter(
    ({ method, id, splitId }) =>
      method === 'teacher' &&
      (wantedTeacher === null
        ? wanted === null || splitId === wanted.splitId || splitId === SPLIT_ELSEWHERE
        : id === wantedTeacher),
  );
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const candidates = (teachers.length === 0 ? [null] : teachers).flatMap((teacher) =>
    splitsBeside(runs, teacher, wanted).flatMap((splitId) =>
      seeds.map((seed) => fill(runs, teacher, seed, splitId, wanted)),
    ),
  );
  const filled = (ids: readonly (RunId | null)[]): number => ids.filter((id) => id !== null).length;
  const holds = (ids: readonly (RunId | null)[]): number =>
    Number(wanted !== null && ids.includes(wanted.id));
  const [best] = candidates.toSorted((a, b) => holds(b) - holds(a) || filled(b) - filled(a));
  return best ?? FIGURE_CELLS.map(() => null);
}

/** Splits that a teacher's students may be of: its own; of one from elsewhere those that students were trained on here. */
function splitsBeside(
  runs: readonly FigureRun[],
  teacher: FigureRun | null,
  wanted: FigureRun | null,
): readonly (SplitId | null)[] {
  const one = teacher?.splitId ?? wanted?.splitId ?? runs[0]?.splitId ?? null;
  if (one !== SPLIT_ELSEWHERE) return [one];
  const here = runs.flatMap(({ splitId }) => (splitId === SPLIT_ELSEWHERE ? [] : [splitId]));
  return here.length === 0 ? [one] : [...new Set(here)];
}

function fill(
  runs: readonly FigureRun[],
  teacher: FigureRun | null,
  seed: number,
  splitId: SplitId | null,
  wanted: FigureRun | null,
): readonly (RunId | null)[] {
  const model = teacher?.model ?? wanted?.model ?? runs[0]?.model;
  return FIGURE_CELLS.map(({ method, resolution }) => {
    if (method === 'teacher') return teacher?.id ?? null;
    const fitting = runs.filter(
      (run) =>
        run.method === method &&
        run.resolution === resolution &&
        run.seed === seed &&
        run.model === model &&
        run.splitId === splitId &&
        (method === 'none' || teacher === null || run.teacherRunId === teacher.id),
    );
    return (fitting.find(({ id }) => id === wanted?.id) ?? fitting[0])?.id ?? null;
  });
}
