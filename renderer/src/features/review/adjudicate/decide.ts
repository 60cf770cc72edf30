/** @file What an adjudicator has chosen of the signed reads of a film, row by row, and the decision that follows from it. */
import type { Comparison, SettledContent } from '../../../../../shared/contract/review-adjudication.ts';
import type { Mark, ReadingVersion, ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { ReaderId } from '../../../../../shared/domain/ids.ts';
import { saysFinding } from '../../../../../shared/domain/review.ts';

/** A signed read that counts. */
export interface CountingRead {
  readonly reader: Comparison['reads'][number]['reader'];
  readonly version: ReadingVersion;
}

export interface Choices {
  readonly answers: Readonly<Record<string, number>>;
  /** Present or absent where it was said; one with a mark is present. What is neither here nor drawn is not decided yet. */
  readonly findings: Readonly<Record<string, boolean>>;
  /** Taken over from readers as they drew them, changed, or drawn by the adjudicator. */
  readonly marks: readonly Mark[];
}

export const NO_CHOICES: Choices = { answers: {}, findings: {}, marks: [] };

type Plan = Pick<ReviewPlan, 'questions' | 'findings'>;

export function countingReads({ reads }: Pick<Comparison, 'reads'>): readonly CountingRead[] {
  return reads.flatMap(({ reader, first, revised, counts }) => {
    const version = counts === 'revised' ? revised : counts === 'first' ? first : null;
    return version === null ? [] : [{ reader, version }];
  });
}

/** Findings that somebody says, in the order of the plan. */
export function saidFindings({ findings }: Plan, reads: readonly CountingRead[]): readonly string[] {
  return findings.filter((finding) => reads.some(({ version }) => saysFinding(version.content, finding)));
}

const marksOf = ({ version }: CountingRead, finding: string): readonly Mark[] =>
  version.content.marks.filter((mark) => mark.finding === finding);

const same = (a: Mark, b: Mark): boolean =>
  a.finding === b.finding &&
  a.confidence === b.confidence &&
  JSON.stringify(a.shape) === JSON.stringify(b.shape);

/** null = not decided yet. */
export function presence({ findings, marks }: Choices, finding: string): boolean | null {
  return marks.some((mark) => mark.finding === finding) ? true : (findings[finding] ?? null);
}

/** Rows of the table: findings that somebody says, the adjudicator too. */
export function shownFindings(
  plan: Plan,
  reads: readonly CountingRead[],
  choices: Choices,
): readonly string[] {
  const said = saidFindings(plan, reads);
  return plan.findings.filter((finding) => said.includes(finding) || presence(choices, finding) !== null);
}

/** Whether the marks of a reader are among those that shall count, as they were signed. */
export function isTaken({ marks }: Choices, read: CountingRead, finding: string): boolean {
  const own = marksOf(read, finding);
  return own.length > 0 && own.every((mark) => marks.some((one) => same(one, mark)));
}

/** Whose mark it is; null = drawn or changed by the adjudicator. */
export function drawnBy(mark: Mark, reads: readonly CountingRead[]): CountingRead['reader'] | null {
  const drawn = reads.find(({ version }) => version.content.marks.some((one) => same(one, mark)));
  return drawn?.reader ?? null;
}

/** What all readers say alike is chosen already; of places that agree, those of the first who drew them. */
export function agreedChoices(
  plan: Plan,
  reads: readonly CountingRead[],
  { places }: Pick<Comparison['differs'], 'places'>,
): Choices {
  const answers: Record<string, number> = {};
  for (const { id } of plan.questions) {
    const given = reads.map(({ version }) => version.content.answers[id]);
    const [first] = given;
    if (first !== undefined && given.every((answer) => answer === first)) answers[id] = first;
  }
  const agreed = saidFindings(plan, reads).filter(
    (finding) =>
      reads.every(({ version }) => saysFinding(version.content, finding)) && !places.includes(finding),
  );
  const marks = agreed.flatMap(
    (finding) => reads.map((read) => marksOf(read, finding)).find(({ length }) => length > 0) ?? [],
  );
  return { answers, findings: Object.fromEntries(agreed.map((finding) => [finding, true])), marks };
}

/** Everything as one reader signed it. */
export function choicesOf(plan: Plan, reads: readonly CountingRead[], reader: ReaderId): Choices {
  const read = reads.find((one) => one.reader.id === reader);
  if (read === undefined) return NO_CHOICES;
  const { content } = read.version;
  const findings = saidFindings(plan, reads).map(
    (finding) => [finding, saysFinding(content, finding)] as const,
  );
  return { answers: content.answers, findings: Object.fromEntries(findings), marks: content.marks };
}

/** What an earlier decision chose. */
export function choicesIn(plan: Plan, reads: readonly CountingRead[], settled: SettledContent): Choices {
  const findings = [...new Set([...saidFindings(plan, reads), ...settled.findings])].map(
    (finding) => [finding, settled.findings.includes(finding)] as const,
  );
  return { answers: settled.answers, findings: Object.fromEntries(findings), marks: settled.marks };
}

/** A reader's word on a finding is taken: absent, or present with the marks; once more leaves the marks out again. */
export function withFinding(choices: Choices, read: CountingRead, finding: string): Choices {
  if (!saysFinding(read.version.content, finding)) return withPresence(choices, finding, false);
  const theirs = marksOf(read, finding);
  const ids = new Set(theirs.map(({ shape }) => shape.id));
  // A mark of theirs that was changed is as they drew it again.
  const others = choices.marks.filter(({ shape }) => !ids.has(shape.id));
  const marks = isTaken(choices, read, finding) ? others : [...others, ...theirs];
  return { ...choices, findings: { ...choices.findings, [finding]: true }, marks };
}

/** An absent finding has no marks. */
export function withPresence(choices: Choices, finding: string, present: boolean): Choices {
  const marks = present ? choices.marks : choices.marks.filter((mark) => mark.finding !== finding);
  return { ...choices, findings: { ...choices.findings, [finding]: present }, marks };
}

/** Rows that differ and are not decided: ids of questions, names of findings. */
export function undecided(plan: Plan, reads: readonly CountingRead[], choices: Choices): readonly string[] {
  const asked = plan.questions
    .filter(({ id }) => reads.some(({ version }) => version.content.answers[id] !== undefined))
    .filter(({ id }) => choices.answers[id] === undefined)
    .map(({ id }) => id);
  return [...asked, ...saidFindings(plan, reads).filter((finding) => presence(choices, finding) === null)];
}

export function settledOf({ findings }: Plan, choices: Choices): SettledContent {
  return {
    findings: findings.filter((finding) => presence(choices, finding) === true),
    answers: { ...choices.answers },
    marks: [...choices.marks],
  };
}
