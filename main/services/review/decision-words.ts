/** @file A decision as exports tell it: who settled, how, why, and what of it is the adjudicator's own. */
import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { ReviewPlan } from '../../../shared/contract/review.ts';
import { hasOwn } from './check-settled.ts';

/** Under which name what was settled stands among the readers. */
export const settledBy = (adjudicator: string): string => `${adjudicator} (settled)`;
/** Under which name boxes stand that no reader drew. */
export const ownOfAdjudicator = (adjudicator: string): string => `${adjudicator} (adjudicator’s own)`;

/** e.g. `Put together: Seen on the lateral film. By the adjudicator alone: drawn Edema; answered How good?` */
export function decisionWords({ basis, reason, settled }: Decision, { questions }: ReviewPlan): string {
  const { own, marks } = settled;
  const how = `${basis === 'accept' ? 'One read accepted' : 'Put together'}: ${reason}`;
  if (!hasOwn(own)) return how;
  const drawn = marks.filter(({ shape }) => own.marks.includes(shape.id)).map(({ finding }) => finding);
  const answered = questions.filter(({ id }) => own.answers.includes(id)).map(({ text }) => text);
  const parts = [
    drawn.length > 0 && `drawn or changed ${drawn.join(', ')}`,
    own.findings.length > 0 && `found ${own.findings.join(', ')}`,
    answered.length > 0 && `answered ${answered.join(' ')}`,
  ].filter((part) => part !== false);
  return `${how} By the adjudicator alone: ${parts.join('; ')}.`;
}
