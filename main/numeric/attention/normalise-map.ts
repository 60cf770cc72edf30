/** @file From raw map values to 0…1 for a colour scale. */

/** One value a patch, row by row, [G·G]. */
export interface AttentionMap {
  readonly grid: number;
  readonly values: Float32Array;
}

/** How a map is brought to 0…1: by its extremes, or by percentiles so that a single token does not hide the rest. */
export interface MapRange {
  /** Percentile that becomes 0, in 0…100. */
  readonly low: number;
  /** Percentile that becomes 1. */
  readonly high: number;
}

export const FULL_RANGE: MapRange = { low: 0, high: 100 };
/** For showing: ViTs put single high values on background patches (Darcet 2024). */
export const ROBUST_RANGE: MapRange = { low: 2, high: 98 };

function percentile(sorted: Float32Array, percent: number): number {
  const position = (Math.min(100, Math.max(0, percent)) / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? 0;
  const high = sorted[Math.ceil(position)] ?? 0;
  return low + (high - low) * (position - Math.floor(position));
}

/** Values in 0…1, clipped; a flat map becomes all 0, values that are not finite become 0. */
export function normaliseMap(map: AttentionMap, range: MapRange = ROBUST_RANGE): AttentionMap {
  const sorted = map.values.filter(Number.isFinite).sort();
  const low = percentile(sorted, range.low);
  const span = percentile(sorted, range.high) - low;
  return {
    grid: map.grid,
    values: map.values.map((value) =>
      span > 0 && Number.isFinite(value) ? Math.min(1, Math.max(0, (value - low) / span)) : 0,
    ),
  };
}
