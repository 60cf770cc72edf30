/** @file The page of adjudication: the session, the film with its reads, what is put together of it, how the film is looked at. */
import type { Comparison } from '../../../../../shared/contract/review-adjudication.ts';
import type { ReviewSummary } from '../../../../../shared/contract/review-session.ts';
import type { FilmId, ReviewId } from '../../../../../shared/domain/ids.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { Action } from '../../../state/action.svelte.ts';
import type { SignedReader } from '../../../state/signed-reader.ts';
import type { Tool } from '../../../viewer/tool.ts';
import { ViewState } from '../../../viewer/view-state.svelte.ts';
import { FilmDecision } from './film-decision.svelte.ts';

export class AdjudicateState {
  review = $state.raw<ReviewSummary | null>(null);
  decision = $state.raw<FilmDecision | null>(null);
  notice = $state.raw<Notice | null>(null);
  frame = $state(0);
  /** What the left mouse button does on the film of the decision. */
  tool = $state<Tool>('pan');
  /** Of the history of another site whose marks stand in its reader's pane; null = those of here. */
  elsewhere = $state<string | null>(null);
  readonly view = new ViewState();
  readonly settling = new Action();
  /** Counts loads: an answer that a later one has overtaken is dropped. */
  #asked = 0;
  readonly #readers: SignedReader;

  constructor(readers: SignedReader) {
    this.#readers = readers;
    readers.guard(this);
  }

  get comparison(): Comparison | null {
    return this.decision?.comparison ?? null;
  }
  get isUnsaved(): boolean {
    return this.decision?.isUnsaved ?? false;
  }

  async load(reviewId: ReviewId, filmId: FilmId): Promise<void> {
    const asked = ++this.#asked;
    this.notice = null;
    try {
      // What was put together of the film before is kept first: it may be the same film.
      if (this.decision?.isUnsaved === true && !this.decision.isStuck) await this.decision.flush();
      const [review, comparison] = await this.#readers.call((client, token) =>
        Promise.all([
          this.review?.id === reviewId ? this.review : this.#find(reviewId),
          client.review.compare({ token, reviewId, filmId }),
        ]),
      );
      if (asked !== this.#asked) return;
      this.review = review;
      if (this.comparison?.filmId !== filmId) {
        this.view.reset();
        this.frame = 0;
        this.tool = 'pan';
        this.elsewhere = null;
      }
      this.decision = this.#begin(review, comparison);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.decision = null;
      this.notice = noticeOf(error);
    }
  }

  /** Sends the decision. @returns true when it is kept */
  settle(): Promise<boolean> {
    const { decision } = this;
    return this.settling.run(async () => {
      if (decision === null || !decision.mayDecide) return;
      await decision.flush();
      const asked = this.#asked;
      const { reviewId, filmId } = decision.comparison;
      await this.#readers.call((client, token) =>
        client.review.settle({ token, reviewId, filmId, ...decision.request }),
      );
      decision.end();
      // Another film was gone on to meanwhile.
      if (asked !== this.#asked) return;
      await this.load(reviewId, filmId);
    });
  }

  /** Sends what is left; for a page that is being left. */
  leave(): void {
    if (this.isUnsaved) void this.decision?.flush();
  }

  #begin({ plan }: ReviewSummary, comparison: Comparison): FilmDecision {
    const readers = this.#readers;
    const owner = readers.me?.id ?? null;
    const { reviewId, filmId } = comparison;
    return new FilmDecision(plan, comparison, (content, after) => {
      // Somebody else may be at the window by now: what one adjudicator drew is never kept as another's.
      if (readers.me?.id !== owner) throw new Error('Sign in again: what you drew waits here until then.');
      return readers.call((client, token) =>
        client.review.saveDraft({ token, reviewId, filmId, after, content }),
      );
    });
  }

  async #find(reviewId: ReviewId): Promise<ReviewSummary> {
    const all = await this.#readers.call((client, token) => client.review.list({ token }));
    const review = all.find(({ id }) => id === reviewId);
    if (review === undefined) throw new Error('This session is not in the library. Choose another one.');
    return review;
  }
}
