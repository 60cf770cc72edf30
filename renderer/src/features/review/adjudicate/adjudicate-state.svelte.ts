/** @file One film being adjudicated: the reads side by side, what was chosen so far, and the decision that is sent. */
import type { Comparison } from '../../../../../shared/contract/review-adjudication.ts';
import type { ReviewSummary } from '../../../../../shared/contract/review-session.ts';
import type { DecisionId, FilmId, ReaderId, ReviewId } from '../../../../../shared/domain/ids.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { Action } from '../../../state/action.svelte.ts';
import type { ReaderState } from '../../../state/reader-state.svelte.ts';
import { ViewState } from '../../../viewer/view-state.svelte.ts';
import {
  agreedChoices,
  choicesIn,
  choicesOf,
  countingReads,
  settledOf,
  undecided,
  withFinding,
  type Choices,
} from './decide.ts';

const NOTHING: Choices = { answers: {}, findings: {} };

export class AdjudicateState {
  review = $state.raw<ReviewSummary | null>(null);
  comparison = $state.raw<Comparison | null>(null);
  notice = $state.raw<Notice | null>(null);
  choices = $state.raw<Choices>(NOTHING);
  /** Whose read is taken as it was signed; null = put together. */
  accepted = $state.raw<ReaderId | null>(null);
  reason = $state('');
  /** Something was chosen or written that is not decided yet. */
  touched = $state(false);
  frame = $state(0);
  readonly view = new ViewState();
  readonly settling = new Action();
  /** Made once for what is being decided: sent again, it is kept once. */
  #decisionId: DecisionId = newId();
  readonly #readers: ReaderState;

  constructor(readers: ReaderState) {
    this.#readers = readers;
    readers.guard(this);
  }

  readonly reads = $derived(this.comparison === null ? [] : countingReads(this.comparison));
  readonly open = $derived.by(() =>
    this.review === null ? [] : undecided(this.review.plan, this.reads, this.choices),
  );
  readonly mayDecide = $derived(this.reads.length > 0 && this.reason.trim() !== '' && this.open.length === 0);
  get isUnsaved(): boolean {
    return this.touched;
  }

  async load(reviewId: ReviewId, filmId: FilmId): Promise<void> {
    this.notice = null;
    try {
      const [review, comparison] = await this.#readers.call((client, token) =>
        Promise.all([
          this.review?.id === reviewId ? this.review : this.#find(reviewId),
          client.review.compare({ token, reviewId, filmId }),
        ]),
      );
      this.review = review;
      if (this.comparison?.filmId !== filmId) this.view.reset();
      this.comparison = comparison;
      this.#begin(review, comparison);
    } catch (error) {
      this.comparison = null;
      this.notice = noticeOf(error);
    }
  }

  accept(reader: ReaderId): void {
    if (this.review === null || !this.reads.some((read) => read.reader.id === reader)) return;
    this.choices = choicesOf(this.review.plan, this.reads, reader);
    this.accepted = reader;
    this.touched = true;
  }
  answer(questionId: string, answer: number): void {
    this.#merge({ ...this.choices, answers: { ...this.choices.answers, [questionId]: answer } });
  }
  takeFinding(reader: ReaderId, finding: string): void {
    const read = this.reads.find((one) => one.reader.id === reader);
    if (read !== undefined) this.#merge(withFinding(this.choices, read, finding));
  }
  setFinding(finding: string, present: boolean): void {
    const from = present ? (this.choices.findings[finding]?.from ?? []) : [];
    this.#merge({ ...this.choices, findings: { ...this.choices.findings, [finding]: { present, from } } });
  }

  /** Sends the decision. @returns true when it is kept */
  settle(): Promise<boolean> {
    const { review, comparison } = this;
    return this.settling.run(async () => {
      if (review === null || comparison === null || !this.mayDecide) return;
      const accepted = this.reads.find(({ reader }) => reader.id === this.accepted);
      const sources = accepted === undefined ? this.reads : [accepted];
      const { reviewId, filmId } = comparison;
      await this.#readers.call((client, token) =>
        client.review.settle({
          token,
          reviewId,
          filmId,
          id: this.#decisionId,
          after: comparison.decisions.at(-1)?.number ?? 0,
          sources: sources.map(({ version }) => version.id),
          settled: accepted === undefined ? settledOf(review.plan, this.reads, this.choices) : null,
          reason: this.reason.trim(),
        }),
      );
      await this.load(reviewId, filmId);
    });
  }

  #begin(review: ReviewSummary, comparison: Comparison): void {
    const last = comparison.decisions.at(-1);
    const reads = countingReads(comparison);
    this.choices =
      last === undefined
        ? agreedChoices(review.plan, reads, comparison.differs)
        : choicesIn(review.plan, reads, last.settled);
    this.accepted = null;
    this.reason = '';
    this.touched = false;
    this.#decisionId = newId();
  }

  #merge(choices: Choices): void {
    this.choices = choices;
    this.accepted = null;
    this.touched = true;
  }

  async #find(reviewId: ReviewId): Promise<ReviewSummary> {
    const all = await this.#readers.call((client, token) => client.review.list({ token }));
    const review = all.find(({ id }) => id === reviewId);
    if (review === undefined) throw new Error('This session is not in the library. Choose another one.');
    return review;
  }
}

function newId(): DecisionId {
  return `decision-${crypto.randomUUID().replaceAll('-', '')}` as DecisionId;
}
