/** @file Average precision, Brier score and expected calibration error. */
import { checkScores, countPositives, orderDescending, type BinaryScores } from './binary-scores.ts';

/** Σ (R_n − R_{n−1})·P_n over distinct thresholds, as scikit-learn; null without positives. @throws MetricsError */
export function averagePrecision(data: BinaryScores): number | null {
  checkScores(data);
  const positives = countPositives(data.labels);
  if (positives === 0) return null;
  const order = orderDescending(data.scores);
  let truePositives = 0;
  let recall = 0;
  let total = 0;
  order.forEach((film, position) => {
    if (data.labels[film] === 1) truePositives += 1;
    const next = order[position + 1];
    if (next !== undefined && data.scores[next] === data.scores[film]) return;
    const reached = truePositives / positives;
    total += (reached - recall) * (truePositives / (position + 1));
    recall = reached;
  });
  return total;
}

/** Probabilities are needed: null when a score lies outside [0, 1] or there are no films. */
function areProbabilities(scores: ArrayLike<number>): boolean {
  for (let i = 0; i < scores.length; i += 1) if ((scores[i] ?? -1) < 0 || (scores[i] ?? 2) > 1) return false;
  return scores.length > 0;
}

/** Mean squared difference between score and label; null unless scores are probabilities. @throws MetricsError */
export function brier(data: BinaryScores): number | null {
  checkScores(data);
  if (!areProbabilities(data.scores)) return null;
  let sum = 0;
  for (let i = 0; i < data.scores.length; i += 1) sum += ((data.scores[i] ?? 0) - (data.labels[i] ?? 0)) ** 2;
  return sum / data.scores.length;
}

export interface CalibrationBin {
  readonly predicted: number;
  readonly observed: number;
  readonly n: number;
}

/** Equal-mass bins by rising score (sizes differ by one at most); empty unless scores are probabilities. @throws MetricsError */
export function calibrationBins(data: BinaryScores, bins = 15): readonly CalibrationBin[] {
  checkScores(data);
  if (!areProbabilities(data.scores)) return [];
  const order = orderDescending(data.scores).reverse();
  const count = Math.min(bins, order.length);
  return Array.from({ length: count }, (_, bin) => {
    const films = order.subarray(
      Math.floor((bin * order.length) / count),
      Math.floor(((bin + 1) * order.length) / count),
    );
    const average = (values: ArrayLike<number>) =>
      films.reduce((sum, film) => sum + (values[film] ?? 0), 0) / films.length;
    return { predicted: average(data.scores), observed: average(data.labels), n: films.length };
  });
}

/** Σ n_b/n · |predicted − observed| over 15 equal-mass bins; null unless scores are probabilities. @throws MetricsError */
export function expectedCalibrationError(data: BinaryScores, bins = 15): number | null {
  const all = calibrationBins(data, bins);
  if (all.length === 0) return null;
  return all.reduce(
    (sum, bin) => sum + (bin.n / data.labels.length) * Math.abs(bin.predicted - bin.observed),
    0,
  );
}
