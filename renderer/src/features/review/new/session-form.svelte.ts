/** @file A review session before it is started: films, readers, questions, findings, what is shown when; becomes the request. */
import type { ReviewQuestion } from '../../../../../shared/contract/review.ts';
import type { FilmId, ReaderId, RunId } from '../../../../../shared/domain/ids.ts';
import type { ModelBlinding } from '../../../../../shared/domain/review.ts';
import type { FilmsState } from '../../../state/films-state.svelte.ts';
import type { Connection } from '../../../rpc/connection.svelte.ts';
import type { ReviewRequest } from '../reviews-state.svelte.ts';
import { drawFilms } from './draw-films.ts';
import { freeQuestionId, QUESTION_TEMPLATES } from './question-templates.ts';

/** How films come into the session. */
export type FilmChoice = 'all' | 'drawn' | 'ticked';

export const MOST_FILMS = 20_000;
const PAGE_ROWS = 500;
const WHOLE = /^\d{1,10}$/;
export const MOST_SEED = 0xffff_ffff;

export class SessionForm {
  name = $state('');
  readers = $state.raw<readonly ReaderId[]>([]);
  choice = $state<FilmChoice>('all');
  drawn = $state('40');
  ticked = $state.raw<ReadonlySet<FilmId>>(new Set());
  questions = $state.raw<readonly ReviewQuestion[]>(QUESTION_TEMPLATES[0]?.questions ?? []);
  /** null = those of the library's labels. */
  findings = $state.raw<readonly string[] | null>(null);
  blinding = $state<ModelBlinding>('hidden');
  runId = $state<RunId | ''>('');
  timed = $state(false);
  seed = $state('1');

  readonly seedNumber = $derived(
    WHOLE.test(this.seed) && Number(this.seed) <= MOST_SEED ? Number(this.seed) : null,
  );
  readonly drawnCount = $derived(
    WHOLE.test(this.drawn) && Number(this.drawn) >= 1 && Number(this.drawn) <= MOST_FILMS
      ? Number(this.drawn)
      : null,
  );
  /** What keeps a question from being asked, by its id. */
  readonly questionMistakes = $derived.by<ReadonlyMap<string, string>>(
    () =>
      new Map(
        this.questions.flatMap((question) => {
          const mistake = questionMistake(question);
          return mistake === null ? [] : [[question.id, mistake]];
        }),
      ),
  );

  /** How many films the session has, with `fitting` of them in the filter. */
  filmCount(fitting: number): number {
    if (this.choice === 'ticked') return this.ticked.size;
    return this.choice === 'all' ? fitting : Math.min(fitting, this.drawnCount ?? 0);
  }

  tick(film: FilmId): void {
    const next = new Set(this.ticked);
    if (!next.delete(film)) next.add(film);
    this.ticked = next;
  }

  chooseReader(reader: ReaderId, on: boolean): void {
    const others = this.readers.filter((id) => id !== reader);
    this.readers = on ? [...others, reader] : others;
  }

  changeQuestion(id: string, change: Partial<ReviewQuestion>): void {
    this.questions = this.questions.map((one) => (one.id === id ? { ...one, ...change } : one));
  }
  addQuestion(): void {
    const id = freeQuestionId(this.questions.map((one) => one.id));
    const made = { id, text: '', answers: ['Yes', 'No'], ordered: false, required: true };
    this.questions = [...this.questions, made];
  }
  removeQuestion(id: string): void {
    this.questions = this.questions.filter((one) => one.id !== id);
  }
  moveQuestion(id: string, step: number): void {
    const at = this.questions.findIndex((one) => one.id === id);
    const question = this.questions[at];
    if (question === undefined || at + step < 0 || at + step >= this.questions.length) return;
    const others = this.questions.filter((one) => one.id !== id);
    this.questions = [...others.slice(0, at + step), question, ...others.slice(at + step)];
  }

  /** What still has to be done before the session can start; null = nothing. `films` of the session. */
  missing(films: number, findings: readonly string[]): string | null {
    if (films === 0) return 'Choose films';
    if (films > MOST_FILMS) return `At most ${MOST_FILMS.toLocaleString()} films`;
    if (this.readers.length === 0) return 'Choose readers';
    if (this.questionMistakes.size > 0) return 'Complete the questions';
    if (findings.length === 0) return 'Choose findings';
    if (this.blinding !== 'hidden' && this.runId === '') return 'Choose a model';
    if (this.seedNumber === null) return 'Correct the seed';
    return null;
  }

  /** The request with its films: those of the filter are asked for page by page. */
  async request(
    connection: Connection,
    films: FilmsState,
    findings: readonly string[],
    standardName: string,
  ): Promise<ReviewRequest> {
    const seed = this.seedNumber ?? 1;
    const chosen = this.choice === 'ticked' ? [...this.ticked] : await allFilms(connection, films.filter);
    return {
      name: this.name.trim() === '' ? standardName : this.name.trim(),
      plan: {
        findings: [...findings],
        questions: this.questions.map((question) => ({ ...question, answers: [...question.answers] })),
        blinding: this.blinding,
        runId: this.blinding === 'hidden' || this.runId === '' ? null : this.runId,
        timed: this.timed,
        seed,
      },
      readers: [...this.readers],
      films: [...(this.choice === 'drawn' ? drawFilms(chosen, this.drawnCount ?? 1, seed) : chosen)],
    };
  }
}

function questionMistake({ text, answers }: ReviewQuestion): string | null {
  if (text.trim() === '') return 'Write the question.';
  if (answers.some((answer) => answer.trim() === '')) return 'Write every answer, or remove it.';
  if (answers.length < 2) return 'A question needs two answers.';
  return new Set(answers.map((answer) => answer.trim())).size < answers.length
    ? 'Two answers are the same.'
    : null;
}

async function allFilms(connection: Connection, filter: FilmsState['filter']): Promise<readonly FilmId[]> {
  const client = await connection.client();
  const films: FilmId[] = [];
  for (let offset = 0; offset < MOST_FILMS; offset += PAGE_ROWS) {
    const { rows, total } = await client.library.films({ ...filter, offset, limit: PAGE_ROWS });
    films.push(...rows.map(({ id }) => id));
    if (rows.length === 0 || films.length >= total) break;
  }
  return films;
}
