/** @file Evaluation as the window and the command line see it: stored metrics, the table of runs, films to look at. */
import type { Interval, Part } from '../../../shared/contract/base.ts';
import type { Evaluation, ResultRow } from '../../../shared/contract/evaluation.ts';
import type { AttentionMethod } from '../../../shared/contract/inference.ts';
import type { Localisation } from '../../../shared/contract/localisation.ts';
import { modelCard } from '../../../shared/contract/model-card.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Replicates } from '../../store/comparisons.ts';
import type { RunRow } from '../../store/runs.ts';
import { overlapNotes } from '../exchange/model-bundle/overlap.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, EvaluationService, InferenceService, Log } from '../service-types.ts';
import { casesByDisagreement, casesByError, teacherOf, type Case } from './cases.ts';
import { createComparisons } from './comparisons.ts';
import { refuseUnlessMay } from '../review/readers-service.ts';
import type { SignIn } from '../review/sign-in.ts';
import { keepThreshold, keptThresholds } from './kept-thresholds.ts';
import { createLocaliser } from './localisation.ts';
import { measureHere } from './measure-here.ts';
import { createMeasure } from './measure.ts';
import { measureOutside } from './outside-models.ts';
import { notesOnGain } from './notes.ts';
import type { RunDifference } from './paired-difference.ts';
import { readRunScores, type ScoredPart } from './part-scores.ts';
import { gatherReport, type ReportDeps } from './report/gather.ts';
import { reportPage } from './report/page.ts';
import { readReport, writeReport, type WrittenReport } from './report/write-report.ts';
import { createResults } from './results.ts';
import { hasResults, requireScored } from './run-standing.ts';
import type { StudyDeps } from './study-table/gather.ts';
import { exportedStudy, studyTableOf } from './study-table/study-service.ts';
import { summaryOf, type EvaluationSummary } from './summary.ts';

export interface EvaluationDeps {
  readonly library: OpenLibrary;
  /** Scores and attention of one film, for the pictures of a report. */
  readonly predict: InferenceService['predict'];
  readonly clock: Clock;
  readonly log: Log;
  /** Tells windows that a run's standing is another. */
  readonly tellRun?: (id: RunId) => void;
  readonly signIn: Pick<SignIn, 'reader'>;
}

export interface EvaluationParts {
  readonly service: EvaluationService;
  /** Computes and stores the test metrics of a run whose scores have just been written. @throws ServiceError */
  evaluateRun(runId: RunId): Promise<void>;
  /** A report as it was written. @throws ServiceError NOT_FOUND */
  reportBytes(sha256: string): Promise<WrittenReport>;
  /** T1 and T2 of a scored run in every bootstrap replicate; those of runs on the same films are paired. @throws ServiceError */
  replicates(run: RunRow, part: ScoredPart): Promise<Replicates>;
  /** `a` minus `b` in T1 and T2; null where they were not scored on the same films. @throws ServiceError */
  difference(a: RunRow, b: RunRow, part: ScoredPart): Promise<RunDifference | null>;
  /** As the service's `localisation`, telling how far it is. @throws ServiceError */
  localise(
    runId: RunId,
    part: Part,
    method: AttentionMethod,
    onFilm: (done: number, total: number) => void,
  ): Promise<Localisation>;
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

/** @throws ServiceError CONFLICT */
function scored(run: RunRow): RunRow {
  requireScored(run);
  return run;
}

/** Without the test, which the table does not show. */
function plain(difference: RunDifference | null): ResultRow['differenceToNone'] {
  if (difference === null) return null;
  const interval = ({ value, ci }: RunDifference['t1']): Interval => ({ value, ci });
  return { t1: interval(difference.t1), t2: interval(difference.t2) };
}

export function createEvaluationService({
  library,
  predict,
  clock,
  log,
  tellRun,
  signIn,
}: EvaluationDeps): EvaluationParts {
  const { store, files } = library;
  const measure = createMeasure();
  const results = createResults(library, measure, clock);
  const localise = createLocaliser({ library, predict, clock });
  const comparisons = createComparisons(library, results, measure);

  async function evaluationWithGain(runId: RunId, part: ScoredPart): Promise<Evaluation> {
    const run = scored(store.runs.get(runId));
    const result = await results.evaluation(run, part);
    if (part !== 'test') return result;
    const gain = notesOnGain(run.config, await comparisons.toBaseline(run));
    return { ...result, notes: [...(await notesOnOrigin(run)), ...result.notes, ...gain] };
  }

  /** Of a model from elsewhere: where it came from, and whether its films may be here. */
  async function notesOnOrigin({ id }: RunRow): Promise<string[]> {
    const imported = store.importedModels.find(id);
    if (imported === null) return [];
    const { signerName, signerKey, card } = imported;
    return [
      `This model came from elsewhere, signed by “${signerName}”. Predictions go by the thresholds that came with it; those here were chosen on this library's validation films.`,
      ...(await overlapNotes(library, modelCard.parse(card), signerKey)),
    ];
  }

  /** The answer, or null where figures or scores are lost: the row stays, and opening it says why. */
  async function orNull<Answer>(runId: RunId, answer: Promise<Answer>): Promise<Answer | null> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      log.warn('a finished run has no result', { runId, code: error.code });
      return null;
    }
  }

  async function resultRow(run: RunRow): Promise<ResultRow> {
    const { method, model, resolution, seed, findings } = run.config;
    const unmeasured = store.importedModels.find(run.id)?.measuredSplitId === null;
    const result = unmeasured ? null : await orNull(run.id, results.evaluation(run, 'test'));
    const difference = result === null ? null : await orNull(run.id, comparisons.toBaseline(run));
    const none = { value: null, ci: null };
    return {
      runId: run.id,
      name: run.name,
      method,
      model,
      resolution,
      seed,
      teacherRunId: run.teacherRunId,
      t1: result?.t1 ?? { ...none, k: 0, of: findings.length },
      t2: result?.t2.auroc ?? none,
      differenceToNone: plain(difference),
    };
  }

  async function casesOf(runId: RunId, kind: 'best' | 'worst' | 'disagreed'): Promise<readonly Case[]> {
    const run = scored(store.runs.get(runId));
    const { test } = await readRunScores(library, run);
    if (kind !== 'disagreed') {
      const rising = casesByError(test);
      return kind === 'best' ? rising : rising.toReversed();
    }
    const teacher = teacherOf(run, store.runs.list());
    return teacher === null ? [] : casesByDisagreement(test, (await readRunScores(library, teacher)).test);
  }

  const reportDeps: ReportDeps = {
    library,
    predict,
    clock,
    evaluation: (run) => results.evaluation(run, 'test'),
    toBaseline: (run) => comparisons.toBaseline(run),
  };

  const studyDeps: StudyDeps = {
    library,
    clock,
    evaluation: (run) => results.evaluation(run, 'test'),
    replicates: (run) => results.replicates(run, 'test'),
  };

  return {
    async evaluateRun(runId) {
      const run = scored(store.runs.get(runId));
      await results.compute(run, 'test');
    },
    replicates: (run, part) => results.replicates(scored(run), part),
    difference: (a, b, part) => comparisons.difference(scored(a), scored(b), part),
    reportBytes: (sha256) => readReport(files, sha256),
    localise: (runId, part, method, onFilm) =>
      localise(scored(store.runs.get(runId)), scoredPart(part), method, {
        signal: new AbortController().signal,
        onFilm,
      }),
    async summary(runId) {
      const run = scored(store.runs.get(runId));
      return summaryOf(await results.evaluation(run, 'test'));
    },
    service: {
      outside: () => measureOutside(library, measure),
      measure: (input, context) => measureHere({ library, predict, results, tellRun }, input, context),
      async table() {
        const finished = store.runs.list().filter(hasResults);
        const rows: ResultRow[] = [];
        for (const run of finished) rows.push(await resultRow(run));
        return rows;
      },
      async compare({ a, b, part }) {
        if (a === b)
          throw new ServiceError('BAD_INPUT', 'A run differs from itself in nothing. Choose two runs.');
        const [first, second] = [scored(store.runs.get(a)), scored(store.runs.get(b))];
        return await comparisons.compare(first, second, scoredPart(part));
      },
      run: ({ runId, part }) => evaluationWithGain(runId, scoredPart(part)),
      localisation: ({ runId, part, method }, context) =>
        localise(scored(store.runs.get(runId)), scoredPart(part), method, context),
      async cases({ runId, kind, limit }) {
        const found = (await casesOf(runId, kind)).slice(0, limit);
        return found.map((one) => ({ ...one, name: store.films.find(one.filmId)?.name ?? '' }));
      },
      thresholds: ({ runId }) => keptThresholds(library, runId),
      keepThreshold({ token, ...wanted }) {
        const reader = signIn.reader(token);
        refuseUnlessMay(reader, 'adjudicate');
        return keepThreshold(library, clock, reader, wanted);
      },
      async report({ runIds }, context) {
        files.refuseIfReadOnly();
        return await writeReport(files, reportPage(await gatherReport(reportDeps, runIds, context)));
      },
      studyTable: (request, context) => studyTableOf(studyDeps, request, context),
      async exportStudy({ format, ...request }, context) {
        files.refuseIfReadOnly();
        const table = await studyTableOf(studyDeps, request, context);
        return await writeReport(files, exportedStudy(table, format), format);
      },
    },
  };
}
