/** @file What an adjudicator has chosen of the signed reads of a film, row by row, and the decision that follows from it. */
import type { Comparison, Settled } from '../../../../../shared/contract/review-adjudication.ts';
import type { ReadingVersion, ReviewPlan } from '../../../../../shared/contract/review.ts';
import type { ReaderId } from '../../../../../shared/domain/ids.ts';
import { saysFinding } from '../../../../../shared/domain/review.ts';

/** A signed read that counts. */
export interface CountingRead {
  readonly reader: Comparison['reads'][number]['reader'];
  readonly version: ReadingVersion;
}

/** `from`: readers whose marks of the finding are taken over. */
export interface FindingChoice {
  readonly present: boolean;
  readonly from: readonly ReaderId[];
}

export interface Choices {
  readonly answers: Readonly<Record<string, number>>;
  /** A finding that is not among these is not decided yet. */
  readonly findings: Readonly<Record<string, FindingChoice>>;
}

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

const hasMarks = ({ version }: CountingRead, finding: string): boolean =>
  version.content.marks.some((mark) => mark.finding === finding);

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
  const findings: Record<string, FindingChoice> = {};
  for (const finding of saidFindings(plan, reads)) {
    const all = reads.every(({ version }) => saysFinding(version.content, finding));
    if (!all || places.includes(finding)) continue;
    const drawn = reads.find((read) => hasMarks(read, finding));
    findings[finding] = { present: true, from: drawn === undefined ? [] : [drawn.reader.id] };
  }
  return { answers, findings };
}

/** Everything as one reader signed it. */
export function choicesOf(plan: Plan, reads: readonly CountingRead[], reader: ReaderId): Choices {
  const read = reads.find((one) => one.reader.id === reader);
  if (read === undefined) return { answers: {}, findings: {} };
  const findings = saidFindings(plan, reads).map((finding) => {
    const present = saysFinding(read.version.content, finding);
    return [finding, { present, from: hasMarks(read, finding) ? [reader] : [] }] as const;
  });
  return { answers: read.version.content.answers, findings: Object.fromEntries(findings) };
}

/** What an earlier decision chose. */
export function choicesIn(plan: Plan, reads: readonly CountingRead[], settled: Settled): Choices {
  const kept = new Set(settled.marks.map(({ shape }) => shape.id));
  const findings = [...new Set([...saidFindings(plan, reads), ...settled.findings])].map((finding) => {
    const from = reads
      .filter(({ version }) =>
        version.content.marks.some((mark) => mark.finding === finding && kept.has(mark.shape.id)),
      )
      .map(({ reader }) => reader.id);
    return [finding, { present: settled.findings.includes(finding), from }] as const;
  });
  return { answers: settled.answers, findings: Object.fromEntries(findings) };
}

/** A reader's word on a finding is taken: absent, or present with the marks; once more leaves the marks out again. */
export function withFinding(choices: Choices, read: CountingRead, finding: string): Choices {
  const { id } = read.reader;
  const before = choices.findings[finding];
  const says = saysFinding(read.version.content, finding);
  const others = before?.present === true ? before.from.filter((one) => one !== id) : [];
  const takes = says && hasMarks(read, finding) && !(before?.from.includes(id) ?? false);
  const next = { present: says, from: says && takes ? [...others, id] : says ? others : [] };
  return { ...choices, findings: { ...choices.findings, [finding]: next } };
}

/** Rows that differ and are not decided: ids of questions, names of findings. */
export function undecided(plan: Plan, reads: readonly CountingRead[], choices: Choices): readonly string[] {
  const asked = plan.questions
    .filter(({ id }) => reads.some(({ version }) => version.content.answers[id] !== undefined))
    .filter(({ id }) => choices.answers[id] === undefined)
    .map(({ id }) => id);
  return [
    ...asked,
    ...saidFindings(plan, reads).filter((finding) => choices.findings[finding] === undefined),
  ];
}

export function settledOf(plan: Plan, reads: readonly CountingRead[], choices: Choices): Settled {
  const findings = plan.findings.filter((finding) => choices.findings[finding]?.present === true);
  const marks = findings.flatMap((finding) =>
    reads
      .filter(({ reader }) => choices.findings[finding]?.from.includes(reader.id))
      .flatMap(({ version }) => version.content.marks.filter((mark) => mark.finding === finding)),
  );
  return { findings, answers: { ...choices.answers }, marks };
}
