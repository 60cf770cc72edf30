/**
 * @file Results of runs: metrics and bootstrap replicates, computed once together, kept, and computed again when the labels,
 * the weights or the bootstrap are others.
 */
import type { Evaluation } from '../../../shared/contract/evaluation.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Replicates } from '../../store/comparisons.ts';
import type { RunRow } from '../../store/runs.ts';
import type { Store } from '../../store/store.ts';
import { carriedPoints } from '../inference/thresholds.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import type { Measure } from './measure.ts';
import { BOOTSTRAP } from './measure-part.ts';
import { notesOn } from './notes.ts';
import { readRunScores, type ScoredPart } from './part-scores.ts';

/**
 * What a run's figures were computed from: its weights (its id where no checkpoint row is left), labels (they may have changed when an
 * import ended), bootstrap.
 */
export function madeFrom(library: OpenLibrary, run: RunRow): string {
  const final = library.store.runs.checkpoints(run.id).find(({ kind }) => kind === 'final');
  const { resamples, seed } = BOOTSTRAP;
  return [
    final?.sha256 ?? run.id,
    `labels ${library.store.imports.endedSeq()}`,
    `${resamples} seed ${seed}`,
  ].join(', ');
}

/** False for what was computed when models from elsewhere were still measured at thresholds chosen here. */
function goesByItsPoints(store: Store, { runId, t2, perFinding }: Evaluation): boolean {
  const carried = carriedPoints(store, runId);
  return (
    carried === null ||
    [t2, ...perFinding].every(
      ({ name, n, operatingPoint }) =>
        n === 0 || (operatingPoint?.threshold ?? null) === (carried.get(name)?.threshold ?? null),
    )
  );
}

export interface Results {
  /** As stored, or computed and stored. @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY */
  evaluation(run: RunRow, part: ScoredPart): Promise<Evaluation>;
  /** T1 and T2 of every bootstrap replicate; those of two runs on the same films are paired. @throws as `evaluation` */
  replicates(run: RunRow, part: ScoredPart): Promise<Replicates>;
  /** Computes and stores both anew: the run's scores have just been written. @throws as `evaluation` */
  compute(run: RunRow, part: ScoredPart): Promise<void>;
}

interface Computed {
  readonly evaluation: Evaluation;
  readonly replicates: Replicates;
}

export function createResults(library: OpenLibrary, measure: Measure, clock: Clock): Results {
  const { store, files } = library;
  const underWay = new Map<string, Promise<Computed>>();

  async function compute(run: RunRow, part: ScoredPart, from: string): Promise<Computed> {
    const createdAt = clock.now();
    const labelsSeq = store.imports.endedSeq();
    const scores = await readRunScores(library, run);
    const { measured, replicates } = await measure.part(
      scores[part],
      scores.validation,
      carriedPoints(store, run.id),
    );
    const evaluation = { runId: run.id, part, createdAt, ...measured, notes: notesOn(measured, part) };
    if (!files.readOnly && store.runs.find(run.id) !== null) {
      store.transaction(() => {
        store.evaluations.put(evaluation, labelsSeq);
        store.comparisons.putReplicates(run.id, part, from, replicates);
      });
    }
    return { evaluation, replicates };
  }

  /** One computation at a time for the same figures, however many ask. */
  async function computed(run: RunRow, part: ScoredPart, from: string): Promise<Computed> {
    const key = `${run.id}, ${part}, ${from}`;
    const known = underWay.get(key);
    if (known !== undefined) return await known;
    const computing = compute(run, part, from).finally(() => underWay.delete(key));
    underWay.set(key, computing);
    return await computing;
  }

  return {
    async evaluation(run, part) {
      const from = madeFrom(library, run);
      const stored = store.evaluations.find(run.id, part);
      const current =
        stored !== null &&
        store.evaluations.labelsSeq(run.id, part) === store.imports.endedSeq() &&
        goesByItsPoints(store, stored);
      if (current && (files.readOnly || store.comparisons.findReplicates(run.id, part, from) !== null)) {
        return stored;
      }
      try {
        return (await computed(run, part, from)).evaluation;
      } catch (error) {
        // A result of an older version stands where its scores are lost.
        if (current && error instanceof ServiceError && error.code === 'NOT_FOUND') return stored;
        throw error;
      }
    },
    async replicates(run, part) {
      const from = madeFrom(library, run);
      return (
        store.comparisons.findReplicates(run.id, part, from) ?? (await computed(run, part, from)).replicates
      );
    },
    async compute(run, part) {
      await computed(run, part, madeFrom(library, run));
    },
  };
}
