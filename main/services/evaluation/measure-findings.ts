/** @file Differences of two runs by finding: DeLong's paired test, p values adjusted by Holm. Pure. */
import type { FindingDifference } from '../../../shared/contract/comparison.ts';
import { auroc, delongDifference } from '../../numeric/metrics/auroc.ts';
import { countPositives } from '../../numeric/metrics/binary-scores.ts';
import { holmAdjusted } from '../../numeric/metrics/multiple-tests.ts';
import type { PartScores, TaskScores } from './part-scores.ts';
import { isUnstable, knownOnly } from './task-metrics.ts';

function measureFinding(a: TaskScores, b: TaskScores): Omit<FindingDifference, 'holm'> {
  const own = knownOnly(a);
  const other = knownOnly(b);
  const [first, second] = [auroc(own), auroc(other)];
  const n = own.labels.length;
  const positives = countPositives(own.labels);
  const tested = delongDifference(own.labels, own.scores, other.scores);
  return {
    name: a.name,
    n,
    positives,
    unstable: isUnstable(positives, n),
    a: first,
    b: second,
    difference: {
      value: first === null || second === null ? null : first - second,
      ci: tested === null ? null : [tested.ci[0], tested.ci[1]],
      p: tested?.p ?? null,
    },
  };
}

/** `a` minus `b` on the same films, labels and findings (the caller has compared them). */
export function measureFindings(a: PartScores, b: PartScores): readonly FindingDifference[] {
  const measured = a.findings.map((task, index) => {
    const other = b.findings[index];
    if (other === undefined) throw new Error('both runs have the same findings');
    return measureFinding(task, other);
  });
  const adjusted = holmAdjusted(measured.map(({ difference }) => difference.p));
  return measured.map((finding, index) => ({ ...finding, holm: adjusted[index] ?? null }));
}
