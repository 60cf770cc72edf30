/** @file Which runs have results, and what to do about one that has none. */
import type { RunState } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';

function advice(state: Exclude<RunState, 'finished' | 'evaluating'>): string {
  switch (state) {
    case 'queued':
      return 'It waits in the queue. Come back when it has been trained.';
    case 'preparing':
    case 'training':
      return 'It is being trained. Wait for its end, or stop it and keep the best so far.';
    case 'pausing':
    case 'paused':
      return 'It is paused. Resume it and let it finish.';
    case 'interrupted':
      return 'It was interrupted. Resume it: it goes on from its last checkpoint.';
    case 'failed':
      return 'It ended with an error, shown with the run. Resume it or start it anew.';
    case 'cancelling':
    case 'cancelled':
      return 'It was cancelled and never finished. Start it anew.';
  }
}

/** A finished run with results; pre-training has none. */
export function hasResults({ state, config }: Pick<RunRow, 'state' | 'config'>): boolean {
  return state === 'finished' && config.method !== 'pretrain';
}

/** @throws ServiceError CONFLICT when the run has written no scores */
export function requireScored(run: RunRow): void {
  const { state } = run;
  if (run.config.method === 'pretrain') {
    throw new ServiceError(
      'CONFLICT',
      `"${run.name}" was trained without labels, so there is nothing to score. Start a teacher from its weights.`,
      { runId: run.id, state },
    );
  }
  if (state === 'finished' || state === 'evaluating') return;
  throw new ServiceError('CONFLICT', `"${run.name}" has no results yet. ${advice(state)}`, {
    runId: run.id,
    state,
  });
}
