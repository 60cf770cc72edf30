/** @file What a study costs before it starts: every cell's time, a teacher's answers counted once, disk, memory, refusals. */
import type { StudyEstimate, StudyPlan } from '../../../shared/contract/study.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import type { ServiceError } from '../../../shared/domain/service-error.ts';
import { neededFeature } from '../../numeric/methods/needs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { estimateRun, type RunEstimate } from '../training/estimate.ts';
import { configHash, fillRequest, type FilledRequest } from '../training/run-config.ts';
import { cellRequest, runOf, type Cell } from './cell-runs.ts';

/** The configuration of a cell as far as it is known: a student whose teacher is still to be trained has none yet. */
export interface CellFacts {
  readonly filled: FilledRequest;
  /** Finished run of the same configuration. */
  readonly doneBy: RunId | null;
}

/**
 * Fills a cell's request without a trace. `teacher` is the finished run of its teacher's cell, or null.
 * @throws ServiceError as `fillRequest`
 */
export async function cellFacts(
  library: OpenLibrary,
  clock: Clock,
  plan: StudyPlan,
  cell: Cell,
  teacher: RunId | null,
): Promise<CellFacts> {
  const request = cellRequest(plan, cell, teacher);
  if (cell.teacher === null || teacher !== null) {
    const filled = await fillRequest(library, clock, request, 'estimate');
    const run = runOf(configHash(filled.config), library.store.runs.list());
    return { filled, doneBy: run?.state === 'finished' ? run.id : null };
  }
  // As a student that nobody teaches, to find what the films, labels and start weights refuse.
  const alone = { ...request, method: 'none' as const, loss: {} };
  const { config, films } = await fillRequest(library, clock, alone, 'estimate');
  const loss = { ...config.loss, ...request.loss };
  return {
    filled: {
      config: { ...config, method: cell.method, loss: { ...config.loss, ...definite(loss) } },
      films,
    },
    doneBy: null,
  };
}

function definite<T extends object>(values: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}

export interface CellCost {
  readonly key: string;
  readonly doneBy: RunId | null;
  readonly cost: RunEstimate;
}

/** Cells in order, each with its own cost; what a teacher is asked is counted for the first student that needs it. */
export async function cellCosts(
  library: OpenLibrary,
  clock: Clock,
  plan: StudyPlan,
  cells: readonly Cell[],
  freeBytes: number,
): Promise<readonly CellCost[]> {
  const doneBy = new Map<string, RunId | null>();
  const asked = new Set<string>();
  const costs: CellCost[] = [];
  for (const cell of cells) {
    const teacher = cell.teacher === null ? null : (doneBy.get(cell.teacher) ?? null);
    const facts = await cellFacts(library, clock, plan, cell, teacher);
    doneBy.set(cell.key, facts.doneBy);
    const { config, films } = facts.filled;
    const question = `${cell.teacher ?? ''} ${neededFeature(config.method, config.loss)} ${config.loss.featurePoint}`;
    const cost = estimateRun(library, config, films, freeBytes, { answered: asked.has(question) });
    if (cell.teacher !== null && facts.doneBy === null) asked.add(question);
    costs.push({ key: cell.key, doneBy: facts.doneBy, cost });
  }
  return costs;
}

/** @throws ServiceError for what makes the plan impossible: the caller turns it into a refusal */
export async function estimateStudy(
  library: OpenLibrary,
  clock: Clock,
  plan: StudyPlan,
  cells: readonly Cell[],
): Promise<StudyEstimate> {
  const freeBytes = await library.files.freeBytes();
  const costs = await cellCosts(library, clock, plan, cells, freeBytes);
  const todo = costs.filter((one) => one.doneBy === null);
  const diskBytes = todo.reduce((sum, { cost }) => sum + cost.keptBytes, 0) + most(todo, 'passingBytes');
  const warnings = new Set(todo.flatMap(({ cost }) => cost.warnings));
  return {
    cells: costs.map(({ key, cost, doneBy }) => ({
      key,
      seconds: doneBy === null ? cost.seconds : 0,
      doneBy,
    })),
    seconds: todo.reduce((sum, { cost }) => sum + cost.seconds, 0),
    diskBytes,
    memoryBytes: most(todo, 'memoryBytes'),
    basis: todo[0]?.cost.basis ?? 'everything is done already',
    refusals:
      diskBytes > freeBytes
        ? ['The study needs more disk than is free. Free some space or leave cells out.']
        : [],
    warnings: [...warnings],
  };
}

function most(costs: readonly CellCost[], what: 'memoryBytes' | 'passingBytes'): number {
  return costs.reduce((largest, { cost }) => Math.max(largest, cost[what]), 0);
}

/** Nothing is known but why. */
export function refusedEstimate(error: ServiceError): StudyEstimate {
  return {
    cells: [],
    seconds: 0,
    diskBytes: 0,
    memoryBytes: 0,
    basis: 'not estimated',
    refusals: [error.message],
    warnings: [],
  };
}
