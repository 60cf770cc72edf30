/**
 * @file Differences of runs: any two on the same films, and each student against the one without distillation that is
 * otherwise alike. All come from replicates that every run keeps.
 */
import type { Comparison, FindingDifference } from '../../../shared/contract/comparison.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { notesOnComparison } from './comparison-notes.ts';
import { measuredSplit } from './measured-split.ts';
import type { Measure } from './measure.ts';
import { BOOTSTRAP } from './measure-part.ts';
import { pairedDifference, type RunDifference } from './paired-difference.ts';
import { readRunScores, type ScoredPart } from './part-scores.ts';
import { madeFrom, type Results } from './results.ts';

/** Same model, resolution, split, seed and findings; of several the one with the same recipe and start, else the newest. */
export function baselineOf(run: RunRow, runs: readonly RunRow[]): RunRow | null {
  const { method, model, resolution, splitId, seed, findings, recipe, initSha256 } = run.config;
  if (method === 'none' || method === 'teacher') return null;
  const alike = runs.filter(
    ({ state, config }) =>
      state === 'finished' &&
      config.method === 'none' &&
      config.model === model &&
      config.resolution === resolution &&
      config.splitId === splitId &&
      config.seed === seed &&
      config.findings.join('\n') === findings.join('\n'),
  );
  const trainedAlike = alike.filter(
    ({ config }) =>
      JSON.stringify(config.recipe) === JSON.stringify(recipe) && config.initSha256 === initSha256,
  );
  return trainedAlike.at(-1) ?? alike.at(-1) ?? null;
}

export interface Comparisons {
  /** `a` minus `b`; null where they were not scored on the same films for the same findings. @throws as `Results` */
  difference(a: RunRow, b: RunRow, part: ScoredPart): Promise<RunDifference | null>;
  /** On the test part; null where there is nothing to compare with. @throws as `Results` */
  toBaseline(run: RunRow): Promise<RunDifference | null>;
  /** @throws ServiceError INCOMPATIBLE where films or findings differ, and as `Results` */
  compare(a: RunRow, b: RunRow, part: ScoredPart): Promise<Comparison>;
}

export function createComparisons(library: OpenLibrary, results: Results, measure: Measure): Comparisons {
  const { store, files } = library;

  async function difference(a: RunRow, b: RunRow, part: ScoredPart): Promise<RunDifference | null> {
    const [first, second] = await Promise.all([results.replicates(a, part), results.replicates(b, part)]);
    return pairedDifference(first, second);
  }

  /** As kept, or computed from the scores of both and kept. */
  async function byFinding(a: RunRow, b: RunRow, part: ScoredPart): Promise<readonly FindingDifference[]> {
    const from = `${madeFrom(library, a)}; ${madeFrom(library, b)}`;
    const kept = store.comparisons.findFindings(a.id, b.id, part, from);
    if (kept !== null) return kept;
    const [own, other] = await Promise.all([readRunScores(library, a), readRunScores(library, b)]);
    const findings = await measure.findings(own[part], other[part]);
    const bothThere = store.runs.find(a.id) !== null && store.runs.find(b.id) !== null;
    if (!files.readOnly && bothThere) store.comparisons.putFindings(a.id, b.id, part, from, findings);
    return findings;
  }

  return {
    difference,
    async toBaseline(run) {
      const baseline = baselineOf(run, store.runs.list());
      return baseline === null ? null : await difference(run, baseline, 'test');
    },
    async compare(a, b, part) {
      const paired = await difference(a, b, part);
      if (paired === null) throw notComparable(store, a, b);
      const [own, other] = await Promise.all([results.evaluation(a, part), results.evaluation(b, part)]);
      const perFinding = await byFinding(a, b, part);
      const { k, of } = own.t1;
      const { n, positives, unstable } = own.t2;
      const compared = {
        a: { runId: a.id, name: a.name },
        b: { runId: b.id, name: b.name },
        part,
        films: own.films,
        patients: own.patients,
        t1: { a: own.t1.value, b: other.t1.value, difference: paired.t1, k, of },
        t2: {
          a: own.t2.auroc.value,
          b: other.t2.auroc.value,
          difference: paired.t2,
          ...{ n, positives, unstable },
        },
        perFinding: [...perFinding],
        holmOver: perFinding.filter(({ holm }) => holm !== null).length,
        bootstrap: { ...BOOTSTRAP, unit: 'patient' as const },
      };
      return { ...compared, notes: notesOnComparison(compared) };
    },
  };
}

/** Says in what the two differ. */
function notComparable(store: OpenLibrary['store'], a: RunRow, b: RunRow): ServiceError {
  const names = `“${a.name}” and “${b.name}”`;
  const detail = { a: a.id, b: b.id };
  if (a.config.findings.join('\n') !== b.config.findings.join('\n')) {
    return new ServiceError(
      'INCOMPATIBLE',
      `${names} were trained for different findings (${a.config.findings.length} and ${b.config.findings.length}), so their figures cannot be compared. Choose two runs with the same findings.`,
      detail,
    );
  }
  return new ServiceError(
    'INCOMPATIBLE',
    measuredSplit(store, a) === measuredSplit(store, b)
      ? `${names} were not scored on the same films with the same labels, so their figures cannot be compared. Train one of them again.`
      : `${names} were scored on different films: they belong to different splits. Choose two runs of one split.`,
    detail,
  );
}
