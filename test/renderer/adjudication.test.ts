/** @file What an adjudicator chooses row by row becomes a decision that the contract takes. */
import { expect, it } from 'vitest';

import {
  agreedChoices,
  choicesIn,
  choicesOf,
  countingReads,
  drawnBy,
  isTaken,
  NO_CHOICES,
  presence,
  saidFindings,
  settledOf,
  shownFindings,
  undecided,
  withFinding,
  withPresence,
} from '../../renderer/src/features/review/adjudicate/decide.ts';
import { differenceRows } from '../../renderer/src/features/review/adjudicate/elsewhere.ts';
import {
  settledContent,
  type Comparison,
  type OtherHistory,
} from '../../shared/contract/review-adjudication.ts';
import type { Mark } from '../../shared/contract/review.ts';
import type { ReaderId } from '../../shared/domain/ids.ts';

const PLAN = {
  findings: ['Edema', 'Hernia', 'Nodule/Mass', 'Pneumothorax'],
  questions: ['quality', 'normal', 'tubes'].map((id) => ({
    id,
    text: `${id}?`,
    answers: ['no', 'yes', 'perhaps'],
    ordered: false,
    required: false,
  })),
};
const NO_PLACES = { places: [] };
const ANA = 'reader-ana00000' as ReaderId;
const BEN = 'reader-ben00000' as ReaderId;

function mark(id: string, finding: string): Mark {
  const points = [
    { x: 0, y: 0 },
    { x: 9, y: 9 },
  ];
  return { shape: { id, kind: 'rectangle', frame: 0, points, text: '' }, finding, confidence: 0.6 };
}

function read(
  reader: ReaderId,
  answers: Readonly<Record<string, number>>,
  marks: readonly Mark[],
  accepted: readonly string[] = [],
): Comparison['reads'][number] {
  const verdicts = accepted.map((finding) => ({ finding, verdict: 'accept', shapeId: null, note: '' }));
  const content = { answers, marks, verdicts, note: '', keyFrames: [], seconds: null };
  return {
    reader: { id: reader, name: reader, role: 'reader', createdAt: 0 },
    first: { id: `reading-${reader}`, content },
    revised: null,
    counts: 'first',
  } as unknown as Comparison['reads'][number];
}

const reads = countingReads({
  reads: [
    read(ANA, { quality: 1, normal: 0 }, [mark('a1', 'Edema'), mark('a2', 'Hernia')]),
    read(BEN, { quality: 1, normal: 2, tubes: 1 }, [mark('b1', 'Edema')], ['Nodule/Mass']),
    { ...read('reader-cem00000' as ReaderId, {}, []), first: null, counts: null },
  ],
});
const [ana, ben] = reads;
if (ana === undefined || ben === undefined) throw new Error('two reads are signed');

it('takes what all say alike, and leaves the rest open', () => {
  expect(reads.map(({ reader }) => reader.id)).toEqual([ANA, BEN]);
  expect(saidFindings(PLAN, reads)).toEqual(['Edema', 'Hernia', 'Nodule/Mass']);
  const agreed = agreedChoices(PLAN, reads, NO_PLACES);
  expect(agreed).toEqual({
    answers: { quality: 1 },
    findings: { Edema: true },
    marks: [mark('a1', 'Edema')],
  });
  expect(undecided(PLAN, reads, agreed)).toEqual(['normal', 'tubes', 'Hernia', 'Nodule/Mass']);
  // said by both, but at other places: somebody has to look
  expect(agreedChoices(PLAN, reads, { places: ['Edema'] }).findings).toEqual({});
});

it('takes one read whole, as it was signed', () => {
  const choices = choicesOf(PLAN, reads, BEN);
  expect(settledOf(PLAN, choices)).toEqual({
    findings: ['Edema', 'Nodule/Mass'],
    answers: { quality: 1, normal: 2, tubes: 1 },
    marks: [mark('b1', 'Edema')],
  });
  expect(undecided(PLAN, reads, choices)).toEqual([]);
});

it('puts together what the contract takes: marks of both, a finding without a place, one refused', () => {
  let choices = agreedChoices(PLAN, reads, NO_PLACES);
  choices = withFinding(choices, ben, 'Edema');
  expect([isTaken(choices, ana, 'Edema'), isTaken(choices, ben, 'Edema')]).toEqual([true, true]);
  choices = withFinding(choices, ben, 'Hernia'); // Ben does not say it
  expect(presence(choices, 'Hernia')).toBe(false);
  choices = withFinding(choices, ben, 'Nodule/Mass'); // the model's, accepted without a mark
  choices = { ...choices, answers: { ...choices.answers, normal: 2, tubes: 0 } };
  expect(undecided(PLAN, reads, choices)).toEqual([]);
  const made = settledOf(PLAN, choices);
  expect(settledContent.parse(made)).toEqual({
    findings: ['Edema', 'Nodule/Mass'],
    answers: { quality: 1, normal: 2, tubes: 0 },
    marks: [mark('a1', 'Edema'), mark('b1', 'Edema')],
  });
  // and read back, the decision shows as it was chosen
  expect(choicesIn(PLAN, reads, made)).toEqual(choices);
});

it('leaves a reader’s marks out again, and keeps the finding', () => {
  const once = withFinding(NO_CHOICES, ana, 'Hernia');
  expect([once.marks, presence(once, 'Hernia')]).toEqual([[mark('a2', 'Hernia')], true]);
  const twice = withFinding(once, ana, 'Hernia');
  expect([twice.marks, presence(twice, 'Hernia')]).toEqual([[], true]);
  // said to be absent, nothing of it is left on the film
  expect(withPresence(once, 'Hernia', false)).toEqual({
    answers: {},
    findings: { Hernia: false },
    marks: [],
  });
});

it('tells what the adjudicator drew from what a reader did, and takes the reader’s again', () => {
  const moved = { ...mark('a1', 'Edema'), confidence: 1 };
  const choices = { ...NO_CHOICES, marks: [moved, mark('j1', 'Pneumothorax'), mark('b1', 'Edema')] };
  expect(choices.marks.map((one) => drawnBy(one, reads)?.id ?? null)).toEqual([null, null, BEN]);
  expect([isTaken(choices, ana, 'Edema'), isTaken(choices, ben, 'Edema')]).toEqual([false, true]);
  // a finding that nobody said stands in the table, and is present because it is drawn
  expect(shownFindings(PLAN, reads, choices)).toEqual(['Edema', 'Hernia', 'Nodule/Mass', 'Pneumothorax']);
  expect(settledOf(PLAN, choices).findings).toEqual(['Edema', 'Pneumothorax']);
  const again = withFinding(choices, ana, 'Edema');
  expect(again.marks).toEqual([mark('j1', 'Pneumothorax'), mark('b1', 'Edema'), mark('a1', 'Edema')]);
});

it('says row by row what a reader said here and at another site', () => {
  const content = { answers: {}, marks: [], verdicts: [], note: '', keyFrames: [], seconds: null };
  const reject = { finding: 'Hernia', verdict: 'reject', shapeId: null, note: 'fold' };
  const history = {
    here: { content: { ...content, answers: { quality: 1 }, marks: [mark('a', 'Edema')], note: 'tube' } },
    there: { content: { ...content, verdicts: [reject], keyFrames: [10, 2] } },
    differs: {
      findings: ['Edema'],
      places: [],
      questions: ['quality'],
      verdicts: ['Hernia'],
      note: true,
      keyFrames: true,
    },
  } as unknown as OtherHistory;
  expect(differenceRows(history, PLAN).map(({ what, here, there }) => [what, here, there])).toEqual([
    ['quality?', 'yes', '–'],
    ['Edema', 'present', 'absent'],
    ['Model’s Hernia', '–', 'rejected: fold'],
    ['Note', 'tube', '–'],
    ['Key images', '–', 'frame 3, frame 11'],
  ]);
});
