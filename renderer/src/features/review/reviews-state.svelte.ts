/** @file Review sessions as the signed-in reader may see them: the list, one that is set up, closed, opened again. */
import type { ReviewPlan } from '../../../../shared/contract/review.ts';
import type { ReviewSummary } from '../../../../shared/contract/review-session.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../../shared/domain/ids.ts';
import { Action } from '../../state/action.svelte.ts';
import { Loaded } from '../../state/loaded.svelte.ts';
import type { ReaderState } from '../../state/reader-state.svelte.ts';

export interface ReviewRequest {
  readonly name: string;
  readonly plan: ReviewPlan;
  readonly readers: ReaderId[];
  readonly films: FilmId[];
}

export class ReviewsState {
  /** Newest first. */
  readonly list: Loaded<ReviewSummary[]>;
  readonly acting = new Action();
  readonly #readers: ReaderState;

  constructor(readers: ReaderState) {
    this.#readers = readers;
    this.list = new Loaded(() => readers.call((client, token) => client.review.list({ token })));
  }

  find(id: string): ReviewSummary | null {
    return this.list.value?.find((review) => review.id === id) ?? null;
  }

  async create(request: ReviewRequest): Promise<ReviewId | null> {
    let made: ReviewId | null = null;
    await this.acting.run(async () => {
      ({ id: made } = await this.#readers.call((client, token) =>
        client.review.create({ token, ...request }),
      ));
      await this.list.load();
    });
    return made;
  }

  rename(reviewId: ReviewId, name: string): Promise<boolean> {
    return this.acting.run(async () => {
      await this.#readers.call((client, token) => client.review.rename({ token, reviewId, name }));
      await this.list.load();
    });
  }

  /** Closes a session, or opens it again. */
  setOpen(reviewId: ReviewId, open: boolean): Promise<boolean> {
    return this.acting.run(async () => {
      await this.#readers.call((client, token) =>
        open ? client.review.reopen({ token, reviewId }) : client.review.close({ token, reviewId }),
      );
      await this.list.load();
    });
  }
}
