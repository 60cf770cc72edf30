/** @file Words and colours of reviews: stages, blindings, roles, confidence, and how a mark looks on its film. */
import type { Mark } from '../../../../shared/contract/review.ts';
import { findingColour } from '../../../../shared/domain/findings.ts';
import type {
  ModelBlinding,
  ReaderRole,
  ReadingStage,
  SettlementState,
} from '../../../../shared/domain/review.ts';

export const ROLE_WORDS: Readonly<Record<ReaderRole, string>> = {
  reader: 'Reader',
  adjudicator: 'Adjudicator',
  owner: 'Owner',
};
export const ROLE_ABOUT: Readonly<Record<ReaderRole, string>> = {
  reader: 'reads films',
  adjudicator: 'reads, and settles what readers disagree on',
  owner: 'sets sessions up, adds readers, and may do all of it',
};

export const BLINDING_WORDS: Readonly<Record<ModelBlinding, string>> = {
  hidden: 'Model hidden',
  'after-read': 'Model after the first read',
  shown: 'Model shown',
};

type Tone = 'neutral' | 'accent' | 'good' | 'caution';

/** null = nothing was said yet. */
export function stageWords(stage: ReadingStage | null, blinding: ModelBlinding): readonly [string, Tone] {
  switch (stage) {
    case null:
      return ['To do', 'neutral'];
    case 'reading':
      return ['Begun', 'caution'];
    case 'read':
      return blinding === 'after-read' ? ['Signed, reveal next', 'accent'] : ['Signed', 'good'];
    case 'revealed':
      return ['Model seen', 'accent'];
    case 'revising':
      return ['Revising', 'caution'];
    case 'revised':
      return ['Revised', 'good'];
  }
}

/** What a version is, in the history of a film. */
export const STAGE_WORDS: Readonly<Record<ReadingStage, string>> = {
  reading: 'Reading',
  read: 'First read signed',
  revealed: 'Model shown',
  revising: 'Revising',
  revised: 'Revised read signed',
};

/** Steps that a confidence is given in; their keys are the same everywhere. */
export const CONFIDENCES: readonly { readonly value: number; readonly words: string }[] = [
  { value: 0.2, words: 'Guess' },
  { value: 0.4, words: 'Low' },
  { value: 0.6, words: 'Fair' },
  { value: 0.8, words: 'High' },
  { value: 1, words: 'Certain' },
];

export function confidenceWords(confidence: number | null): string {
  if (confidence === null) return 'not said';
  const near = CONFIDENCES.find(({ value }) => Math.abs(value - confidence) < 0.01);
  return near?.words ?? `${Math.round(confidence * 100)} %`;
}

/** What stands beside a mark on the film, and its colour. */
export function markLook({ finding, confidence }: Omit<Mark, 'shape'>): {
  readonly colour: string;
  readonly lines: readonly string[];
} {
  const sure = confidence === null ? '' : ` · ${confidenceWords(confidence).toLowerCase()}`;
  return { colour: findingColour(finding), lines: [`${finding}${sure}`] };
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
/** `14:02:11`. */
export function clockWords(at: number): string {
  return CLOCK.format(at);
}

/** `3:07`, `1:02:09`. */
export function stopwatchWords(seconds: number): string {
  const whole = Math.floor(seconds);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

export const BLINDING_ABOUT: Readonly<Record<ModelBlinding, string>> = {
  hidden: 'Never shown to readers',
  'after-read': 'Shown after the first read is signed, then the read may be revised',
  shown: 'In sight from the start',
};

export const SETTLEMENT_WORDS: Readonly<Record<SettlementState, readonly [string, Tone]>> = {
  waiting: ['Waiting', 'neutral'],
  agreed: ['Agreed', 'good'],
  open: ['To settle', 'caution'],
  settled: ['Settled', 'good'],
  outdated: ['Outdated', 'caution'],
};
