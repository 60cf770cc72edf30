/**
 * @file How a film is read in a review session: first without the model, then with it, each version kept. Which step may
 * follow which, and which version counts. Store, service and window share these rules.
 */

/** A reader answers; an adjudicator settles what readers disagree on; an owner sets sessions up. */
export const READER_ROLES = ['reader', 'adjudicator', 'owner'] as const;
export type ReaderRole = (typeof READER_ROLES)[number];

/** read: answers films that are on one's own list · adjudicate: sees what others said and settles it · manage: sessions and readers. */
export type ReviewAct = 'read' | 'adjudicate' | 'manage';

const MAY: Readonly<Record<ReviewAct, readonly ReaderRole[]>> = {
  read: ['reader', 'adjudicator', 'owner'],
  adjudicate: ['adjudicator', 'owner'],
  manage: ['owner'],
};

export function mayAct(role: ReaderRole, act: ReviewAct): boolean {
  return MAY[act].includes(role);
}

/** When a reader sees the model's findings: never, after the first read is signed, or from the start. */
export const MODEL_BLINDINGS = ['hidden', 'after-read', 'shown'] as const;
export type ModelBlinding = (typeof MODEL_BLINDINGS)[number];

/**
 * reading: being read, kept as it stands · read: first read signed · revealed: the model was shown, answers as they were ·
 * revising: being changed with the model in sight · revised: signed again.
 */
export const READING_STAGES = ['reading', 'read', 'revealed', 'revising', 'revised'] as const;
export type ReadingStage = (typeof READING_STAGES)[number];

/** What a worklist shows of a film. */
export type WorkState = 'unread' | 'started' | 'done';

const FOLLOWERS: Readonly<Record<ReadingStage, readonly ReadingStage[]>> = {
  reading: ['reading', 'read'],
  // A signed first read may be corrected until the model was seen; never after.
  read: ['reading', 'revealed'],
  revealed: ['revising', 'revised'],
  revising: ['revising', 'revised'],
  revised: ['revising'],
};

/** What may come after `last` (null = nothing yet) in a session with this blinding. */
export function nextStages(last: ReadingStage | null, blinding: ModelBlinding): readonly ReadingStage[] {
  if (last === null) return FOLLOWERS.reading;
  return FOLLOWERS[last].filter((stage) => stage !== 'revealed' || blinding === 'after-read');
}

/** What a reader does with a film: keeps it as it stands, signs it, has the model shown, takes a signed read up again. */
export const READING_STEPS = ['save', 'sign', 'reveal', 'revise'] as const;
export type ReadingStep = (typeof READING_STEPS)[number];

/**
 * The stage of the version that a step makes after `last` (null = nothing yet); null = the step is not possible then. A signed
 * read is not saved over: it is taken up again first.
 */
export function stageAfter(
  step: ReadingStep,
  last: ReadingStage | null,
  blinding: ModelBlinding,
): ReadingStage | null {
  const isSigned = last === 'read' || last === 'revised';
  const wasRevealed = last === 'revealed' || last === 'revising' || last === 'revised';
  switch (step) {
    case 'save':
      if (isSigned) return null;
      return wasRevealed ? 'revising' : 'reading';
    case 'sign':
      if (isSigned) return null;
      return wasRevealed ? 'revised' : 'read';
    case 'reveal':
      return last === 'read' && blinding === 'after-read' ? 'revealed' : null;
    case 'revise':
      if (!isSigned) return null;
      return wasRevealed ? 'revising' : 'reading';
  }
}

/** What a reading says of a finding: drawn, or the model's that was accepted. */
export function saysFinding(
  said: {
    readonly marks: readonly { readonly finding: string }[];
    readonly verdicts: readonly { readonly finding: string; readonly verdict: string }[];
  },
  finding: string,
): boolean {
  return (
    said.marks.some((mark) => mark.finding === finding) ||
    said.verdicts.some((one) => one.finding === finding && one.verdict === 'accept')
  );
}

/**
 * How the reads of a film stand to each other. waiting: fewer than two are signed · agreed: all say the same · open: they differ
 * and nobody settled it · settled · outdated: settled, but a reader signed anew since.
 */
export const SETTLEMENT_STATES = ['waiting', 'agreed', 'open', 'settled', 'outdated'] as const;
export type SettlementState = (typeof SETTLEMENT_STATES)[number];

/** accept: one read as it was signed · merge: put together by the adjudicator. */
export const DECISION_BASES = ['accept', 'merge'] as const;

/**
 * Where a reader stands with a film. After a reveal it is done only when it is signed again.
 * @param hasModel false = the session's model is not in the library, so that a signed first read is all that can be done
 */
export function workState(
  last: ReadingStage | null,
  blinding: ModelBlinding,
  hasModel: boolean = true,
): WorkState {
  if (last === null) return 'unread';
  if (last === 'revised') return 'done';
  return last === 'read' && (blinding !== 'after-read' || !hasModel) ? 'done' : 'started';
}

/** True when the model's findings may be shown to the reader of this film now. */
export function seesModel(last: ReadingStage | null, blinding: ModelBlinding): boolean {
  if (blinding !== 'after-read') return blinding === 'shown';
  return last === 'revealed' || last === 'revising' || last === 'revised';
}

/** True while a reader is still to read a film without the model, so that nobody should show its findings to them anywhere. */
export function isBlind(last: ReadingStage | null, blinding: ModelBlinding): boolean {
  if (blinding === 'shown') return false;
  return blinding === 'hidden' ? workState(last, blinding) !== 'done' : !seesModel(last, blinding);
}

/** The newest signed read before the model was revealed. null = not signed, or taken back to be corrected. */
export function firstRead<Version extends { readonly stage: ReadingStage }>(
  versions: readonly Version[],
): Version | null {
  const signed = versions.filter(({ stage }) => stage === 'read').at(-1) ?? null;
  const isOpen = versions.at(-1)?.stage === 'reading'; // taken back to be corrected
  return isOpen ? null : signed;
}

/** The signed read that was made with the model in sight; null = none. One that is being changed again does not count. */
export function revisedRead<Version extends { readonly stage: ReadingStage }>(
  versions: readonly Version[],
): Version | null {
  const last = versions.at(-1);
  return last?.stage === 'revised' ? last : null;
}
