/** @file What distillation adds: each student against the student without distillation that is otherwise alike. */
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

export function createComparisons(library: OpenLibrary, measure: Measure): Comparisons {
  /** By both runs' weights: the same weights on the same labels differ by the same. */
  const kept = new Map<string, Promise<RunDifference | null>>();
  let keptFor = -1;

  const compute = async (run: RunRow, baseline: RunRow): Promise<RunDifference | null> => {
    const [own, other] = await Promise.all([readRunScores(library, run), readRunScores(library, baseline)]);
    return await measure.difference(own.test, other.test);
  };

  return {
    async toBaseline(run) {
      const baseline = baselineOf(run, library.store.runs.list());
      if (baseline === null) return null;
      const version = labelsVersion(library);
      if (version !== keptFor) kept.clear();
      keptFor = version;
      const key = `${weightsKey(library, run)} ${weightsKey(library, baseline)}`;
      const known = kept.get(key);
      if (known !== undefined) return await known;
      const difference = compute(run, baseline);
      kept.set(key, difference);
      difference.catch(() => kept.delete(key));
      return await difference;
    },
  };
}
