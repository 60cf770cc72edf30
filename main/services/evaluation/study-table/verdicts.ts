/** @file Which system of a column is shown to be best: the highest, if every other lies below it beyond doubt. Pure. */
import type { StudyTableSystem, StudyTask, StudyVerdict } from '../../../../shared/contract/study-table.ts';
import { formatScore } from '../../../../shared/domain/numbers.ts';
import { MODEL_WORDS } from '../wording.ts';
import { systemDifference, type Place } from './differences.ts';
import { meanReplicates } from './study-run.ts';

/**
 * The highest is shown to be best only where the 95 % interval of its paired difference to every other system of the same
 * model and resolution excludes 0. Systems that share no seed, or were scored for other findings, cannot be told apart.
 */
export function verdictOn(
  { model, resolution, bySystem }: Place,
  task: StudyTask,
  systems: readonly StudyTableSystem[],
): StudyVerdict {
  const ranked = [...bySystem]
    .flatMap(([name, runs]) => {
      const { value } = meanReplicates(runs, task);
      return value === null ? [] : [{ name, runs, value }];
    })
    .sort((a, b) => b.value - a.value);
  const [highest, ...others] = ranked;
  const beatsAll = others.every(({ runs }) => {
    const ci = systemDifference(highest?.runs ?? [], runs, task).difference.ci;
    return ci !== null && ci[0] > 0;
  });
  const best = others.length > 0 && beatsAll ? (highest?.name ?? null) : null;
  const title = systems.find(({ name }) => name === highest?.name)?.title ?? highest?.name ?? '';
  const where = `${MODEL_WORDS[model]}, ${resolution} px, ${task.toUpperCase()}`;
  const say = (): string => {
    if (highest === undefined) return 'undefined, the test part lacks a class.';
    if (others.length === 0) return 'one system only, nothing to hold it against.';
    if (best !== null)
      return `${title} is shown to be best; its difference to every other system excludes 0.`;
    return `no system is shown to be best; the highest figure is that of ${title} (${formatScore(highest.value, 3)}).`;
  };
  return {
    ...{ model, resolution, task, best },
    systems: ranked.length,
    highest: highest?.name ?? null,
    sentence: `${where}: ${say()}`,
  };
}
