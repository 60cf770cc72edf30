/**
 * @file One reader with one film: what is said so far, saved as it is said, and the steps read → reveal → revise. A version
 * counts here only when the host has kept it.
 */
import { ORPCError } from '@orpc/client';

import type { Mark, ReadingContent, ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { Reading, Saved } from '../../../../../shared/contract/review-session.ts';
import type { ReadingId } from '../../../../../shared/domain/ids.ts';
import { seesModel, stageAfter, workState, type ReadingStep } from '../../../../../shared/domain/review.ts';
import type { Shape } from '../../../../../shared/domain/shape.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { ShapeSheet } from '../../../viewer/shape-sheet.svelte.ts';
import { markLook } from '../review-words.ts';
import { Autosave, type Failure, type SaveStatus } from './autosave.ts';

/** A step on its way to the host. */
export interface Said {
  readonly step: ReadingStep;
  readonly content: ReadingContent;
}
export type KeepStep = (said: Said, id: ReadingId, after: number) => Promise<Saved>;
type MarkSays = Omit<Mark, 'shape'>;

const NOTHING: ReadingContent = {
  answers: {},
  marks: [],
  verdicts: [],
  note: '',
  keyFrames: [],
  seconds: null,
};
/** Answers of the host that stay the same however often it is asked. */
const REFUSED: readonly string[] = ['NOT_FOUND', 'BAD_INPUT', 'BAD_REQUEST', 'NOT_ALLOWED'];

/** After a CONFLICT this window does not know how the film stands: it has to be opened again. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof ORPCError)) return 'retry';
  const { code } = error as ORPCError<string, unknown>;
  if (code === 'CONFLICT') return 'stuck';
  return REFUSED.includes(code) ? 'refused' : 'retry';
}

export class FilmReading {
  readonly plan: ReviewPlan;
  readonly opened: Reading;
  readonly sheet: ShapeSheet;
  /** Oldest first. */
  history = $state.raw<Reading['history']>([]);
  content = $state.raw<ReadingContent>(NOTHING);
  status = $state.raw<SaveStatus>({ state: 'saved', at: null });
  /** A step is on its way: nothing can be said meanwhile. */
  stepping = $state(false);
  /** Why the last step was not taken; null after one that was. */
  refusal = $state.raw<Notice | null>(null);
  /** What a new mark is said to be. */
  finding = $state('');
  #says: ReadonlyMap<string, MarkSays> = new Map();
  readonly #autosave: Autosave<Said, Saved>;

  constructor(plan: ReviewPlan, opened: Reading, keep: KeepStep) {
    this.plan = plan;
    this.opened = opened;
    this.history = opened.history;
    this.content = opened.content ?? { ...NOTHING, seconds: plan.timed ? 0 : null };
    this.finding = plan.findings[0] ?? '';
    this.#says = new Map(this.content.marks.map(({ shape, ...says }) => [shape.id, says]));
    this.sheet = new ShapeSheet(
      this.content.marks.map(({ shape }) => shape),
      (shapes) => this.#drawn(shapes),
    );
    this.sheet.look = ({ id }) =>
      markLook(this.content.marks.find(({ shape }) => shape.id === id) ?? this.#saysOf(id));
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

  readonly stage = $derived(this.history.at(-1)?.stage ?? null);
  readonly seesModel = $derived.by(() => seesModel(this.stage, this.plan.blinding));
  readonly work = $derived.by(() => workState(this.stage, this.plan.blinding));
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
  get isStuck(): boolean {
    return this.failure === 'stuck';
  }
  get isUnsaved(): boolean {
    return this.status.state !== 'saved';
  }

  may(step: ReadingStep): boolean {
    if (this.isClosed || this.stepping || this.isStuck) return false;
    return stageAfter(step, this.stage, this.plan.blinding) !== null;
  }

  say(change: Partial<ReadingContent>): void {
    if (!this.canSay) return;
    this.content = { ...this.content, ...change };
    this.#autosave.put({ step: 'save', content: this.content });
  }

  answer(questionId: string, answer: number): void {
    this.say({ answers: { ...this.content.answers, [questionId]: answer } });
  }

  /** Says something else of a mark, as a step that can be taken back. */
  describe(shapeId: string, change: Partial<MarkSays>): void {
    if (!this.canSay) return;
    const before = this.#saysOf(shapeId);
    const after = { ...before, ...change };
    this.finding = after.finding;
    this.#describe(shapeId, after);
    this.sheet.keep({
      words: change.finding === undefined ? 'Confidence changed' : 'Finding changed',
      undo: () => this.#describe(shapeId, before),
      redo: () => this.#describe(shapeId, after),
    });
  }

  toggleKeyFrame(frame: number): void {
    const { keyFrames } = this.content;
    const without = keyFrames.filter((one) => one !== frame);
    this.say({
      keyFrames: without.length < keyFrames.length ? without : [...keyFrames, frame].sort((a, b) => a - b),
    });
  }

  /** What is said of a finding of the model; `null` takes it back. */
  judge(finding: string, said: Omit<ReadingContent['verdicts'][number], 'finding'> | null): void {
    const others = this.content.verdicts.filter((one) => one.finding !== finding);
    this.say({ verdicts: said === null ? others : [...others, { finding, ...said }] });
  }

  /** Counts time with the film open; kept with whatever is said next. */
  spend(seconds: number): void {
    if (!this.canSay || this.content.seconds === null) return;
    this.content = { ...this.content, seconds: this.content.seconds + seconds };
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
    this.#autosave.put({ step, content: this.content });
    // Until the host has answered, nothing may be said on top of the step: it is sent again and again.
    return this.#autosave.flush();
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

  /** A refused step leaves what was said as it is kept; a refused change is not kept, which the status says. */
  #refused(step: ReadingStep, error: unknown): void {
    if (step === 'save') return;
    this.stepping = false;
    this.refusal = noticeOf(error);
    this.status = { state: 'saved', at: this.history.at(-1)?.createdAt ?? null };
  }

  #freeze(): void {
    this.sheet.frozen = this.isClosed || stageAfter('save', this.stage, this.plan.blinding) === null;
    if (this.sheet.frozen) this.sheet.selected = null;
  }

  #saysOf(shapeId: string): MarkSays {
    return this.#says.get(shapeId) ?? { finding: this.finding, confidence: null };
  }
  #drawn(shapes: readonly Shape[]): void {
    const fresh = shapes
      .filter(({ id }) => !this.#says.has(id))
      .map(({ id }) => [id, this.#saysOf(id)] as const);
    this.#says = new Map([...this.#says, ...fresh]);
    this.#sayMarks(shapes);
  }
  #describe(shapeId: string, says: MarkSays): void {
    this.#says = new Map([...this.#says, [shapeId, says]]);
    this.#sayMarks(this.sheet.shapes);
  }
  #sayMarks(shapes: readonly Shape[]): void {
    const ids = new Set(shapes.map(({ id }) => id));
    const marks = shapes.map((shape) => ({ shape, ...this.#saysOf(shape.id) }));
    // An edit has the mark that was drawn in the place of the model's finding; without it, it waits for one.
    const verdicts = this.content.verdicts.map((said) => {
      if (said.verdict !== 'edit' || (said.shapeId !== null && ids.has(said.shapeId))) return said;
      return { ...said, shapeId: marks.find(({ finding }) => finding === said.finding)?.shape.id ?? null };
    });
    this.say({ marks, verdicts });
  }
}
