/** @file What one version of a reading says that the one before it did not. */
import type { ReadingContent, ReviewPlan } from '../../../../../shared/contract/review.ts';

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Short facts, e.g. `2 marks drawn`; empty when nothing was said anew. */
export function changeWords(
  before: ReadingContent | null,
  after: ReadingContent,
  plan: Pick<ReviewPlan, 'questions'>,
): readonly string[] {
  const facts: string[] = [];
  for (const { id, text, answers } of plan.questions) {
    const said = after.answers[id];
    if (said !== before?.answers[id] && said !== undefined) facts.push(`${text} ${answers[said] ?? said}`);
  }
  const old = new Map((before?.marks ?? []).map((mark) => [mark.shape.id, mark]));
  const now = new Set(after.marks.map(({ shape }) => shape.id));
  const drawn = after.marks.filter(({ shape }) => !old.has(shape.id)).length;
  const gone = [...old.keys()].filter((id) => !now.has(id)).length;
  const changed = after.marks.filter((mark) => {
    const known = old.get(mark.shape.id);
    return known !== undefined && !same(known, mark);
  }).length;
  if (drawn > 0) facts.push(`${many(drawn, 'mark')} drawn`);
  if (changed > 0) facts.push(`${many(changed, 'mark')} changed`);
  if (gone > 0) facts.push(`${many(gone, 'mark')} removed`);
  const judged = after.verdicts.filter(
    (verdict) => !(before?.verdicts ?? []).some((known) => same(known, verdict)),
  );
  const VERDICTS = { accept: 'accepted', reject: 'rejected', edit: 'edited' } as const;
  for (const { finding, verdict } of judged) facts.push(`${finding} of the model ${VERDICTS[verdict]}`);
  if ((before?.note ?? '') !== after.note) facts.push(after.note === '' ? 'Note removed' : 'Note written');
  if (!same(before?.keyFrames ?? [], after.keyFrames)) {
    facts.push(after.keyFrames.length > 0 ? 'Key image' : 'No key image any more');
  }
  return facts;
}
