/** @file From a cell of a study to a run: what is asked for, and which run of the library is it already. */
import type { RunRequest } from '../../../shared/contract/training.ts';
import type { StudyPlan } from '../../../shared/contract/study.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { isActive, isResumable } from '../../../shared/domain/run-state.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { plannedCells, TEACHER, type PlannedCell } from '../../../shared/domain/study.ts';
import type { RunRow } from '../../store/runs.ts';
import { MODEL_WORDS } from '../evaluation/wording.ts';
import { configHash } from '../training/run-config.ts';

/** A planned cell with the words and the method of its system. */
export interface Cell extends PlannedCell {
  readonly title: string;
  readonly method: RunRequest['method'];
}

const TEACHER_TITLE = 'Teacher';

/** Cells of a plan by key, in the plan's own order of training. */
export function cellsOf(plan: StudyPlan): ReadonlyMap<string, Cell> {
  const systems = new Map(plan.systems.map((system) => [system.name, system]));
  return new Map(
    plannedCells(plan).map((cell) => {
      const system = systems.get(cell.system);
      const about =
        system === undefined
          ? ({ title: TEACHER_TITLE, method: TEACHER } as const)
          : { title: system.title, method: system.method };
      return [cell.key, { ...cell, ...about }];
    }),
  );
}

/** What a plan says beyond its schema. @throws ServiceError BAD_INPUT naming what is wrong */
export function checkPlan(plan: StudyPlan): void {
  const refuse = (message: string): never => {
    throw new ServiceError('BAD_INPUT', `${message} Nothing was started; change the plan.`);
  };
  const names = plan.systems.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse(`Two systems of the plan are named "${twice}".`);
  for (const [axis, values] of Object.entries({
    models: plan.models,
    resolutions: plan.resolutions,
    seeds: plan.seeds,
  })) {
    if (new Set<unknown>(values).size < values.length) refuse(`A value stands twice among the ${axis}.`);
  }
  const everything = new Set(plannedCells({ ...plan, without: [] }).map(({ key }) => key));
  const stranger = plan.without.find((key) => !everything.has(key));
  if (stranger !== undefined) refuse(`"without" names ${stranger}, which is no cell of this plan.`);
  const left = plannedCells(plan).filter(({ system }) => system !== TEACHER);
  if (left.length === 0 && plan.without.length > 0) refuse('No student is left in the plan.');
}

/** The run that does a cell. `teacherRunId` is that of its teacher's cell, null where it has none. */
export function cellRequest(plan: StudyPlan, cell: Cell, teacherRunId: RunId | null): RunRequest {
  const system = plan.systems.find(({ name }) => name === cell.system);
  const isTeacher = cell.method === TEACHER;
  const seed = plan.seeds.length > 1 ? ` · seed ${cell.seed}` : '';
  return {
    name: `${cell.title} ${cell.resolution} px · ${MODEL_WORDS[cell.model]}${seed}`.slice(0, 80),
    method: cell.method,
    model: cell.model,
    resolution: cell.resolution,
    teacherRunId,
    splitId: plan.splitId,
    findings: plan.findings === null ? null : [...plan.findings],
    labelSet: plan.labelSet,
    labelRule: plan.labelRule,
    labelVersionId: plan.labelVersionId,
    preset: plan.preset,
    recipe: { ...plan.recipe, ...(isTeacher && plan.teacherRecipe) },
    loss: cell.teacher === null ? {} : { ...plan.loss, ...system?.loss },
    input: isTeacher ? {} : plan.input,
    t2Units: plan.t2Units,
    classWeights: plan.classWeights,
    seed: cell.seed,
    init: plan.init[cell.model] ?? null,
  };
}

/** Runs of a library by what they were asked for. */
export function runsByHash(runs: readonly RunRow[]): ReadonlyMap<string, readonly RunRow[]> {
  return Map.groupBy(runs, ({ config }) => configHash(config));
}

/**
 * Of the runs of one configuration the one that is nearest to its end: a finished one, else one at work or waiting, else one
 * that can go on. Null = it is to be made.
 */
export function nearestRun(same: readonly RunRow[] = []): RunRow | null {
  const newest = (fits: (run: RunRow) => boolean): RunRow | undefined => same.findLast(fits);
  return (
    newest(({ state }) => state === 'finished') ??
    newest(({ state }) => state === 'queued' || isActive(state)) ??
    newest(({ state }) => isResumable(state) && state !== 'failed') ??
    null
  );
}
