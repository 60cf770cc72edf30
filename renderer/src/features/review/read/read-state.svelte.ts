/**
 * @file What the reading page shows: the session, the film that is read, what the model says of it, how the film is looked
 * at. A film that is left keeps saving until the host has all of it.
 */
import type { ModelFindings, ReviewSummary } from '../../../../../shared/contract/review-session.ts';
import type { FilmId, ReviewId } from '../../../../../shared/domain/ids.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { Loaded } from '../../../state/loaded.svelte.ts';
import type { SignedReader } from '../../../state/signed-reader.ts';
import { isShapeTool, type Tool } from '../../../viewer/tool.ts';
import { ViewState } from '../../../viewer/view-state.svelte.ts';
import { FilmReading } from './film-reading.svelte.ts';
import { judgeable } from './model-words.ts';

export class ReadState {
  review = $state.raw<ReviewSummary | null>(null);
  reading = $state.raw<FilmReading | null>(null);
  notice = $state.raw<Notice | null>(null);
  /** The session or film is being asked for. */
  opening = $state(false);
  readonly view = new ViewState();
  readonly model: Loaded<ModelFindings | null>;
  tool = $state<Tool>('window');
  frame = $state(0);
  /** Index of the question that digits answer. */
  question = $state(0);
  /** Index of the model's finding that A, X and D judge. */
  modelAt = $state(0);
  /** Readings that are not wholly kept yet, by film. */
  readonly #leaving = new Map<FilmId, FilmReading>();
  /** Counts openings: an answer that a later one has overtaken is dropped. */
  #asked = 0;
  /** The film that was asked for last; null = it could not be opened. */
  #wanted: { readonly reviewId: ReviewId; readonly filmId: FilmId } | null = null;
  readonly #readers: SignedReader;

  constructor(readers: SignedReader) {
    this.#readers = readers;
    this.model = new Loaded(async () => {
      const { reading } = this;
      if (reading === null || !reading.seesModel) return null;
      const { reviewId, filmId } = reading.opened;
      return readers.call((client, token) => client.review.model({ token, reviewId, filmId }));
    });
  }

  /** Opens a film; what was said of the one before goes on being saved. Until it is there nothing can be said of any film. */
  async open(reviewId: ReviewId, filmId: FilmId, again = false): Promise<void> {
    if (this.#wanted?.filmId === filmId && this.#wanted.reviewId === reviewId && !again) return;
    const asked = ++this.#asked;
    this.#wanted = { reviewId, filmId };
    if (this.reading !== null) this.#leave(this.reading);
    this.reading = null;
    this.model.clear();
    this.opening = true;
    this.notice = null;
    try {
      const review = this.review?.id === reviewId ? this.review : await this.#find(reviewId);
      const reading = this.#unsaved(reviewId, filmId) ?? (await this.#fetch(review, filmId));
      if (asked !== this.#asked) return;
      this.review = review;
      this.reading = reading;
      this.#readers.guard(reading);
      this.frame = 0;
      this.modelAt = 0;
      this.tool = 'window';
      this.view.reset();
      this.question = this.#firstOpen(reading);
      if (reading.seesModel) void this.model.load();
    } catch (error) {
      if (asked !== this.#asked) return;
      this.notice = noticeOf(error);
      this.#wanted = null;
    } finally {
      if (asked === this.#asked) this.opening = false;
    }
  }

  /** The next question without an answer after `at`, else the last one. */
  nextQuestion(at: number): number {
    const { reading } = this;
    const questions = reading?.plan.questions ?? [];
    const open = questions.findIndex(
      ({ id }, index) => index > at && reading?.content.answers[id] === undefined,
    );
    return open >= 0 ? open : Math.min(at + 1, Math.max(0, questions.length - 1));
  }

  /** The next film that is not done, as it stands now; null = all are done. */
  async nextUnfinished(): Promise<FilmId | null> {
    const { reading } = this;
    if (reading === null) return null;
    const { reviewId, filmId } = reading.opened;
    const now = await this.#readers.call((client, token) => client.review.open({ token, reviewId, filmId }));
    return now.nextUnfinished;
  }

  /** Says something to the model's finding in turn; the same again takes it back. An edit is a mark drawn in its place. */
  judge(verdict: 'accept' | 'reject' | 'edit'): void {
    const { reading } = this;
    const open = judgeable(this.model.value);
    const finding = open[this.modelAt]?.finding;
    if (reading === null || !reading.canSay || !reading.seesModel || finding === undefined) return;
    const known = reading.content.verdicts.find((one) => one.finding === finding);
    if (known?.verdict === verdict) {
      reading.judge(finding, null);
      return;
    }
    const drawn = reading.content.marks.find((mark) => mark.finding === finding)?.shape.id ?? null;
    reading.judge(finding, { verdict, shapeId: verdict === 'edit' ? drawn : null, note: known?.note ?? '' });
    if (verdict !== 'edit') {
      const next = open.findIndex(
        (one, at) =>
          at > this.modelAt && !reading.content.verdicts.some((said) => said.finding === one.finding),
      );
      if (next >= 0) this.modelAt = next;
    } else if (drawn === null) {
      reading.drawn.finding = finding;
      if (!isShapeTool(this.tool)) this.tool = 'rectangle';
    } else reading.sheet.selected = drawn;
  }

  /** Sends what is left; for a page that is being left. */
  leave(): void {
    if (this.reading !== null) this.#leave(this.reading);
  }

  #firstOpen({ plan, content }: FilmReading): number {
    return Math.max(
      0,
      plan.questions.findIndex(({ id }) => content.answers[id] === undefined),
    );
  }

  #leave(reading: FilmReading): void {
    const { filmId } = reading.opened;
    reading.keepTime();
    if (!reading.isUnsaved || reading.isStuck) return;
    this.#leaving.set(filmId, reading);
    void reading.flush().then((done) => {
      if (done) this.#leaving.delete(filmId);
    });
  }

  #unsaved(reviewId: ReviewId, filmId: FilmId): FilmReading | null {
    const kept = this.#leaving.get(filmId);
    return kept?.isUnsaved === true && kept.opened.reviewId === reviewId ? kept : null;
  }

  async #find(reviewId: ReviewId): Promise<ReviewSummary> {
    const all = await this.#readers.call((client, token) => client.review.list({ token }));
    const review = all.find(({ id }) => id === reviewId);
    if (review === undefined) throw new Error('This session is not among yours. Choose another one.');
    return review;
  }

  async #fetch(review: ReviewSummary, filmId: FilmId): Promise<FilmReading> {
    const readers = this.#readers;
    const owner = readers.me?.id ?? null;
    const place = { reviewId: review.id, filmId };
    const opened = await readers.call((client, token) => client.review.open({ token, ...place }));
    return new FilmReading(review.plan, opened, ({ step, content }, id, after) => {
      // Somebody else may be at the window by now: what one reader said is never kept as another's.
      if (readers.me?.id !== owner) throw new Error('Sign in again: what you said waits here until then.');
      return readers.call(({ review: ask }, token) => {
        const asked = { token, ...place, id, after };
        return step === 'save' || step === 'sign' ? ask[step]({ ...asked, content }) : ask[step](asked);
      });
    });
  }
}
