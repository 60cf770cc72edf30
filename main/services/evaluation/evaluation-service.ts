/** @file Evaluation as the window and the command line see it: stored metrics, the table of runs, films to look at. */
import type { Interval, Part } from '../../../shared/contract/base.ts';
import type { Evaluation, ResultRow } from '../../../shared/contract/evaluation.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, EvaluationService, InferenceService, Log } from '../service-types.ts';
import { casesByDisagreement, casesByError, teacherOf, type Case } from './cases.ts';
import { createComparisons, labelsVersion } from './comparisons.ts';
import { createMeasure } from './measure.ts';
import type { RunDifference } from './measure-part.ts';
import { notesOn, notesOnGain } from './notes.ts';
import { readRunScores, type ScoredPart } from './part-scores.ts';
import { gatherReport, type ReportDeps } from './report/gather.ts';
import { reportPage } from './report/page.ts';
import { readReport, writeReport } from './report/write-report.ts';
import { requireScored } from './run-standing.ts';
import { summaryOf, type EvaluationSummary } from './summary.ts';

export interface EvaluationDeps {
  readonly library: OpenLibrary;
  /** Scores and attention of one film, for the pictures of a report. */
  readonly predict: InferenceService['predict'];
  readonly clock: Clock;
  readonly log: Log;
}

export interface EvaluationParts {
  readonly service: EvaluationService;
  /** Computes and stores the test metrics of a run whose scores have just been written. @throws ServiceError */
  evaluateRun(runId: RunId): Promise<void>;
  /** A report as it was written. @throws ServiceError NOT_FOUND */
  reportBytes(sha256: string): Promise<Uint8Array>;
  /** What the command line prints as `test`. @throws ServiceError */
  summary(runId: RunId): Promise<EvaluationSummary>;
}

function scoredPart(part: Part): ScoredPart {
  if (part !== 'train') return part;
  throw new ServiceError(
    'BAD_INPUT',
    'Scores of training films are not kept: they say nothing about new films. Ask for validation or test.',
  );
}

/** Without the test, which the table does not show. */
function plain(difference: RunDifference | null): ResultRow['differenceToNone'] {
  if (difference === null) return null;
  const interval = ({ value, ci }: RunDifference['t1']): Interval => ({ value, ci });
  return { t1: interval(difference.t1), t2: interval(difference.t2) };
}

export function createEvaluationService({ library, predict, clock, log }: EvaluationDeps): EvaluationParts {
  const { store, files } = library;
  const measure = createMeasure();
  const comparisons = createComparisons(library, measure);

  async function compute(run: RunRow, part: ScoredPart): Promise<Evaluation> {
    const scores = await readRunScores(library, run);
    const createdAt = clock.now();
    const measured = await measure.part(scores[part], scores.validation);
    const result = { runId: run.id, part, createdAt, ...measured, notes: notesOn(measured, part) };
    if (!files.readOnly && store.runs.find(run.id) !== null) store.evaluations.put(result);
    return result;
  }

  /** The stored result, unless labels may have changed since. */
  async function evaluationOf(run: RunRow, part: ScoredPart): Promise<Evaluation> {
    const stored = store.evaluations.find(run.id, part);
    if (stored !== null && stored.createdAt >= labelsVersion(library)) return stored;
    return await compute(run, part);
  }

  async function evaluationWithGain(runId: RunId, part: ScoredPart): Promise<Evaluation> {
    const run = store.runs.get(runId);
    requireScored(run);
    const result = await evaluationOf(run, part);
    if (part !== 'test') return result;
    const gain = notesOnGain(run.config, await comparisons.toBaseline(run));
    return { ...result, notes: [...result.notes, ...gain] };
  }

  async function resultRow(run: RunRow): Promise<ResultRow> {
    const { method, model, resolution, seed } = run.config;
    const about = {
      runId: run.id,
      name: run.name,
      method,
      model,
      resolution,
      seed,
      teacherRunId: run.teacherRunId,
    };
    try {
      const { t1, t2 } = await evaluationOf(run, 'test');
      return { ...about, t1, t2: t2.auroc, differenceToNone: plain(await comparisons.toBaseline(run)) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // The row stays, without figures; opening it says why.
      log.warn('a finished run has no result', { runId: run.id, code: error.code });
      const none = { value: null, ci: null };
      return {
        ...about,
        t1: { ...none, k: 0, of: run.config.findings.length },
        t2: none,
        differenceToNone: null,
      };
    }
  }

  async function casesOf(runId: RunId, kind: 'best' | 'worst' | 'disagreed'): Promise<readonly Case[]> {
    const run = store.runs.get(runId);
    requireScored(run);
    const { test } = await readRunScores(library, run);
    if (kind !== 'disagreed') {
      const rising = casesByError(test);
      return kind === 'best' ? rising : rising.toReversed();
    }
    const teacher = teacherOf(run, store.runs.list());
    return teacher === null ? [] : casesByDisagreement(test, (await readRunScores(library, teacher)).test);
  }

  const results: ReportDeps = {
    library,
    predict,
    clock,
    evaluation: (run) => evaluationOf(run, 'test'),
    toBaseline: (run) => comparisons.toBaseline(run),
  };

  return {
    async evaluateRun(runId) {
      const run = store.runs.get(runId);
      requireScored(run);
      await compute(run, 'test');
    },
    reportBytes: (sha256) => readReport(files, sha256),
    async summary(runId) {
      const run = store.runs.get(runId);
      requireScored(run);
      return summaryOf(await evaluationOf(run, 'test'));
    },
    service: {
      async table() {
        const finished = store.runs.list().filter(({ state }) => state === 'finished');
        const rows: ResultRow[] = [];
        for (const run of finished) rows.push(await resultRow(run));
        return rows;
      },
      run: ({ runId, part }) => evaluationWithGain(runId, scoredPart(part)),
      async cases({ runId, kind, limit }) {
        const found = (await casesOf(runId, kind)).slice(0, limit);
        return found.map((one) => ({ ...one, name: store.films.find(one.filmId)?.name ?? '' }));
      },
      async report({ runIds }, context) {
        files.refuseIfReadOnly();
        return await writeReport(files, reportPage(await gatherReport(results, runIds, context)));
      },
    },
  };
}
