/**
 * @file One reader with one film: what is said so far, saved as it is said, and the steps read → reveal → revise. A version
 * counts here only when the host has kept it.
 */
import type { Mark, ReadingContent, ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { Reading, Saved } from '../../../../../shared/contract/review-session.ts';
import type { ReadingId } from '../../../../../shared/domain/ids.ts';
import { seesModel, stageAfter, workState, type ReadingStep } from '../../../../../shared/domain/review.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { Autosave, type SaveStatus } from '../../../state/autosave.ts';
import type { ShapeSheet } from '../../../viewer/shape-sheet.svelte.ts';
import { MarkSheet } from '../mark-sheet.svelte.ts';
import { failureOf } from '../save-failure.ts';
import { answered, judged, keyFrameTurned, noted, type SaidChange } from './said-changes.ts';

/** A step on its way to the host. */
export interface Said {
  readonly step: ReadingStep;
  readonly content: ReadingContent;
}
export type KeepStep = (said: Said, id: ReadingId, after: number) => Promise<Saved>;

const NOTHING: ReadingContent = {
  answers: {},
  marks: [],
  verdicts: [],
  note: '',
  keyFrames: [],
  seconds: null,
};

/** A film that is passed by on the way to another has not been read. */
const GLANCE_SECONDS = 5;

export class FilmReading {
  readonly plan: ReviewPlan;
  readonly opened: Reading;
  readonly drawn: MarkSheet;
  /** Oldest first. */
  history = $state.raw<Reading['history']>([]);
  content = $state.raw<ReadingContent>(NOTHING);
  status = $state.raw<SaveStatus>({ state: 'saved', at: null });
  /** A step is on its way: nothing can be said meanwhile. */
  stepping = $state(false);
  /** Why the last step was not taken; null after one that was. */
  refusal = $state.raw<Notice | null>(null);
  /** Counts runs of typing. */
  #typing = 0;
  /** Seconds that were counted and not sent. */
  #unkept = 0;
  readonly #autosave: Autosave<Said, Saved>;

  constructor(plan: ReviewPlan, opened: Reading, keep: KeepStep) {
    this.plan = plan;
    this.opened = opened;
    this.history = opened.history;
    this.content = opened.content ?? { ...NOTHING, seconds: plan.timed ? 0 : null };
    this.drawn = new MarkSheet(this.content.marks, plan.findings[0] ?? '', (marks) => this.#sayMarks(marks));
    this.status = { state: 'saved', at: opened.history.at(-1)?.createdAt ?? null };
    this.#autosave = new Autosave<Said, Saved>(opened.version, {
      send: (said, id, after) => keep(said, id as ReadingId, after),
      newId: () => `reading-${crypto.randomUUID().replaceAll('-', '')}`,
      onStatus: (status) => (this.status = status),
      onKept: ({ step }, id, kept) => {
        if (step !== 'save') this.stepping = false;
        this.#kept(id as ReadingId, kept);
      },
      failure: failureOf,
      onRefused: ({ step }, error) => this.#refused(step, error),
    });
    this.#freeze();
  }

  /** Without it a signed first read is all that can be done. */
  get hasModel(): boolean {
    return this.opened.model !== 'missing';
  }
  readonly stage = $derived(this.history.at(-1)?.stage ?? null);
  readonly seesModel = $derived.by(() => seesModel(this.stage, this.plan.blinding));
  readonly work = $derived.by(() => workState(this.stage, this.plan.blinding, this.hasModel));
  readonly isClosed = $derived.by(() => this.opened.closedAt !== null);
  /** How the last change failed; null = it did not. */
  readonly failure = $derived(this.status.state === 'failed' ? this.status.failure : null);
  readonly canSay = $derived.by(() => this.may('save'));
  /** Questions that a signature waits for. */
  readonly missing = $derived.by(() =>
    this.plan.questions.filter(({ id, required }) => required && this.content.answers[id] === undefined),
  );
  readonly notice = $derived.by<Notice | null>(() =>
    this.status.state === 'failed' ? noticeOf(this.status.error) : null,
  );
  get sheet(): ShapeSheet {
    return this.drawn.sheet;
  }
  get isStuck(): boolean {
    return this.failure === 'stuck';
  }
  get isUnsaved(): boolean {
    return this.status.state !== 'saved';
  }

  may(step: ReadingStep): boolean {
    if (this.isClosed || this.stepping || this.isStuck || (step === 'reveal' && !this.hasModel)) return false;
    return stageAfter(step, this.stage, this.plan.blinding) !== null;
  }

  #change(change: SaidChange | null): void {
    if (change === null || !this.canSay) return;
    const { words, gesture, before, after } = change;
    this.#say(after);
    this.sheet.keep({ words, gesture, undo: () => this.#say(before), redo: () => this.#say(after) });
  }

  #say(change: Partial<ReadingContent>): void {
    if (!this.canSay) return;
    this.content = { ...this.content, ...change };
    this.#put('save');
  }

  #put(step: ReadingStep): void {
    this.#unkept = 0;
    this.#autosave.put({ step, content: this.content });
  }

  answer(questionId: string, answer: number): void {
    this.#change(answered(this.content, this.plan, questionId, answer));
  }

  toggleKeyFrame(frame: number): void {
    this.#change(keyFrameTurned(this.content, frame));
  }

  note(text: string): void {
    this.#change(noted(this.content, text, `${this.#typing}`));
  }

  /** The field is left: what is typed from now on is a step of its own. */
  endTyping(): void {
    this.#typing += 1;
  }

  /** Takes the last step back: what it said is kept as one more version. Of a signed read only how it is looked at. */
  undo(): void {
    if (!this.stepping && !this.isStuck) this.sheet.undo();
  }
  redo(): void {
    if (!this.stepping && !this.isStuck) this.sheet.redo();
  }

  /** What is said of a finding of the model; `null` takes it back. */
  judge(finding: string, said: Omit<ReadingContent['verdicts'][number], 'finding'> | null): void {
    this.#change(judged(this.content, finding, said, `${this.#typing}`));
  }

  /** Counts time with the film open; kept with whatever is said next, or when the film is left. */
  spend(seconds: number): void {
    if (!this.canSay || this.content.seconds === null) return;
    this.content = { ...this.content, seconds: this.content.seconds + seconds };
    this.#unkept += seconds;
  }

  /** The film is left: what it was looked at without a word is time of its read too, beyond a glance. */
  keepTime(): void {
    if (this.canSay && this.#unkept >= GLANCE_SECONDS) this.#put('save');
  }

  /** Asks for a step. @returns true when the host has kept it */
  async take(step: Exclude<ReadingStep, 'save'>): Promise<boolean> {
    if (!this.may(step)) return false;
    this.refusal = null;
    this.stepping = true;
    if (!(await this.#autosave.flush())) {
      this.stepping = false;
      return false;
    }
    this.#put(step);
    // Until the host has answered, nothing may be said on top of the step: it is sent again and again.
    return (await this.#autosave.flush()) && this.refusal === null;
  }

  /** Sends what is left now. @returns true when all that was said is kept */
  flush(): Promise<boolean> {
    return this.#autosave.flush();
  }

  #kept(id: ReadingId, { number, stage, savedAt }: Saved): void {
    if (this.history.some((step) => step.number === number)) return;
    this.history = [...this.history, { id, number, stage, createdAt: savedAt }];
    this.#freeze();
  }

  /**
   * A refused step leaves what was said as it is kept; a refused change is not kept, which the status says.
   * @returns true when something said is lost by it
   */
  #refused(step: ReadingStep, error: unknown): boolean {
    if (step === 'save') return true;
    this.stepping = false;
    this.refusal = noticeOf(error);
    this.status = { state: 'saved', at: this.history.at(-1)?.createdAt ?? null };
    return false;
  }

  #freeze(): void {
    this.sheet.frozen = this.isClosed || stageAfter('save', this.stage, this.plan.blinding) === null;
    if (this.sheet.frozen) this.sheet.selected = null;
  }

  #sayMarks(marks: Mark[]): void {
    const ids = new Set(marks.map(({ shape }) => shape.id));
    // An edit has the mark that was drawn in the place of the model's finding; without it, it waits for one.
    const verdicts = this.content.verdicts.map((said) => {
      if (said.verdict !== 'edit' || (said.shapeId !== null && ids.has(said.shapeId))) return said;
      return { ...said, shapeId: marks.find(({ finding }) => finding === said.finding)?.shape.id ?? null };
    });
    this.#say({ marks, verdicts });
  }
}
