/** @file What distillation adds: each student against the student without distillation that is otherwise alike. */
import { z } from 'zod';

import { interval } from '../../../shared/contract/base.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Measure } from './measure.ts';
import type { RunDifference } from './measure-part.ts';
import { readRunScores } from './part-scores.ts';

/** Same model, resolution, split, seed and findings; of several the one with the same recipe and start, else the newest. */
export function baselineOf(run: RunRow, runs: readonly RunRow[]): RunRow | null {
  const { method, model, resolution, splitId, seed, findings, recipe, initSha256 } = run.config;
  if (method === 'none' || method === 'teacher') return null;
  const alike = runs.filter(
    ({ state, config }) =>
      state === 'finished' &&
      config.method === 'none' &&
      config.model === model &&
      config.resolution === resolution &&
      config.splitId === splitId &&
      config.seed === seed &&
      config.findings.join('\n') === findings.join('\n'),
  );
  const trainedAlike = alike.filter(
    ({ config }) =>
      JSON.stringify(config.recipe) === JSON.stringify(recipe) && config.initSha256 === initSha256,
  );
  return trainedAlike.at(-1) ?? alike.at(-1) ?? null;
}

/** SHA-256 of the weights that gave the scores; the run's id where no checkpoint row is left. */
export function weightsKey({ store }: OpenLibrary, run: RunRow): string {
  return store.runs.checkpoints(run.id).find(({ kind }) => kind === 'final')?.sha256 ?? run.id;
}

/** Labels may have changed when an import ended. 0 = never. */
export function labelsVersion({ store }: OpenLibrary): number {
  return store.imports.newest()?.endedAt ?? 0;
}

export interface Comparisons {
  /** On the test part; null where there is nothing to compare with. @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY */
  toBaseline(run: RunRow): Promise<RunDifference | null>;
}

/** A difference as kept among the library's settings: seconds of work for a few numbers. */
const tested = interval.extend({ p: z.number().nullable() });
const keptDifference = z.object({ labels: z.number(), t1: tested, t2: tested });

export function createComparisons(library: OpenLibrary, measure: Measure): Comparisons {
  const { store, files } = library;
  const underWay = new Map<string, Promise<RunDifference | null>>();

  const compute = async (run: RunRow, baseline: RunRow, key: string): Promise<RunDifference | null> => {
    const labels = labelsVersion(library);
    const known = keptDifference.safeParse(store.settings.get(key));
    if (known.success && known.data.labels === labels) return { t1: known.data.t1, t2: known.data.t2 };
    const [own, other] = await Promise.all([readRunScores(library, run), readRunScores(library, baseline)]);
    const difference = await measure.difference(own.test, other.test);
    if (difference !== null && !files.readOnly) store.settings.set(key, { labels, ...difference });
    return difference;
  };

  return {
    async toBaseline(run) {
      const baseline = baselineOf(run, store.runs.list());
      if (baseline === null) return null;
      // By both runs' weights: the same weights on the same films and labels differ by the same.
      const key = `difference.${weightsKey(library, run)}.${weightsKey(library, baseline)}`;
      const known = underWay.get(key);
      if (known !== undefined) return await known;
      const difference = compute(run, baseline, key).finally(() => underWay.delete(key));
      underWay.set(key, difference);
      return await difference;
    },
  };
}
