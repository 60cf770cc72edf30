/** @file By which rules labels come out of a session, as a form; becomes the rules for the preview and the request for the version. */
import type { LabelVersionRequest, WHERE_OPEN } from '../../../../../shared/contract/label-version.ts';
import type { ReviewSummary } from '../../../../../shared/contract/review-session.ts';

export type LabelRules = Omit<LabelVersionRequest, 'name'>;

const WHOLE = /^\d{1,2}$/;
export const MOST_NAME = 80;

export class LabelForm {
  readonly #review: ReviewSummary;
  name = $state('');
  whereOpen = $state<(typeof WHERE_OPEN)[number]>('as-imported');
  leastReaders = $state('2');
  /** `findings`, `imported`, or the id of a question. */
  abnormalBy = $state('findings');
  /** Places of the answers that mean abnormal, by question. */
  #abnormal = $state.raw<ReadonlyMap<string, readonly number[]>>(new Map());

  constructor(review: ReviewSummary) {
    this.#review = review;
    this.name = `${review.name}, reviewed`.slice(0, MOST_NAME);
    this.leastReaders = String(Math.min(2, review.readers.length));
  }

  readonly leastNumber = $derived.by(() => {
    const count = WHOLE.test(this.leastReaders) ? Number(this.leastReaders) : 0;
    return count >= 1 && count <= this.#review.readers.length ? count : null;
  });

  /** The question that says what is abnormal; null = none does. */
  readonly question = $derived.by(
    () => this.#review.plan.questions.find(({ id }) => id === this.abnormalBy) ?? null,
  );

  isAbnormal(answer: number): boolean {
    return this.#answers.includes(answer);
  }

  chooseAnswer(answer: number, on: boolean): void {
    if (this.question === null) return;
    const others = this.#answers.filter((one) => one !== answer);
    this.#abnormal = new Map(this.#abnormal).set(
      this.question.id,
      (on ? [...others, answer] : others).toSorted((a, b) => a - b),
    );
  }

  get #answers(): readonly number[] {
    return this.#abnormal.get(this.abnormalBy) ?? [];
  }

  /** null while something is missing. */
  readonly rules = $derived.by<LabelRules | null>(() => {
    if (this.leastNumber === null) return null;
    const rules = { whereOpen: this.whereOpen, leastReaders: this.leastNumber };
    if (this.question !== null) {
      if (this.#answers.length === 0) return null;
      const abnormalAnswers = [...this.#answers];
      return { ...rules, abnormal: { by: 'question', questionId: this.question.id, abnormalAnswers } };
    }
    return { ...rules, abnormal: { by: this.abnormalBy === 'imported' ? 'imported' : 'findings' } };
  });

  /** What still has to be done before a version can be made of `films` films; null = nothing. */
  missing(films: number | null, taken: readonly string[]): string | null {
    if (this.leastNumber === null) return 'Correct the readers';
    if (this.rules === null) return 'Choose abnormal answers';
    if (this.name.trim() === '') return 'Name the version';
    if (isTaken(this.name, taken)) return 'Choose another name';
    return films === 0 ? 'No film counts yet' : null;
  }
}

/** Names are told apart whatever their capitals. */
export function isTaken(name: string, taken: readonly string[]): boolean {
  const wanted = name.trim().toLowerCase();
  return taken.some((one) => one.toLowerCase() === wanted);
}
