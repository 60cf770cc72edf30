/** @file Holm's correction for several tests at once (Holm 1979). */
import { MetricsError } from './binary-scores.ts';

/**
 * Adjusted p values in the order given: sorted p_(i) · (m − i + 1), made rising, at most 1. Undefined tests (null) stay
 * null and do not count. @throws MetricsError for a p outside [0, 1]
 */
export function holmAdjusted(pValues: readonly (number | null)[]): readonly (number | null)[] {
  const defined = [...pValues.entries()].filter((entry): entry is [number, number] => entry[1] !== null);
  const bad = defined.find(([, p]) => !(p >= 0 && p <= 1));
  if (bad !== undefined) throw new MetricsError(`${bad[1]} is not a p value.`);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let highest = 0;
  defined
    .toSorted((a, b) => a[1] - b[1])
    .forEach(([index, p], rank) => {
      highest = Math.max(highest, Math.min(1, p * (defined.length - rank)));
      adjusted[index] = highest;
    });
  return adjusted;
}
