/**
 * @file Deals patients to parts so that every label is spread by the shares: iterative stratification (Sechidis,
 * Tsoumakas, Vlahavas, 2011), the rarest label first. Pure; the order of `units` decides ties, so a seed shuffles it.
 */
import type { Part } from '../../../shared/contract/base.ts';

/** A patient, with every label that one of their films has. */
export interface StratifyUnit<Key> {
  readonly key: Key;
  readonly labels: ReadonlySet<string>;
}

export type Shares = Readonly<Partial<Record<Part, number>>>;

const TIE = 1e-9;

interface Bin {
  readonly part: Part;
  /** Patients still wanted, in all and by label; may fall below 0. */
  wanted: number;
  readonly wantedOf: Map<string, number>;
  count: number;
  readonly countOf: Map<string, number>;
}

/** Deals all units; a part with a share above 0 gets at least one unit where there are enough. */
export function stratify<Key>(units: readonly StratifyUnit<Key>[], shares: Shares): Map<Key, Part> {
  const labels = countLabels(units);
  const bins = makeBins(units.length, labels, shares);
  const dealt = new Map<Key, Part>();
  const rest = new Set(units);
  const deal = (unit: StratifyUnit<Key>, label: string | null): void => {
    const bin = neediest(bins, label);
    dealt.set(unit.key, bin.part);
    rest.delete(unit);
    change(bin, unit, 1);
  };
  for (;;) {
    const label = rarest(rest);
    if (label === null) break;
    for (const unit of [...rest].filter((candidate) => candidate.labels.has(label))) deal(unit, label);
  }
  for (const unit of [...rest]) deal(unit, null);
  fillEmpty(units, bins, dealt);
  return dealt;
}

function countLabels<Key>(units: Iterable<StratifyUnit<Key>>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const unit of units) for (const label of unit.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function makeBins(total: number, labels: ReadonlyMap<string, number>, shares: Shares): Bin[] {
  const parts = (Object.entries(shares) as [Part, number][]).filter(([, share]) => share > 0);
  const sum = parts.reduce((all, [, share]) => all + share, 0);
  return parts.map(([part, share]) => ({
    part,
    wanted: (total * share) / sum,
    wantedOf: new Map([...labels].map(([label, count]) => [label, (count * share) / sum])),
    count: 0,
    countOf: new Map(),
  }));
}

function rarest<Key>(rest: ReadonlySet<StratifyUnit<Key>>): string | null {
  let found: string | null = null;
  let least = Infinity;
  for (const [label, count] of countLabels(rest)) {
    if (count < least || (count === least && found !== null && label < found)) {
      found = label;
      least = count;
    }
  }
  return found;
}

/** The bin that wants most of the label; then one that has none of it; then the one that wants most patients. */
function neediest(bins: readonly Bin[], label: string | null): Bin {
  const wish = (bin: Bin): number => (label === null ? bin.wanted : (bin.wantedOf.get(label) ?? 0));
  const has = (bin: Bin): number => (label === null ? bin.count : (bin.countOf.get(label) ?? 0));
  const [first, ...others] = bins;
  if (first === undefined) throw new Error('a split needs at least one part with a share');
  return others.reduce((best, bin) => {
    const difference = wish(bin) - wish(best);
    if (Math.abs(difference) > TIE) return difference > 0 ? bin : best;
    if ((has(bin) === 0) !== (has(best) === 0)) return has(bin) === 0 ? bin : best;
    return bin.wanted - best.wanted > TIE ? bin : best;
  }, first);
}

function change<Key>(bin: Bin, unit: StratifyUnit<Key>, by: 1 | -1): void {
  bin.wanted -= by;
  bin.count += by;
  for (const label of unit.labels) {
    bin.wantedOf.set(label, (bin.wantedOf.get(label) ?? 0) - by);
    bin.countOf.set(label, (bin.countOf.get(label) ?? 0) + by);
  }
}

/** With very few patients a small share rounds to none: takes the patient whose labels the fullest part has most of. */
function fillEmpty<Key>(
  units: readonly StratifyUnit<Key>[],
  bins: readonly Bin[],
  dealt: Map<Key, Part>,
): void {
  for (const empty of bins.filter((bin) => bin.count === 0)) {
    const fullest = bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
    if (fullest.count < 2) return;
    const spare = (unit: StratifyUnit<Key>): number =>
      Math.min(...[...unit.labels].map((label) => fullest.countOf.get(label) ?? 0), Number.MAX_SAFE_INTEGER);
    const moved = units
      .filter((unit) => dealt.get(unit.key) === fullest.part)
      .reduce((best, unit) => (spare(unit) > spare(best) ? unit : best));
    dealt.set(moved.key, empty.part);
    change(fullest, moved, -1);
    change(empty, moved, 1);
  }
}
