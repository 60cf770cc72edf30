/** @file Undo and redo as values: steps done and steps taken back. A drag or a run of wheel notches is one step. */

export interface Step {
  /** What it did, for the tooltip of Undo: "Length drawn". */
  readonly words: string;
  readonly undo: () => void;
  readonly redo: () => void;
  /** Steps of one gesture in a row count as one; null = a step of its own. */
  readonly gesture: string | null;
  /** It changed how the film is looked at, which a page that is left takes with it. */
  readonly ofView?: boolean;
  /** When it was done or taken back last, counted from the opening of the window; given by the history. */
  readonly at?: number;
}

/** Counts what is done and taken back in a window, so that histories beside each other have one order. */
let moment = 0;
const atOnce = (step: Step): Step => {
  moment += 1;
  return { ...step, at: moment };
};

export interface History {
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
}

export const EMPTY_HISTORY: History = { done: [], undone: [] };
const MOST_STEPS = 200;

/** After a step was done. What had been taken back is gone; the oldest of more than 200 steps too. */
export function added({ done }: History, step: Step): History {
  const last = done.at(-1);
  const joins = last !== undefined && step.gesture !== null && last.gesture === step.gesture;
  const next = joins ? { ...step, undo: last.undo } : step;
  const kept = done.slice(joins ? 0 : -(MOST_STEPS - 1), joins ? -1 : undefined);
  return { done: [...kept, atOnce(next)], undone: [] };
}

/** Without steps of how a film is looked at; those of shapes stand for themselves. */
export function withoutViews({ done, undone }: History): History {
  const stays = ({ ofView }: Step): boolean => ofView !== true;
  return { done: done.filter(stays), undone: undone.filter(stays) };
}

/** Takes the last step back. */
export function undo({ done, undone }: History): History {
  const last = done.at(-1);
  if (last === undefined) return { done, undone };
  last.undo();
  return { done: done.slice(0, -1), undone: [...undone, atOnce(last)] };
}

/** Does again what was taken back last. */
export function redo({ done, undone }: History): History {
  const last = undone.at(-1);
  if (last === undefined) return { done, undone };
  last.redo();
  return { done: [...done, atOnce(last)], undone: undone.slice(0, -1) };
}
