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

/**
 * How several maps are coloured. `shared`: one range for all, in multiples of equal attention, so that the same colour means
 * the same attention whatever the grid. `own`: each from its weakest cells to its strongest, whatever they are.
 */
export const MAP_SCALES = ['shared', 'own'] as const;
export type MapScale = (typeof MAP_SCALES)[number];

/** Relevance is a product with a gradient and has no unit that two models share: its maps are coloured each by its own range. */
export function scaleFor(method: 'last' | 'rollout' | 'relevance', scale: MapScale): MapScale {
  return method === 'relevance' ? 'own' : scale;
}

export interface ScalableMap {
  readonly method: 'last' | 'rollout' | 'relevance';
  readonly grid: number;
  readonly values: readonly number[];
  readonly peak: number;
}

export interface ScaledMap {
  /** [grid · grid] 0..1 of the way from `low` to `high`, clipped. */
  readonly shares: readonly number[];
  /** Multiples of equal attention; for relevance its own values. */
  readonly low: number;
  readonly high: number;
}

/** Ends of a range that single cells do not decide. */
const ROBUST = [0.02, 0.98] as const;

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at - Math.floor(at));
}

/** Every map with its shares and the range they stand for: 2nd to 98th percentile of its cells, or the widest of all such. */
export function scaleMaps(maps: readonly ScalableMap[], scale: MapScale): readonly ScaledMap[] {
  const inUnits = maps.map(({ method, grid, values, peak }) => {
    const unit = method === 'relevance' ? peak : peak * (grid * grid + 1);
    return values.map((value) => value * unit);
  });
  const own = inUnits.map((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return [quantile(sorted, ROBUST[0]), quantile(sorted, ROBUST[1])] as const;
  });
  const widest = [
    own.reduce((least, [low]) => Math.min(least, low), Infinity),
    own.reduce((most, [, high]) => Math.max(most, high), -Infinity),
  ] as const;
  return inUnits.map((values, index) => {
    const [low, high] = scale === 'shared' ? widest : (own[index] ?? widest);
    const width = high - low;
    const flat = !(width > FLAT * Math.max(Math.abs(high), FLAT));
    const share = (value: number): number => (flat ? 0 : Math.min(1, Math.max(0, (value - low) / width)));
    return { shares: values.map(share), low, high };
  });
}

/** `0.0123` → `0.01`, `12.34` → `12.3`, `0.0012` → `1.2e-3`. */
export function shortNumber(value: number): string {
  return Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(value < 2 ? 2 : 1);
}

/** Ends of a range in words: multiples of equal attention; relevance has no such unit. */
export function rangeWords(
  { low, high }: Pick<ScaledMap, 'low' | 'high'>,
  method: ScalableMap['method'],
): string {
  const unit = method === 'relevance' ? '' : '×';
  return `${shortNumber(low)}${unit} to ${shortNumber(high)}${unit}`;
}
