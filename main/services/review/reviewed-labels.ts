/**
 * @file Labels out of a review: an adjudicator's decision, else what all signed reads say, else what the request says for open
 * ones. Makes a label version that a run can learn; imported labels and reads stay as they are.
 */
import { randomBytes } from 'node:crypto';

import type {
  LabelVersion,
  LabelVersionRequest,
  LabelVersionSummary,
} from '../../../shared/contract/label-version.ts';
import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { ReadingContent, ReviewPlan } from '../../../shared/contract/review.ts';
import { NO_FINDING } from '../../../shared/domain/findings.ts';
import type { FilmId, LabelVersionId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Mark } from '../../../shared/contract/review.ts';
import type { FilmLabels, VersionBox, VersionValue } from '../../store/label-versions.ts';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../service-types.ts';
import { hasOwn } from './check-settled.ts';
import { boundsOnFilm, type FilmSize } from './bounds-on-film.ts';
import { differencesOf, finalReads, isOutdated, saidBy } from './final-reads.ts';

/** Fewer positive films than this teach a model little. */
const FEW_POSITIVES = 10;

type Rules = Omit<LabelVersionRequest, 'name'>;

/** undefined = as imported. */
type Outcome = VersionValue | undefined;

/** Several yes and no in one. */
function joined(votes: readonly boolean[], whereOpen: Rules['whereOpen']): Outcome {
  const yes = votes.filter(Boolean).length;
  if (votes.length === 0) return undefined;
  if (yes === 0 || yes === votes.length) return yes === 0 ? 0 : 1;
  if (whereOpen === 'as-imported') return undefined;
  if (whereOpen === 'unknown' || yes * 2 === votes.length) return null;
  return yes * 2 > votes.length ? 1 : 0;
}

/** What a film's reads say, each of them or the decision alone. */
interface Said {
  readonly says: (finding: string) => boolean;
  readonly answers: ReadingContent['answers'];
}

function saidOf(reads: readonly ReadingContent[], decision: Decision | null): readonly Said[] {
  if (decision !== null) {
    const { findings, answers } = decision.settled;
    return [{ says: (finding) => findings.includes(finding), answers }];
  }
  return reads.map((read) => ({ says: (finding) => saysFinding(read, finding), answers: read.answers }));
}

function abnormalOf(said: readonly Said[], labels: ReadonlyMap<string, VersionValue>, rules: Rules): Outcome {
  const { abnormal, whereOpen } = rules;
  if (abnormal.by === 'imported') return undefined;
  if (abnormal.by === 'findings') {
    if ([...labels].some(([finding, value]) => value === 1 && finding !== NO_FINDING)) return 1;
    return labels.get(NO_FINDING) === 1 ? 0 : undefined;
  }
  const { questionId, abnormalAnswers } = abnormal;
  const votes = said.flatMap(({ answers }) => {
    const answer = answers[questionId];
    return answer === undefined ? [] : [abnormalAnswers.includes(answer)];
  });
  return joined(votes, whereOpen);
}

function checkRules({ questions }: ReviewPlan, { abnormal }: Rules): void {
  if (abnormal.by !== 'question') return;
  const question = questions.find(({ id }) => id === abnormal.questionId);
  const last = (question?.answers.length ?? 0) - 1;
  if (question === undefined || abnormal.abnormalAnswers.some((answer) => answer > last)) {
    throw new ServiceError(
      'BAD_INPUT',
      'The session has no such question or answer for normal and abnormal. Nothing was made; choose one of its questions.',
      { questionId: abnormal.questionId },
    );
  }
}

/**
 * Where the findings are: as an adjudicator settled it, else where all reads drew them at the same places, as the first who drew
 * did. Boxes around the marks, of the first frame: what a model sees.
 */
function boxesOf(
  reads: readonly ReadingContent[],
  decision: Decision | null,
  labels: ReadonlyMap<string, VersionValue>,
  { plan, film }: { readonly plan: ReviewPlan; readonly film: FilmSize },
): readonly VersionBox[] {
  const places: readonly string[] = decision === null ? differencesOf(reads, plan).places : [];
  const present = plan.findings.filter((finding) => labels.get(finding) === 1 && !places.includes(finding));
  return present.flatMap((finding) => {
    const drawn = (marks: readonly Mark[]): VersionBox[] =>
      marks
        .filter((mark) => mark.finding === finding && mark.shape.frame === 0)
        .flatMap(({ shape }) => {
          const box = boundsOnFilm(shape, film);
          return box === null ? [] : [{ finding, ...box }];
        });
    const all = decision === null ? reads.map(({ marks }) => marks) : [decision.settled.marks];
    return all.map(drawn).find(({ length }) => length > 0) ?? [];
  });
}

export interface ReviewedLabels {
  readonly films: ReadonlyMap<FilmId, FilmLabels>;
  /** Films with enough signed reads or a decision: what counts of them is looked at. */
  readonly considered: number;
  readonly leftOut: LabelVersionSummary['leftOut'];
  /** Films with a decision. */
  readonly settled: number;
  /** Of them, those that hold what no reader said. */
  readonly own: number;
  /** Of them, those with a read that was signed anew since. */
  readonly outdated: number;
}

/** @throws ServiceError NOT_FOUND, BAD_INPUT for a question that the session does not ask */
export function reviewedLabels(store: Store, id: ReviewId, rules: Rules): ReviewedLabels {
  const { plan } = store.reviews.find(id);
  checkRules(plan, rules);
  const decisions = store.decisions.newest(id);
  const films = new Map<FilmId, FilmLabels>();
  const leftOut = { unread: 0, tooFew: 0, undecided: 0, gone: 0 };
  const of = { considered: 0, settled: 0, own: 0, outdated: 0 };
  for (const [filmId, reads] of finalReads(store, id)) {
    const decision = decisions.get(filmId) ?? null;
    const contents = saidBy(store, reads);
    const film = store.films.find(filmId);
    if (film === null) {
      leftOut.gone += 1;
      continue;
    }
    if (decision === null && contents.length < rules.leastReaders) {
      leftOut[contents.length === 0 ? 'unread' : 'tooFew'] += 1;
      continue;
    }
    of.considered += 1;
    const said = saidOf(contents, decision);
    const labels = new Map<string, VersionValue>();
    for (const finding of plan.findings) {
      const value = joined(
        said.map(({ says }) => says(finding)),
        rules.whereOpen,
      );
      if (value !== undefined) labels.set(finding, value);
    }
    const abnormal = abnormalOf(said, labels, rules);
    if (labels.size === 0 && abnormal === undefined) {
      leftOut.undecided += 1;
      continue;
    }
    const boxes = boxesOf(contents, decision, labels, { plan, film });
    films.set(filmId, { labels, abnormal, boxes });
    if (decision === null) continue;
    of.settled += 1;
    if (hasOwn(decision.settled.own)) of.own += 1;
    if (isOutdated(decision, reads)) of.outdated += 1;
  }
  return { films, leftOut, ...of };
}

function countsOf(
  finding: string,
  pairs: readonly (readonly [made: VersionValue, imported: VersionValue])[],
  considered: number,
): LabelVersionSummary['abnormal'] {
  const count = (value: VersionValue): number => pairs.filter(([made]) => made === value).length;
  const changed = pairs.filter(([made, imported]) => made !== imported).length;
  return {
    finding,
    positive: count(1),
    negative: count(0),
    unknown: count(null),
    changed,
    asImported: considered - pairs.length,
  };
}

/** What the version would hold, and how it differs from the imported labels. */
export function labelSummary(store: Store, id: ReviewId, rules: Rules): LabelVersionSummary {
  const { plan } = store.reviews.find(id);
  const { films, considered, leftOut, settled, own, outdated } = reviewedLabels(store, id, rules);
  const pairs = new Map<string, [VersionValue, VersionValue][]>();
  const abnormal: [VersionValue, VersionValue][] = [];
  const numbered = (value: boolean | null | undefined): VersionValue =>
    value === undefined || value === null ? null : value ? 1 : 0;
  for (const [filmId, made] of films) {
    const film = store.films.find(filmId);
    if (film === null) continue;
    const imported = new Map(store.labels.ofFilm(film.no).map(({ finding, value }) => [finding, value]));
    for (const [finding, value] of made.labels) {
      const list = pairs.get(finding) ?? [];
      pairs.set(finding, list);
      list.push([value, numbered(imported.get(finding))]);
    }
    if (made.abnormal !== undefined) abnormal.push([made.abnormal, numbered(film.abnormal)]);
  }
  const findings = plan.findings.map((finding) => countsOf(finding, pairs.get(finding) ?? [], considered));
  const few = findings.filter(({ positive }) => positive > 0 && positive < FEW_POSITIVES);
  const { unread, tooFew, undecided, gone } = leftOut;
  return {
    sessionFilms: films.size + unread + tooFew + undecided + gone,
    leftOut,
    films: films.size,
    settled,
    own,
    outdated,
    findings,
    abnormal: countsOf('abnormal', abnormal, considered),
    boxes: [...films.values()].reduce((sum, { boxes }) => sum + boxes.length, 0),
    warnings: [
      ...(films.size === 0
        ? ['No film has enough signed reads or a decision, so no label would change.']
        : []),
      ...(outdated === 0
        ? []
        : [
            `${outdated} settled ${outdated === 1 ? 'film was' : 'films were'} signed anew or taken up again since. The decisions count as they are; settle anew where they should not.`,
          ]),
      ...(few.length === 0
        ? []
        : [
            `Findings with fewer than ${FEW_POSITIVES} positive films in this review: ${few.map(({ finding, positive }) => `${finding} (${positive})`).join(', ')}.`,
          ]),
    ],
  };
}

/** @throws ServiceError CONFLICT the name is taken, BAD_INPUT there is no label to keep */
export function makeLabelVersion(
  store: Store,
  clock: Clock,
  id: ReviewId,
  madeBy: ReaderId,
  request: LabelVersionRequest,
): LabelVersion {
  const versionId = `labels-${randomBytes(8).toString('hex')}` as LabelVersionId;
  return store.transaction(() => {
    const { films } = reviewedLabels(store, id, request);
    if (films.size === 0) {
      throw new ServiceError(
        'BAD_INPUT',
        'No film of this session has enough signed reads or a decision, so there is no label to keep. Nothing was made.',
      );
    }
    const { name } = request;
    store.labelVersions.add(
      { id: versionId, name, reviewId: id, request, madeBy, createdAt: clock.now() },
      films,
    );
    const made = store.labelVersions.find(versionId);
    if (made === null) throw new Error('a version just kept must be there');
    return made;
  });
}
