/** @file The final weights of a run: what predicts with it, and what its cached predictions are keyed by. */
import { join } from 'node:path';

import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';

export interface FinishedRun {
  readonly run: RunRow;
  readonly weightsPath: string;
  readonly weightsSha256: string;
}

/** @throws ServiceError NOT_FOUND, CONFLICT for a run without final weights */
export function finishedRun({ store, files }: OpenLibrary, runId: RunId): FinishedRun {
  const run = store.runs.get(runId);
  if (run.config.method === 'pretrain') {
    throw new ServiceError(
      'CONFLICT',
      `"${run.name}" was trained without labels and has no findings to score. Start a teacher from its weights.`,
      { runId },
    );
  }
  const final = store.runs.checkpoints(runId).find((one) => one.kind === 'final');
  if (final === undefined) {
    throw new ServiceError(
      'CONFLICT',
      `"${run.name}" has no finished weights yet (it is ${run.state}). Let it train to its end, or stop it and keep the best epoch.`,
      { runId },
    );
  }
  return { run, weightsPath: join(files.runsDir, runId, final.file), weightsSha256: final.sha256 };
}
