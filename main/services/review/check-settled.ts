/** @file Whether what an adjudicator put together fits its session and film, and what of it no reader said. */
import { isDeepStrictEqual } from 'node:util';

import type { AdjudicatorsOwn, SettledContent } from '../../../shared/contract/review-adjudication.ts';
import type { ReadingContent, ReviewPlan } from '../../../shared/contract/review.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';

interface SettledFacts {
  readonly plan: ReviewPlan;
  /** null = the film is not in the library. */
  readonly frames: number | null;
}

/** What does not fit, as a sentence; null = nothing. */
export function settledProblem(
  { findings, answers, marks }: SettledContent,
  { plan, frames }: SettledFacts,
): string | null {
  const stranger = [...findings, ...marks.map(({ finding }) => finding)].find(
    (finding) => !plan.findings.includes(finding),
  );
  if (stranger !== undefined) return `"${stranger}" is not a finding of this session.`;
  const unsaid = marks.find(({ finding }) => !findings.includes(finding));
  if (unsaid !== undefined) return `"${unsaid.finding}" is drawn, but not among the findings.`;
  for (const [id, answer] of Object.entries(answers)) {
    const question = plan.questions.find((one) => one.id === id);
    if (question === undefined || answer >= question.answers.length) {
      return `The session has no such answer to "${question?.text ?? id}".`;
    }
  }
  const beyond = marks.find(({ shape }) => frames !== null && shape.frame >= frames);
  if (beyond === undefined) return null;
  return `The film has ${frames ?? 0} frames; there is no frame ${beyond.shape.frame + 1}.`;
}

/** @throws ServiceError BAD_INPUT naming what does not fit, and that `nothing` was done */
export function checkSettled(content: SettledContent, facts: SettledFacts, nothing: string): void {
  const problem = settledProblem(content, facts);
  if (problem !== null) throw new ServiceError('BAD_INPUT', `${problem} ${nothing}`);
}

/** What of it none of the reads says in just that way: findings, answers, marks drawn or changed. */
export function ownOf(content: SettledContent, reads: readonly ReadingContent[]): AdjudicatorsOwn {
  const signed = new Map(reads.flatMap(({ marks }) => marks.map((mark) => [mark.shape.id, mark] as const)));
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
  return {
    findings: content.findings.filter((finding) => !reads.some((read) => saysFinding(read, finding))),
    answers: Object.entries(content.answers)
      .filter(([id, answer]) => !reads.some(({ answers }) => answers[id] === answer))
      .map(([id]) => id),
    marks: content.marks
      .filter((mark) => !isDeepStrictEqual(plain(mark), plain(signed.get(mark.shape.id) ?? null)))
      .map(({ shape }) => shape.id),
  };
}

/** True when a decision holds anything that no signed read said. */
export function hasOwn({ findings, answers, marks }: AdjudicatorsOwn): boolean {
  return findings.length + answers.length + marks.length > 0;
}
