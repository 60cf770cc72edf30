/**
 * @file Patient bootstrap of macro AUROC: the same seed draws the same patients for every system, so that differences are
 * paired. Films are sorted once; a replicate is one pass over counts.
 */
import { uniformGenerator } from '../vit/init.ts';
import { quantile, type BootstrapInterval } from './bootstrap.ts';
import { countedAuroc, sortTask, type BinaryTask } from './counted-auroc.ts';

/** Fills how often each film occurs when as many patients are drawn, with replacement, as there are. */
function patientDraws(patients: readonly string[], seed: number): (counts: Uint16Array) => void {
  const units = [...Map.groupBy(patients.keys(), (film) => patients[film] ?? '').values()];
  const films = Uint32Array.from(units.flat());
  const starts = new Uint32Array(units.length + 1);
  units.forEach((unit, index) => {
    starts[index + 1] = (starts[index] ?? 0) + unit.length;
  });
  const uniform = uniformGenerator(seed);
  return (counts) => {
    counts.fill(0);
    for (let draw = 0; draw < units.length; draw += 1) {
      const unit = Math.floor(uniform() * units.length);
      const end = starts[unit + 1] as number;
      for (let at = starts[unit] as number; at < end; at += 1) {
        const film = films[at] as number;
        counts[film] = (counts[film] as number) + 1;
      }
    }
  };
}

/**
 * Macro AUROC of every replicate, one array a system; NaN where no task had both classes. The same seed and patients draw the
 * same films in every call, so that replicates of two systems on the same films are paired, whenever each was computed.
 * @param systems per system its tasks (T1: all findings; T2: the one)
 * @param patients one a film
 * @throws MetricsError for labels or scores that no metric can be computed from
 */
export function macroReplicates(
  systems: readonly (readonly BinaryTask[])[],
  patients: readonly string[],
  { resamples = 2000, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): readonly Float64Array[] {
  const sorted = systems.map((tasks) => tasks.map(sortTask));
  const values = systems.map(() => new Float64Array(resamples));
  const draw = patientDraws(patients, seed);
  const counts = new Uint16Array(patients.length);
  for (let replicate = 0; replicate < resamples; replicate += 1) {
    draw(counts);
    sorted.forEach((tasks, system) => {
      let sum = 0;
      let defined = 0;
      for (const task of tasks) {
        const value = countedAuroc(task, counts);
        if (Number.isNaN(value)) continue;
        sum += value;
        defined += 1;
      }
      (values[system] as Float64Array)[replicate] = sum / defined; // 0 / 0 = NaN: undefined
    });
  }
  return values;
}

/** Percentile interval of replicates; null when fewer than half were defined. */
export function bootstrapInterval(values: Float64Array): BootstrapInterval {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const enough = sorted.length > 0 && sorted.length >= values.length / 2;
  return {
    ci: enough ? [quantile(sorted, 0.025), quantile(sorted, 0.975)] : null,
    defined: sorted.length,
    resamples: values.length,
  };
}

export interface BootstrapDifference extends BootstrapInterval {
  /** Two-sided: twice the smaller share of replicates on one side of 0, at least 2/(resamples + 1); null as the interval. */
  readonly p: number | null;
}

/** Paired difference a − b of two systems of the same bootstrap. */
export function bootstrapDifference(a: Float64Array, b: Float64Array): BootstrapDifference {
  const differences = a.map((value, replicate) => value - (b[replicate] ?? Number.NaN));
  const interval = bootstrapInterval(differences);
  if (interval.ci === null) return { ...interval, p: null };
  const notAbove = differences.filter((difference) => difference <= 0).length;
  const notBelow = differences.filter((difference) => difference >= 0).length;
  const p = Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (interval.defined + 1));
  return { ...interval, p };
}
