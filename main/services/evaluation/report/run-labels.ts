/** @file The order and the short names of the runs of a report. */
import { METHODS } from '../../../../shared/domain/recipe.ts';
import type { RunId } from '../../../../shared/domain/ids.ts';
import type { RunRow } from '../../../store/runs.ts';
import { METHOD_WORDS, MODEL_WORDS } from '../wording.ts';

/** Teachers first, then by resolution, method, seed: the order of the paper's table. */
export function inTableOrder(runs: readonly RunRow[]): readonly RunRow[] {
  return runs.toSorted(
    ({ config: a }, { config: b }) =>
      Number(b.method === 'teacher') - Number(a.method === 'teacher') ||
      b.resolution - a.resolution ||
      METHODS.indexOf(a.method) - METHODS.indexOf(b.method) ||
      a.seed - b.seed,
  );
}

/** Keeps a number with its word on one line. */
const NBSP = '\u00a0';

/** `MLCAK 28 px`, with model and seed where they differ between the runs, and a number where even that is not enough. */
export function labelsOf(runs: readonly RunRow[]): ReadonlyMap<RunId, string> {
  const differs = (value: (run: RunRow) => unknown): boolean => new Set(runs.map(value)).size > 1;
  const models = differs(({ config }) => config.model);
  const seeds = differs(({ config }) => config.seed);
  const plain = ({ config }: RunRow): string =>
    [
      METHOD_WORDS[config.method],
      `${config.resolution}${NBSP}px`,
      models && MODEL_WORDS[config.model].replace('ViT-', ''),
      seeds && `seed${NBSP}${config.seed}`,
    ]
      .filter((part) => part !== false)
      .join(' ');
  const used = new Map<string, number>();
  const alike = Map.groupBy(runs, plain);
  return new Map(
    runs.map((run) => {
      const label = plain(run);
      if ((alike.get(label)?.length ?? 0) < 2) return [run.id, label];
      const number = (used.get(label) ?? 0) + 1;
      used.set(label, number);
      return [run.id, `${label} (${number})`];
    }),
  );
}
