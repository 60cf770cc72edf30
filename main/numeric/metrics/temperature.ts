/** @file Temperature scaling (Guo 2017): one factor per head, fitted on validation only. */
import { MetricsError } from './binary-scores.ts';

/** Range that is searched; a fit at its edge says that scaling cannot repair the model. */
export const TEMPERATURE_RANGE = { low: 0.05, high: 20 } as const;

/** Probabilities nearer to 0 or 1 than this count as this near: a 32-bit sigmoid rounds to 0 and 1, whose logits have no end. */
const NEAREST = 1e-7;

/** log(p / (1 − p)), finite for every p in [0, 1]. */
export function logitOf(probability: number): number {
  const p = Math.min(1 - NEAREST, Math.max(NEAREST, probability));
  return Math.log(p / (1 - p));
}

/** The probability when its logit is divided by the temperature. */
export function scaledProbability(probability: number, temperature: number): number {
  return 1 / (1 + Math.exp(-logitOf(probability) / temperature));
}

/** Mean BCE of logits / temperature over known labels (others NaN). */
function meanLoss(logits: ArrayLike<number>, labels: ArrayLike<number>, temperature: number): number {
  let sum = 0;
  let known = 0;
  for (let i = 0; i < labels.length; i += 1) {
    const label = labels[i] ?? Number.NaN;
    if (Number.isNaN(label)) continue;
    const z = (logits[i] ?? Number.NaN) / temperature;
    sum += Math.max(z, 0) - z * label + Math.log1p(Math.exp(-Math.abs(z)));
    known += 1;
  }
  return known === 0 ? Number.NaN : sum / known;
}

export interface TemperatureFit {
  readonly temperature: number;
  /** Mean BCE before and after. */
  readonly before: number;
  readonly after: number;
  readonly known: number;
}

/**
 * The temperature with the smallest mean BCE over all logits of a head (any layout, labels alike; NaN = unknown).
 * BCE is convex in 1/T, so a golden-section search over it finds the minimum. null without a known label of each class.
 * @throws MetricsError when lengths differ or a logit with a known label is not finite
 */
export function fitTemperature(logits: ArrayLike<number>, labels: ArrayLike<number>): TemperatureFit | null {
  if (logits.length !== labels.length) {
    throw new MetricsError(`There are ${labels.length} labels and ${logits.length} logits.`);
  }
  const classes = new Set<number>();
  let known = 0;
  for (let i = 0; i < labels.length; i += 1) {
    const label = labels[i] ?? Number.NaN;
    if (Number.isNaN(label)) continue;
    if (!Number.isFinite(logits[i])) throw new MetricsError(`Logit ${i + 1} is not a finite number.`);
    classes.add(label >= 0.5 ? 1 : 0);
    known += 1;
  }
  if (classes.size < 2) return null;
  const loss = (inverse: number) => meanLoss(logits, labels, 1 / inverse);
  const golden = (Math.sqrt(5) - 1) / 2;
  let low: number = 1 / TEMPERATURE_RANGE.high;
  let high: number = 1 / TEMPERATURE_RANGE.low;
  for (let round = 0; round < 80; round += 1) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  const temperature = 2 / (low + high);
  const after = meanLoss(logits, labels, temperature);
  return { temperature, before: meanLoss(logits, labels, 1), after, known };
}
