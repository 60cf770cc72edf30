/** @file What a study costs before it starts: every cell's time, a teacher's answers counted once, disk, memory, refusals. */
import type { StudyEstimate, StudyPlan } from '../../../shared/contract/study.ts';
import type { RunRequest } from '../../../shared/contract/training.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { formatBytes } from '../../../shared/domain/numbers.ts';
import type { ServiceError } from '../../../shared/domain/service-error.ts';
import { isTaught, neededFeature } from '../../numeric/methods/needs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import { estimateRun, type RunEstimate } from '../training/estimate.ts';
import { knownMachineRate, mixedGain } from '../training/machine-rate.ts';
import {
  configHash,
  fillRequest,
  sharedFacts,
  type Facts,
  type FilledRequest,
} from '../training/run-config.ts';
import { cellRequest, nearestRun, runsByHash, type Cell } from './cell-runs.ts';

/** What cells are filled from: asked of the library once for all of them. */
interface Known {
  readonly facts: Facts;
  readonly runs: ReturnType<typeof runsByHash>;
}

interface CellFacts {
  /** As far as it is known: a student whose teacher is still to be trained has no teacher in it. */
  readonly filled: FilledRequest;
  /** Finished run of the same configuration. */
  readonly doneBy: RunId | null;
}

/**
 * Fills a cell's request without a trace. `teacher` is the finished run of its teacher's cell, or null.
 * @throws ServiceError as `fillRequest`
 */
async function cellFacts(
  library: OpenLibrary,
  clock: Clock,
  { facts, runs }: Known,
  request: RunRequest,
  teacher: RunId | null,
): Promise<CellFacts> {
  if (!isTaught(request.method) || teacher !== null) {
    const filled = await fillRequest(library, clock, request, 'estimate', facts);
    const run = nearestRun(runs.get(configHash(filled.config)));
    return { filled, doneBy: run?.state === 'finished' ? run.id : null };
  }
  // As a student that nobody teaches, to find what the films, labels and start weights refuse.
  const alone = { ...request, method: 'none' as const };
  const { config, films } = await fillRequest(library, clock, alone, 'estimate', facts);
  return { filled: { config: { ...config, method: request.method }, films }, doneBy: null };
}

export interface CellCost {
  readonly key: string;
  readonly doneBy: RunId | null;
  readonly cost: RunEstimate;
}

/** `machine` as of `machineName`. Cells in order, each with its own cost; what a teacher is asked is counted for the first student that needs it. */
export async function cellCosts(
  library: OpenLibrary,
  clock: Clock,
  machine: string,
  plan: StudyPlan,
  cells: readonly Cell[],
  freeBytes: number,
): Promise<readonly CellCost[]> {
  const known = { facts: sharedFacts(library, clock), runs: runsByHash(library.store.runs.list()) };
  const doneBy = new Map<string, RunId | null>();
  const asked = new Set<string>();
  const costs: CellCost[] = [];
  for (const cell of cells) {
    const teacher = cell.teacher === null ? null : (doneBy.get(cell.teacher) ?? null);
    const request = cellRequest(plan, cell, teacher);
    const facts = await cellFacts(library, clock, known, request, teacher);
    doneBy.set(cell.key, facts.doneBy);
    const { config, films } = facts.filled;
    const feature = neededFeature(config.method, config.loss);
    const questions = [`${cell.teacher} logits`, `${cell.teacher} ${feature} ${config.loss.featurePoint}`];
    const answered = questions.every((question) => asked.has(question));
    const cost = estimateRun(library, machine, config, films, freeBytes, { answered });
    if (cell.teacher !== null && facts.doneBy === null) for (const question of questions) asked.add(question);
    costs.push({ key: cell.key, doneBy: facts.doneBy, cost });
  }
  return costs;
}

/** @throws ServiceError for what makes the plan impossible: the caller turns it into a refusal */
export async function estimateStudy(
  library: OpenLibrary,
  clock: Clock,
  machine: string,
  plan: StudyPlan,
  cells: readonly Cell[],
): Promise<StudyEstimate> {
  const freeBytes = await library.files.freeBytes();
  const costs = await cellCosts(library, clock, machine, plan, cells, freeBytes);
  const todo = costs.filter((one) => one.doneBy === null);
  const passingBytes = todo.reduce((most, { cost }) => Math.max(most, cost.passingBytes), 0);
  const diskBytes = todo.reduce((sum, { cost }) => sum + cost.keptBytes, 0) + passingBytes;
  // Of the hungriest cell: the others warn of the same films and of less memory.
  const hungriest = todo.toSorted((a, b) => b.cost.memoryBytes - a.cost.memoryBytes)[0];
  return {
    cells: costs.map(({ key, cost, doneBy }) => ({
      key,
      seconds: doneBy === null ? cost.seconds : 0,
      doneBy,
    })),
    seconds: todo.reduce((sum, { cost }) => sum + cost.seconds, 0),
    diskBytes,
    memoryBytes: hungriest?.cost.memoryBytes ?? 0,
    basis: todo[0]?.cost.basis ?? 'everything is done already',
    mixed: leastGain(library, machine, plan),
    refusals:
      diskBytes > freeBytes
        ? [
            `The study needs about ${formatBytes(diskBytes)} on disk, ${formatBytes(freeBytes)} is free. Free some space or leave cells out.`,
          ]
        : [],
    warnings: [...(hungriest?.cost.warnings ?? [])],
  };
}

/** Of the plan's models the one that gains least, where all have been measured. */
function leastGain(library: OpenLibrary, machine: string, { models }: StudyPlan): StudyEstimate['mixed'] {
  const gains = models.map((model) => mixedGain(knownMachineRate(library, machine, model)));
  if (!gains.every((gain) => gain !== null)) return null;
  return gains.toSorted((a, b) => a.gain - b.gain)[0] ?? null;
}

/** Nothing is known but why. */
export function refusedEstimate(error: ServiceError): StudyEstimate {
  return {
    cells: [],
    seconds: 0,
    diskBytes: 0,
    memoryBytes: 0,
    basis: 'not estimated',
    mixed: null,
    refusals: [error.message],
    warnings: [],
  };
}
