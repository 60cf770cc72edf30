/** @file The weights of a run for other programs: its file as it is, or the same numbers in another key layout. */
import { join } from 'node:path';

import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sha256Of } from '../../files/artifacts.ts';
import { exportWeights } from '../../numeric/weights/export-weights.ts';
import { importWeights } from '../../numeric/weights/import-weights.ts';
import type { Layout } from '../../numeric/weights/layouts.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { signWeights } from './weights-signature.ts';

/** As `runWeights`, with the library's signature: what leaves the library. One that is open read-only signs nothing. */
export async function signedRunWeights(library: OpenLibrary, id: RunId, layout: Layout): Promise<RunWeights> {
  const { bytes, kind } = await runWeights(library, id, layout);
  if (library.files.readOnly) return { bytes, kind };
  return { bytes: signWeights(bytes, await library.files.signingKey()), kind };
}

export interface RunWeights {
  readonly bytes: Uint8Array;
  /** `final` of a finished run, else the best epoch so far. */
  readonly kind: 'final' | 'best';
}

/** @throws ServiceError NOT_FOUND, CONFLICT when no epoch has ended yet, UNREADABLE_FILE */
export async function runWeights(library: OpenLibrary, id: RunId, layout: Layout): Promise<RunWeights> {
  const { runs } = library.store;
  const { name, state } = runs.get(id);
  const saved = runs.checkpoints(id);
  const checkpoint = saved.find(({ kind }) => kind === 'final') ?? saved.find(({ kind }) => kind === 'best');
  if (checkpoint === undefined) {
    throw new ServiceError('CONFLICT', `"${name}" is ${state} and has no weights yet. Let it train first.`);
  }
  const kind = checkpoint.kind === 'final' ? 'final' : 'best';
  const bytes = await library.files.vault
    .read(join(library.files.runsDir, id, checkpoint.file))
    .catch(() => null);
  if (bytes === null || sha256Of(bytes) !== checkpoint.sha256) {
    throw new ServiceError(
      'UNREADABLE_FILE',
      `The weights of "${name}" are missing or not what was stored. Nothing was written; train the run again.`,
      { runId: id },
    );
  }
  if (layout === 'app') return { bytes: new Uint8Array(bytes), kind };
  const { weights, config, normalisation, metadata } = importWeights(bytes);
  return {
    bytes: exportWeights(weights, config, layout, {
      normalisation,
      metadata: {
        'chestlight.findings': metadata.get('chestlight.findings') ?? '[]',
        'chestlight.source': checkpoint.sha256,
      },
    }),
    kind,
  };
}
