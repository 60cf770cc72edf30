/** @file Changes of what a reader says of a film, each with what takes it back and its words for Undo. Marks have their sheet. */
import type { ReadingContent, ReviewPlan } from '../../../../../shared/contract/review.ts';

export interface SaidChange {
  readonly words: string;
  readonly before: Partial<ReadingContent>;
  readonly after: Partial<ReadingContent>;
  /** Changes of one gesture in a row are one step. */
  readonly gesture: string | null;
}

type Verdict = ReadingContent['verdicts'][number];

/** null = it is answered so already, or not asked. */
export function answered(
  { answers }: ReadingContent,
  { questions }: Pick<ReviewPlan, 'questions'>,
  questionId: string,
  answer: number,
): SaidChange | null {
  const question = questions.find(({ id }) => id === questionId);
  const words = question?.answers[answer];
  if (words === undefined || answers[questionId] === answer) return null;
  return {
    words: `Answer “${words}”`,
    before: { answers },
    after: { answers: { ...answers, [questionId]: answer } },
    gesture: null,
  };
}

const VERDICTS = { accept: 'accepted', reject: 'rejected', edit: 'to be drawn' } as const;

/** What is said of a finding of the model; `said` null takes it back. @param typing names one run of typing of the reason */
export function judged(
  { verdicts }: ReadingContent,
  finding: string,
  said: Omit<Verdict, 'finding'> | null,
  typing: string,
): SaidChange | null {
  const known = verdicts.find((one) => one.finding === finding);
  if (known === undefined && said === null) return null;
  const others = verdicts.filter((one) => one.finding !== finding);
  const isReason = known !== undefined && said !== null && known.verdict === said.verdict;
  return {
    words: isReason
      ? `Why ${finding}`
      : said === null
        ? `${finding} not judged`
        : `${finding} ${VERDICTS[said.verdict]}`,
    before: { verdicts },
    after: { verdicts: said === null ? others : [...others, { finding, ...said }] },
    gesture: isReason ? `why-${finding}-${typing}` : null,
  };
}

/** @param typing names one run of typing */
export function noted({ note }: ReadingContent, text: string, typing: string): SaidChange | null {
  if (note === text) return null;
  return { words: 'Note', before: { note }, after: { note: text }, gesture: `note-${typing}` };
}

export function keyFrameTurned({ keyFrames }: ReadingContent, frame: number): SaidChange {
  const without = keyFrames.filter((one) => one !== frame);
  const isSet = without.length < keyFrames.length;
  return {
    words: isSet ? 'Key image no more' : 'Key image',
    before: { keyFrames },
    after: { keyFrames: isSet ? without : [...keyFrames, frame].sort((a, b) => a - b) },
    gesture: null,
  };
}
