/** @file Which runs a report draws: more than seven lines or overlays tell nothing, so a large study draws its main ones. */
import type { RunConfig } from '../../../../shared/contract/training.ts';
import type { Method } from '../../../../shared/domain/recipe.ts';

/** As many as the paper's Fig. 3 has: teacher, three students without distillation, three with. */
const MOST_DRAWN = 7;

/** What a reader looks for first. */
const FIRST: readonly Method[] = ['teacher', 'none', 'mlcak'];

interface Configured {
  readonly config: Pick<RunConfig, 'method' | 'model' | 'resolution' | 'splitId'>;
}

/** All where they are few; else one seed a setting, teacher, no distillation and MLCAK before the others. In table order. */
export function drawnRuns<Run extends Configured>(runs: readonly Run[]): readonly Run[] {
  if (runs.length <= MOST_DRAWN) return runs;
  const settings = Map.groupBy(runs, ({ config }) =>
    JSON.stringify([config.method, config.model, config.resolution, config.splitId]),
  );
  const firstSeeds = [...settings.values()].flatMap(([run]) => run ?? []);
  const isMain = ({ config }: Run): boolean => FIRST.includes(config.method);
  const ranked = [...firstSeeds.filter(isMain), ...firstSeeds.filter((run) => !isMain(run))];
  const chosen = new Set(ranked.slice(0, MOST_DRAWN));
  return runs.filter((run) => chosen.has(run));
}
