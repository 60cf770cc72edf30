/** @file Paired differences between the systems of one model and resolution, over the seeds that both have; Holm. Pure. */
import type { TestedDifference } from '../../../../shared/contract/comparison.ts';
import type {
  StudyDifference,
  StudyTableSystem,
  StudyTask,
} from '../../../../shared/contract/study-table.ts';
import type { Resolution, VitVariant } from '../../../../shared/domain/recipe.ts';
import { holmAdjusted } from '../../../numeric/metrics/multiple-tests.ts';
import { taskDifference } from '../paired-difference.ts';
import { otherSettings } from './settings-in-words.ts';
import { meanReplicates, sdOf, STUDY_TASKS, type StudyRun } from './study-run.ts';

/** The runs of one model at one resolution by system. */
export interface Place {
  readonly model: VitVariant;
  readonly resolution: Resolution;
  readonly bySystem: ReadonlyMap<string, readonly StudyRun[]>;
}

export type SystemDifference = Pick<StudyDifference, 'seeds' | 'difference' | 'sd' | 'reason'>;

const UNDEFINED: TestedDifference = { value: null, ci: null, p: null };

/** `a` minus `b`: both means over the seeds that both have, replicate by replicate. */
export function systemDifference(
  a: readonly StudyRun[],
  b: readonly StudyRun[],
  task: StudyTask,
): SystemDifference {
  const pairs = a.flatMap((own) => {
    const other = b.find(({ row }) => row.config.seed === own.row.config.seed);
    return other === undefined ? [] : [[own, other] as const];
  });
  const seeds = pairs.map(([{ row }]) => row.config.seed).sort((x, y) => x - y);
  const none = (reason: string): SystemDifference => ({ seeds, difference: UNDEFINED, sd: null, reason });
  if (pairs.length === 0) return none('They have no seed in common.');
  const [first] = pairs;
  const films = first?.[0].replicates.films;
  if (pairs.some((pair) => pair.some(({ replicates }) => replicates.films !== films)))
    return none('They were scored for different findings.');
  const own = meanReplicates(
    pairs.map(([run]) => run),
    task,
  );
  const other = meanReplicates(
    pairs.map(([, run]) => run),
    task,
  );
  if (own.value === null || other.value === null) return none('The test part lacks a class.');
  const gaps = pairs.map(
    ([one, two]) => (one.replicates[task].value ?? NaN) - (two.replicates[task].value ?? NaN),
  );
  return { seeds, difference: taskDifference(own, other), sd: sdOf(gaps), reason: null };
}

export const FAMILY = 'all differences of one model and one task, over all resolutions';

type Untested = Omit<StudyDifference, 'holm' | 'over'>;

/**
 * Every system against the one without distillation, and MLCAK against every other with distillation, in both tasks. p is
 * adjusted over all of one model and task.
 */
export function studyDifferences(
  places: readonly Place[],
  systems: readonly StudyTableSystem[],
): readonly StudyDifference[] {
  const untested = places.flatMap((place) => STUDY_TASKS.flatMap((task) => ofPlace(place, systems, task)));
  const adjusted = new Map<Untested, { readonly holm: number | null; readonly over: number }>();
  for (const family of Map.groupBy(untested, ({ model, task }) => `${model} ${task}`).values()) {
    const holm = holmAdjusted(family.map(({ difference }) => difference.p));
    const over = holm.filter((p) => p !== null).length;
    family.forEach((one, index) => adjusted.set(one, { holm: holm[index] ?? null, over }));
  }
  return untested.map((one) => ({ ...one, ...(adjusted.get(one) ?? { holm: null, over: 0 }) }));
}

function ofPlace(
  { model, resolution, bySystem }: Place,
  systems: readonly StudyTableSystem[],
  task: StudyTask,
): readonly Untested[] {
  const here = systems.filter(({ name }) => bySystem.has(name));
  const runsOf = ({ name }: StudyTableSystem): readonly StudyRun[] => bySystem.get(name) ?? [];
  const untaught = here.filter(({ method }) => method === 'none');
  const taught = here.filter(({ method }) => method !== 'none' && method !== 'teacher');
  const pair = (a: StudyTableSystem, b: StudyTableSystem): Untested => ({
    ...{ model, resolution, task, a: a.name, b: b.name },
    ...systemDifference(runsOf(a), runsOf(b), task),
  });
  const toNone = taught.flatMap((system) => {
    const none = mostAlike(runsOf(system), untaught, runsOf);
    return none === null ? [] : [pair(system, none)];
  });
  const mlcak = taught.filter(({ method }) => method === 'mlcak');
  const rivals = taught.filter(({ method }) => method !== 'mlcak');
  return [...toNone, ...mlcak.flatMap((own) => rivals.map((rival) => pair(own, rival)))];
}

/** Of several students without distillation the one whose input and training are most like these runs'. */
function mostAlike(
  runs: readonly StudyRun[],
  candidates: readonly StudyTableSystem[],
  runsOf: (system: StudyTableSystem) => readonly StudyRun[],
): StudyTableSystem | null {
  const settings = (of: readonly StudyRun[]): readonly string[] => {
    const row = of[0]?.row;
    if (row === undefined) return [];
    return [JSON.stringify(row.config.input), ...otherSettings(row).values()];
  };
  const own = settings(runs);
  const alike = (system: StudyTableSystem): number => {
    const other = settings(runsOf(system));
    return own.filter((text, index) => text === other[index]).length;
  };
  return candidates.toSorted((a, b) => alike(b) - alike(a))[0] ?? null;
}
