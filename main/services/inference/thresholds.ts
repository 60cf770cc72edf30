/**
 * @file Where a run's scores are called positive: chosen on validation films, here or where the model was made, and set by hand,
 * here or there. What was set by hand counts before what was fitted, and what was done here before what came with the model.
 * Predictions, exports, cards, reports, the command line and the figures of an evaluation all ask here.
 */
import type { KeptThreshold } from '../../../shared/contract/kept-threshold.ts';
import { modelCard, type CardThreshold } from '../../../shared/contract/model-card.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { SET_ELSEWHERE, thresholdInForce } from '../../../shared/domain/kept-threshold.ts';
import { taskName, taskOfName, type Task } from '../../../shared/domain/task.ts';
import type { UncertainBand } from '../../../shared/contract/uncertain-band.ts';
import type { Store } from '../../store/store.ts';

/** A threshold and how it was chosen, e.g. "Youden's J on validation". */
export interface FittedPoint {
  readonly threshold: number;
  readonly rule: string;
}

export interface PointInForce {
  readonly task: Task;
  readonly threshold: number;
  /** Null = it is the fitted one. */
  readonly kept: KeptThreshold | null;
  /** Null = none could be chosen. */
  readonly fitted: FittedPoint | null;
  /** Scores from `from` to below `to` are uncertain. */
  readonly band: UncertainBand;
}

/** Of a model from elsewhere as its card says them; null = the run was trained here. */
function cardThresholds(store: Store, runId: RunId): readonly CardThreshold[] | null {
  const imported = store.importedModels.find(runId);
  return imported === null ? null : modelCard.parse(imported.card).thresholds;
}

/** What was chosen where a model from elsewhere was made, by finding, `abnormal` for T2; null = the run was trained here. */
export function carriedPoints(store: Store, runId: RunId): ReadonlyMap<string, FittedPoint> | null {
  const carried = cardThresholds(store, runId);
  if (carried === null) return null;
  return new Map(
    carried.flatMap(({ name, kind, threshold, rule }) =>
      kind === 'fitted' ? [[name, { threshold, rule: `${rule}, ${SET_ELSEWHERE}` }] as const] : [],
    ),
  );
}

/** What validation chose, here or where the model was made, by finding, `abnormal` for T2; what has none is left out. */
export function fittedPoints(store: Store, runId: RunId): ReadonlyMap<string, FittedPoint> {
  const carried = carriedPoints(store, runId);
  if (carried !== null) return carried;
  const evaluation = store.evaluations.find(runId, 'test');
  const tasks = evaluation === null ? [] : [evaluation.t2, ...evaluation.perFinding];
  return new Map(
    tasks.flatMap(({ name, operatingPoint }) =>
      operatingPoint === null
        ? []
        : [[name, { threshold: operatingPoint.threshold, rule: operatingPoint.rule }] as const],
    ),
  );
}

/** What validation chose, here or where the model was made, by finding, `abnormal` for T2; what has none is left out. */
export function chosenBands(store: Store, runId: RunId): ReadonlyMap<string, UncertainBand> {
  const carried = cardThresholds(store, runId);
  if (carried !== null) {
    return new Map(
      carried.flatMap(({ name, kind, band }) =>
        kind === 'fitted' && band !== undefined ? [[name, band] as const] : [],
      ),
    );
  }
  const evaluation = store.evaluations.find(runId, 'test');
  const measured = evaluation === null ? [] : [evaluation.t2, ...evaluation.perFinding];
  return new Map(
    measured.flatMap(({ name, uncertainBand }) =>
      uncertainBand === null ? [] : [[name, uncertainBand] as const],
    ),
  );
}

/** A score this near to the threshold is called uncertain where validation has chosen no band. */
const NEAR = 0.05;

/** Where the model is unsure of `task`, around its threshold in force. */
function bandAround(threshold: number, chosen: UncertainBand | null): UncertainBand {
  if (chosen === null) {
    return { from: threshold - NEAR, to: threshold + NEAR, rule: `within ${NEAR} of the threshold` };
  }
  const { from, to, rule } = chosen;
  if (from >= to) return { from: threshold, to: threshold, rule };
  return { from: Math.min(from, threshold), to: Math.max(to, threshold), rule };
}

/** Set by hand and in force: those set here, and those that came with the model where nothing was set or taken back here. */
export function thresholdsByHand(store: Store, runId: RunId): ReadonlyMap<Task, KeptThreshold> {
  const decidedHere = new Set(store.thresholds.history(runId).map(({ task }) => task));
  const byHand = new Map<Task, KeptThreshold>();
  for (const { name, kind, threshold, rule } of cardThresholds(store, runId) ?? []) {
    const task = taskOfName(name);
    if (kind !== 'kept' || decidedHere.has(task)) continue;
    const fitted = fittedPoints(store, runId).get(name)?.threshold ?? null;
    byHand.set(task, { task, threshold, fitted, at: null, by: SET_ELSEWHERE, reason: rule });
  }
  for (const { task, threshold, fitted, byName, reason, createdAt } of store.thresholds
    .inForce(runId)
    .values()) {
    byHand.set(task, { task, threshold, fitted, by: byName, reason, at: createdAt });
  }
  return byHand;
}

/** From which score on each task is called positive, and why; a task that is never called positive is left out. */
export function pointsInForce(store: Store, runId: RunId): ReadonlyMap<Task, PointInForce> {
  const byHand = thresholdsByHand(store, runId);
  const bands = chosenBands(store, runId);
  const fitted = new Map([...fittedPoints(store, runId)].map(([name, point]) => [taskOfName(name), point]));
  return new Map(
    [...new Set([...fitted.keys(), ...byHand.keys()])].flatMap((task) => {
      const point = { kept: byHand.get(task) ?? null, fitted: fitted.get(task) ?? null };
      const threshold = thresholdInForce(point.kept, point.fitted);
      if (threshold === null) return [];
      const band = bandAround(threshold, bands.get(taskName(task)) ?? null);
      return [[task, { task, threshold, ...point, band }] as const];
    }),
  );
}
