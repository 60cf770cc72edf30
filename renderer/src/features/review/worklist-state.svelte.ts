/** @file The worklist of the signed-in reader: its filter, and the pages of rows that have been looked at. */
import type { WorkFilter, WorkItem, WorkProgress } from '../../../../shared/contract/review-session.ts';
import type { ReviewId } from '../../../../shared/domain/ids.ts';
import { noticeOf, type Notice } from '../../rpc/notice.ts';
import type { ReaderState } from '../../state/reader-state.svelte.ts';

const PAGE_ROWS = 100;

export const ALL_FILMS: WorkFilter = { state: 'any', text: '', onlyKeyImages: false, onlyNotes: false };

export class WorklistState {
  readonly reviewId: ReviewId;
  filter = $state.raw<WorkFilter>(ALL_FILMS);
  total = $state<number | null>(null);
  progress = $state.raw<WorkProgress | null>(null);
  notice = $state.raw<Notice | null>(null);
  #pages = $state.raw<ReadonlyMap<number, readonly WorkItem[]>>(new Map());
  #asked = new Set<number>();
  /** Answers to an older filter are dropped. */
  #round = 0;
  readonly #readers: ReaderState;

  constructor(reviewId: ReviewId, readers: ReaderState) {
    this.reviewId = reviewId;
    this.#readers = readers;
  }

  row(index: number): WorkItem | null {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS] ?? null;
  }

  setFilter(change: Partial<WorkFilter>): void {
    this.filter = { ...this.filter, ...change };
    this.reload();
  }

  /** Asks again; what is shown stays until the answer is there. */
  reload(): void {
    this.#round += 1;
    const pages = [...this.#pages.keys()];
    this.#asked = new Set();
    void this.#ask(0, true);
    for (const page of pages) if (page > 0) void this.#ask(page, false);
  }

  /** Makes sure that the rows `first` … `last` are there or on their way. */
  want(first: number, last: number): void {
    for (
      let page = Math.floor(Math.max(0, first) / PAGE_ROWS);
      page <= Math.floor(last / PAGE_ROWS);
      page++
    ) {
      if (!this.#pages.has(page)) void this.#ask(page, false);
    }
  }

  async #ask(page: number, fresh: boolean): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    const round = this.#round;
    try {
      const { reviewId, filter } = this;
      const answer = await this.#readers.call((client, token) =>
        client.review.worklist({ token, reviewId, filter, offset: page * PAGE_ROWS, limit: PAGE_ROWS }),
      );
      if (round !== this.#round) return;
      this.notice = null;
      this.total = answer.total;
      this.progress = answer.progress;
      this.#pages = new Map([...(fresh ? [] : this.#pages), [page, answer.rows]]);
    } catch (error) {
      this.#asked.delete(page);
      if (round === this.#round) this.notice = noticeOf(error);
    }
  }
}
