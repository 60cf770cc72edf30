/** @file Seeded bootstrap over patients: films of one patient are not independent, so patients are drawn, not films. */
import { uniformGenerator } from '../vit/init.ts';

export interface BootstrapInterval {
  /** 2.5th and 97.5th percentile; null when fewer than half of the replicates were defined. */
  readonly ci: readonly [number, number] | null;
  /** Replicates in which the statistic was defined. */
  readonly defined: number;
  readonly resamples: number;
}

/** Linear-interpolated quantile of sorted values. */
export function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return low + (high - low) * (position - Math.floor(position));
}

/**
 * Percentile interval of `statistic`, which gets film indices (with repeats) of one replicate and returns null where
 * it is undefined. The same seed draws the same patients, so intervals of differences are paired.
 */
export function bootstrapByPatient(
  patients: readonly string[],
  statistic: (films: Uint32Array) => number | null,
  { resamples = 2000, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): BootstrapInterval {
  const groups = new Map<string, number[]>();
  patients.forEach((patient, film) => {
    const films = groups.get(patient);
    if (films === undefined) groups.set(patient, [film]);
    else films.push(film);
  });
  const units = [...groups.values()];
  const uniform = uniformGenerator(seed);
  const values: number[] = [];
  for (let replicate = 0; replicate < resamples; replicate += 1) {
    const films: number[] = [];
    for (let i = 0; i < units.length; i += 1)
      films.push(...(units[Math.floor(uniform() * units.length)] ?? []));
    const value = statistic(Uint32Array.from(films));
    if (value !== null) values.push(value);
  }
  const sorted = Float64Array.from(values).sort();
  const enough = sorted.length > 0 && sorted.length >= resamples / 2;
  return {
    ci: enough ? [quantile(sorted, 0.025), quantile(sorted, 0.975)] : null,
    defined: sorted.length,
    resamples,
  };
}
