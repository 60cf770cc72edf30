/**
 * @file How an attention map is shown: from its weakest cell (see-through) to its strongest (full colour), the two ends
 * named as multiples of equal attention. A map that is nearly flat then reads 1× to 1.1×, and nobody takes it for a finding.
 */

/** Below this distance between the ends a map is flat: it is shown as nothing. */
const FLAT = 1e-6;

/** [grid · grid] shares 0..1 of the way from the smallest value to the largest; a flat map is 0 throughout. */
export function spread(values: readonly number[]): number[] {
  const low = values.reduce((smallest, value) => Math.min(smallest, value), Infinity);
  const high = values.reduce((largest, value) => Math.max(largest, value), -Infinity);
  if (!(high - low > FLAT)) return values.map(() => 0);
  return values.map((value) => (value - low) / (high - low));
}

/**
 * Weakest and strongest cell in multiples of what each of the grid² + 1 tokens (patches and CLS) would get if attention
 * were equal. @param values scaled to a largest of 1, @param peak that largest before scaling
 */
export function equalMultiples(
  grid: number,
  values: readonly number[],
  peak: number,
): readonly [number, number] {
  const tokens = grid * grid + 1;
  const low = values.reduce((smallest, value) => Math.min(smallest, value), Infinity);
  return [low * peak * tokens, peak * tokens];
}
