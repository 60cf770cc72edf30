/**
 * @file Patient bootstrap of macro AUROC for several systems on the same films at once: the same patients are drawn for
 * all, so that differences are paired. Films are sorted once; a replicate is one pass over counts.
 */
import { uniformGenerator } from '../vit/init.ts';
import { checkScores } from './binary-scores.ts';
import { quantile, type BootstrapInterval } from './bootstrap.ts';

/** One finding of one system: known films by rising score, cut into runs of equal scores. */
interface SortedFinding {
  readonly films: Uint32Array;
  readonly positive: Uint8Array;
  /** End (exclusive) of each run of equal scores. */
  readonly runEnds: Uint32Array;
}

export type Labels = readonly (readonly (0 | 1 | null)[])[];

function sortFinding(labels: readonly (0 | 1 | null)[], scores: ArrayLike<number>): SortedFinding {
  const known = Uint32Array.from(labels.keys()).filter((film) => labels[film] !== null);
  checkScores({
    labels: Array.from(known, (film) => labels[film] ?? 0),
    scores: Array.from(known, (film) => scores[film] ?? Number.NaN),
  });
  const films = known.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  const ends: number[] = [];
  films.forEach((film, position) => {
    const next = films[position + 1];
    if (next === undefined || scores[next] !== scores[film]) ends.push(position + 1);
  });
  return {
    films,
    positive: Uint8Array.from(films, (film) => labels[film] ?? 0),
    runEnds: Uint32Array.from(ends),
  };
}

/** AUROC of a replicate in which film f occurs `counts[f]` times; NaN when a class is absent. */
function countedAuroc(finding: SortedFinding, counts: Uint16Array): number {
  const { films, positive, runEnds } = finding;
  let negativesBelow = 0;
  let positives = 0;
  let wins = 0;
  let position = 0;
  for (const end of runEnds) {
    let runPositives = 0;
    let all = 0;
    // Without a branch: labels follow no pattern that a processor could guess.
    for (; position < end; position += 1) {
      const count = counts[films[position] as number] as number;
      runPositives += count * (positive[position] as number);
      all += count;
    }
    const runNegatives = all - runPositives;
    wins += runPositives * (negativesBelow + runNegatives / 2);
    negativesBelow += runNegatives;
    positives += runPositives;
  }
  return positives === 0 || negativesBelow === 0 ? Number.NaN : wins / (positives * negativesBelow);
}

/** Macro AUROC of every replicate for every system; NaN where no finding had both classes. */
export interface PairedBootstrap {
  readonly resamples: number;
  /** One array a system. */
  readonly values: readonly Float64Array[];
}

/**
 * @param labels one array a finding, one entry a film: 0, 1, or null where unknown
 * @param systems per system the same shape of scores
 * @param patients one a film
 * @throws MetricsError for labels or scores that no metric can be computed from
 */
export function pairedBootstrap(
  labels: Labels,
  systems: readonly (readonly ArrayLike<number>[])[],
  patients: readonly string[],
  { resamples = 2000, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): PairedBootstrap {
  const groups = Map.groupBy(patients.keys(), (film) => patients[film] ?? '');
  const units = [...groups.values()];
  const sorted = systems.map((scores) =>
    labels.map((column, finding) => sortFinding(column, scores[finding] ?? [])),
  );
  const values = systems.map(() => new Float64Array(resamples));
  const uniform = uniformGenerator(seed);
  const counts = new Uint16Array(patients.length);
  for (let replicate = 0; replicate < resamples; replicate += 1) {
    counts.fill(0);
    for (let draw = 0; draw < units.length; draw += 1) {
      for (const film of units[Math.floor(uniform() * units.length)] ?? []) {
        counts[film] = (counts[film] ?? 0) + 1;
      }
    }
    sorted.forEach((findings, system) => {
      let sum = 0;
      let defined = 0;
      for (const finding of findings) {
        const value = countedAuroc(finding, counts);
        if (Number.isNaN(value)) continue;
        sum += value;
        defined += 1;
      }
      (values[system] as Float64Array)[replicate] = sum / defined; // 0 / 0 = NaN: undefined
    });
  }
  return { resamples, values };
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
