/** @file ROC and precision–recall curves as points, one a distinct threshold, thinned for drawing where asked. */
import { checkScores, countPositives, orderDescending, type BinaryScores } from './binary-scores.ts';

/** A film counts as positive when its score is ≥ `threshold`; null for "none". */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly threshold: number | null;
}

/** Counts at each distinct threshold, highest first. */
function sweep(data: BinaryScores): readonly { threshold: number; tp: number; fp: number }[] {
  const order = orderDescending(data.scores);
  const points: { threshold: number; tp: number; fp: number }[] = [];
  let tp = 0;
  let fp = 0;
  order.forEach((film, position) => {
    if (data.labels[film] === 1) tp += 1;
    else fp += 1;
    const score = data.scores[film] ?? Number.NaN;
    const next = order[position + 1];
    if (next === undefined || data.scores[next] !== score) points.push({ threshold: score, tp, fp });
  });
  return points;
}

/** x = 1 − specificity, y = sensitivity, from (0, 0) to (1, 1); empty when a class is absent. @throws MetricsError */
export function rocCurve(data: BinaryScores): readonly CurvePoint[] {
  checkScores(data);
  const positives = countPositives(data.labels);
  const negatives = data.labels.length - positives;
  if (positives === 0 || negatives === 0) return [];
  return [
    { x: 0, y: 0, threshold: null },
    ...sweep(data).map(({ threshold, tp, fp }) => ({ x: fp / negatives, y: tp / positives, threshold })),
  ];
}

/** x = recall, y = precision, by rising recall; starts at (0, 1); empty without positives. @throws MetricsError */
export function precisionRecallCurve(data: BinaryScores): readonly CurvePoint[] {
  checkScores(data);
  const positives = countPositives(data.labels);
  if (positives === 0) return [];
  return [
    { x: 0, y: 1, threshold: null },
    ...sweep(data).map(({ threshold, tp, fp }) => ({ x: tp / positives, y: tp / (tp + fp), threshold })),
  ];
}

/** At most `limit` points, ends kept, evenly spread along the curve: for drawing, not for areas. */
export function thinCurve(points: readonly CurvePoint[], limit: number): readonly CurvePoint[] {
  if (points.length <= limit || limit < 2) return points;
  return Array.from(
    { length: limit },
    (_, i) => points[Math.round((i * (points.length - 1)) / (limit - 1))] as CurvePoint,
  );
}
