/**
 * @file One film being put together: answers, findings and marks chosen or drawn so far, with one undo for all of it, kept by the
 * host at every change. The signed reads stay as they are.
 */
import type {
  AdjudicationDraft,
  Comparison,
  SavedDraft,
} from '../../../../../shared/contract/review-adjudication.ts';
import type { ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { DecisionId, ReaderId } from '../../../../../shared/domain/ids.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import { Autosave, type Kept, type SaveStatus } from '../../../state/autosave.ts';
import { MarkSheet } from '../mark-sheet.svelte.ts';
import { failureOf } from '../save-failure.ts';
import {
  agreedChoices,
  choicesIn,
  choicesOf,
  countingReads,
  drawnBy,
  presence,
  settledOf,
  undecided,
  withFinding,
  withPresence,
  type Choices,
  type CountingRead,
} from './decide.ts';

export type KeepDraft = (content: AdjudicationDraft, after: number) => Promise<SavedDraft>;

/** What Undo puts back. */
interface Snapshot {
  readonly choices: Choices;
  readonly accepted: ReaderId | null;
}

export class FilmDecision {
  readonly plan: ReviewPlan;
  readonly comparison: Comparison;
  readonly reads: readonly CountingRead[];
  readonly drawn: MarkSheet;
  /** Made once for what is being decided: sent again, it is kept once. */
  readonly id = `decision-${crypto.randomUUID().replaceAll('-', '')}` as DecisionId;
  /** The draft was begun on other reads or before another decision: it is shown, and has to be looked at again. */
  readonly isOld: boolean;
  /** Whose read is taken as it was signed; null = put together. */
  accepted = $state.raw<ReaderId | null>(null);
  reason = $state('');
  status = $state.raw<SaveStatus>({ state: 'saved', at: null });
  #answers = $state.raw<Choices['answers']>({});
  #findings = $state.raw<Choices['findings']>({});
  #restoring = false;
  /** Counts runs of typing. */
  #typing = 0;
  readonly #autosave: Autosave<AdjudicationDraft, Kept>;

  constructor(plan: ReviewPlan, comparison: Comparison, keep: KeepDraft) {
    this.plan = plan;
    this.comparison = comparison;
    this.reads = countingReads(comparison);
    const { draft, decisions } = comparison;
    const last = decisions.at(-1);
    const begun: Choices =
      draft?.content ??
      (last === undefined
        ? agreedChoices(plan, this.reads, comparison.differs)
        : choicesIn(plan, this.reads, last.settled));
    this.isOld = draft !== null && !this.#isOfNow(draft.content);
    this.#answers = begun.answers;
    this.#findings = begun.findings;
    this.accepted = this.isOld ? null : (draft?.content.accepted ?? null);
    this.reason = draft?.content.reason ?? '';
    this.status = { state: 'saved', at: draft?.changedAt ?? null };
    this.drawn = new MarkSheet(begun.marks, plan.findings[0] ?? '', () => this.#touched());
    this.#autosave = new Autosave<AdjudicationDraft, Kept>(draft?.version ?? 0, {
      send: async (content, _id, after) => {
        const { version, changedAt } = await keep(content, after);
        return { newest: version, savedAt: changedAt };
      },
      newId: () => '',
      onStatus: (status) => (this.status = status),
      onKept: () => undefined,
      onRefused: () => true,
      failure: failureOf,
    });
  }

  readonly choices = $derived.by<Choices>(() => ({
    answers: this.#answers,
    findings: this.#findings,
    marks: this.drawn.marks,
  }));
  readonly open = $derived.by(() => undecided(this.plan, this.reads, this.choices));
  readonly mayDecide = $derived.by(
    () => this.reads.length > 0 && this.reason.trim() !== '' && this.open.length === 0 && !this.isStuck,
  );
  readonly notice = $derived.by<Notice | null>(() =>
    this.status.state === 'failed' ? noticeOf(this.status.error) : null,
  );
  get isUnsaved(): boolean {
    return this.status.state !== 'saved';
  }
  /** Another window was quicker: the film has to be opened again. */
  get isStuck(): boolean {
    return this.status.state === 'failed' && this.status.failure === 'stuck';
  }

  accept(reader: ReaderId): void {
    const read = this.reads.find((one) => one.reader.id === reader);
    if (read === undefined) return;
    this.#change(choicesOf(this.plan, this.reads, reader), `Read of ${read.reader.name} taken`, reader);
  }
  answer(questionId: string, answer: number): void {
    const { choices } = this;
    if (choices.answers[questionId] === answer) return;
    this.#change({ ...choices, answers: { ...choices.answers, [questionId]: answer } }, 'Answer chosen');
  }
  takeFinding(reader: ReaderId, finding: string): void {
    const read = this.reads.find((one) => one.reader.id === reader);
    if (read !== undefined) this.#change(withFinding(this.choices, read, finding), `${finding} taken`);
  }
  setFinding(finding: string, present: boolean): void {
    if (presence(this.choices, finding) === present) return;
    const words = `${finding} ${present ? 'present' : 'absent'}`;
    this.#change(withPresence(this.choices, finding, present), words);
  }
  say(reason: string): void {
    const before = this.reason;
    if (before === reason) return;
    this.#reason(reason);
    this.drawn.sheet.keep({
      words: 'Reason',
      gesture: `reason-${this.#typing}`,
      undo: () => this.#reason(before),
      redo: () => this.#reason(reason),
    });
  }
  /** The field is left: what is typed from now on is a step of its own. */
  endTyping(): void {
    this.#typing += 1;
  }

  /** Whose a mark is, for the list of marks. */
  whose(shapeId: string): string {
    const mark = this.drawn.marks.find(({ shape }) => shape.id === shapeId);
    const by = mark === undefined ? null : drawnBy(mark, this.reads);
    return by?.name ?? 'yours';
  }

  /** The decision as it is sent: one read accepted, or what was put together. */
  get request() {
    const accepted = this.reads.find(({ reader }) => reader.id === this.accepted);
    const sources = accepted === undefined ? this.reads : [accepted];
    return {
      id: this.id,
      after: this.comparison.decisions.at(-1)?.number ?? 0,
      sources: sources.map(({ version }) => version.id),
      settled: accepted === undefined ? settledOf(this.plan, this.choices) : null,
      reason: this.reason.trim(),
    };
  }

  /** Sends what is left now. @returns true when all of it is kept */
  flush(): Promise<boolean> {
    return this.#autosave.flush();
  }
  /** Decided: nothing more is sent. */
  end(): void {
    this.#autosave.stop();
    this.status = { state: 'saved', at: null };
  }

  #isOfNow({ sources, decision }: AdjudicationDraft): boolean {
    const now = this.reads.map(({ version }) => version.id);
    const isSame = sources.length === now.length && now.every((id) => sources.includes(id));
    return isSame && decision === (this.comparison.decisions.at(-1)?.number ?? 0);
  }

  #change(next: Choices, words: string, accepted: ReaderId | null = null): void {
    const before = { choices: this.choices, accepted: this.accepted };
    const after = { choices: next, accepted };
    this.#restore(after);
    this.drawn.sheet.keep({ words, undo: () => this.#restore(before), redo: () => this.#restore(after) });
  }
  #reason(reason: string): void {
    this.reason = reason;
    this.#save();
  }
  #restore({ choices, accepted }: Snapshot): void {
    this.#restoring = true;
    this.#answers = choices.answers;
    this.#findings = choices.findings;
    this.drawn.put(choices.marks);
    this.#restoring = false;
    this.accepted = accepted;
    this.#save();
  }

  /** Something was drawn, moved or said of a mark. */
  #touched(): void {
    if (this.#restoring) return;
    this.accepted = null;
    this.#save();
  }
  #save(): void {
    const { answers, findings, marks } = this.choices;
    this.#autosave.put({
      sources: this.reads.map(({ version }) => version.id),
      decision: this.comparison.decisions.at(-1)?.number ?? 0,
      answers: { ...answers },
      findings: { ...findings },
      marks: [...marks],
      accepted: this.accepted,
      reason: this.reason,
    });
  }
}
