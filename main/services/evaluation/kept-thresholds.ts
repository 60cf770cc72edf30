/** @file Operating points set by hand: who may, what is refused, what the audit trail says; which one counts. */
import type { KeptThreshold } from '../../../shared/contract/kept-threshold.ts';
import type { Reader } from '../../../shared/contract/review.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { taskName, taskOfFinding, type Task } from '../../../shared/domain/task.ts';
import type { Store } from '../../store/store.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { fittedPoints, thresholdsByHand } from '../inference/thresholds.ts';
import type { Clock } from '../service-types.ts';
import { requireScored } from './run-standing.ts';

export interface WantedThreshold {
  readonly runId: RunId;
  readonly task: Task;
  /** null = back to the fitted one. */
  readonly threshold: number | null;
  readonly reason: string;
}

/** What validation chose for a task, here or where the model was made; null = nothing could be chosen. */
export function fittedThreshold(store: Store, runId: RunId, task: Task): number | null {
  return fittedPoints(store, runId).get(taskName(task))?.threshold ?? null;
}

/** Those in force, set here or come with the model. @throws ServiceError NOT_FOUND */
export function keptThresholds({ store }: OpenLibrary, runId: RunId): KeptThreshold[] {
  return [...thresholdsByHand(store, store.runs.get(runId).id).values()];
}

/**
 * Keeps an operating point, or goes back to the fitted one, with its trace in one transaction.
 * @param reader null = by the command line @throws ServiceError NOT_FOUND, CONFLICT, BAD_INPUT, READ_ONLY
 */
export function keepThreshold(
  library: OpenLibrary,
  clock: Clock,
  reader: Pick<Reader, 'id' | 'name'> | null,
  { runId, task, threshold, reason }: WantedThreshold,
): KeptThreshold[] {
  const { store, files, audit } = library;
  files.refuseIfReadOnly();
  const run = store.runs.get(runId);
  if (store.importedModels.find(runId) === null) requireScored(run);
  if (task !== 't2' && !run.config.findings.includes(taskName(task))) {
    throw new ServiceError(
      'BAD_INPUT',
      `"${run.name}" does not answer ${task}. Its tasks: ${['t2', ...run.config.findings.map(taskOfFinding)].join(', ')}.`,
      { task },
    );
  }
  const fitted = fittedThreshold(store, runId, task);
  store.transaction(() => {
    const before = thresholdsByHand(store, runId).get(task)?.threshold ?? null;
    if (threshold === null && before === null) return;
    const byName = reader?.name ?? 'the command line';
    const row = {
      task,
      threshold,
      fitted,
      readerId: reader?.id ?? null,
      byName,
      reason,
      createdAt: clock.now(),
    };
    store.thresholds.add(runId, row);
    audit.record('threshold change', runId, {
      task,
      old: before ?? fitted,
      new: threshold ?? fitted,
      fitted,
      how: threshold === null ? 'back to the fitted one' : 'by hand',
      by: reader?.id ?? 'command line',
    });
  });
  return keptThresholds(library, runId);
}
