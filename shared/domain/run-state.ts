/** @file The run state machine: the only legal moves of a training run, used by store, services and screen. */

export const RUN_STATES = [
  'queued',
  'preparing',
  'training',
  'evaluating',
  'finished',
  'pausing',
  'paused',
  'cancelling',
  'cancelled',
  'interrupted',
  'failed',
] as const;

export type RunState = (typeof RUN_STATES)[number];

const MOVES: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['preparing', 'paused', 'cancelled', 'failed'],
  preparing: ['training', 'evaluating', 'pausing', 'paused', 'cancelling', 'interrupted', 'failed'],
  training: ['evaluating', 'pausing', 'paused', 'cancelling', 'interrupted', 'failed'],
  evaluating: ['finished', 'pausing', 'paused', 'cancelling', 'interrupted', 'failed'],
  finished: [],
  pausing: ['paused', 'evaluating', 'cancelling', 'interrupted', 'failed'],
  paused: ['queued', 'cancelled'],
  cancelling: ['cancelled', 'interrupted', 'failed'],
  cancelled: [],
  interrupted: ['queued', 'cancelled'],
  failed: ['queued', 'cancelled'],
};

/** True when a run in `from` may become `to`. */
export function canMove(from: RunState, to: RunState): boolean {
  return MOVES[from].includes(to);
}

/** A process is (or should be) working on the run. After a crash such a run becomes `interrupted`. */
export function isActive(state: RunState): boolean {
  return ['preparing', 'training', 'evaluating', 'pausing', 'cancelling'].includes(state);
}

/** The run can be put back into the queue and goes on from its last checkpoint. */
export function isResumable(state: RunState): boolean {
  return canMove(state, 'queued');
}

/** Nothing will change any more. */
export function isFinal(state: RunState): boolean {
  return MOVES[state].length === 0;
}
