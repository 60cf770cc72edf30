/**
 * @file Whether what a reader says fits the session: its questions, its findings, the film, and the model only where it may be
 * seen. The reading desk asks before a version is kept.
 */
import type { ReadingContent, ReviewPlan } from '../../../shared/contract/review.ts';
import { seesModel, type ReadingStage } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';

export interface ContentFacts {
  readonly plan: ReviewPlan;
  /** Of the version that is to be kept. */
  readonly stage: ReadingStage;
  /** null = the film is not in the library any more. */
  readonly frames: number | null;
  /** What the model knows; null = there is no model (any more). */
  readonly modelFindings: readonly string[] | null;
}

function refuse(why: string, detail: Readonly<Record<string, unknown>> = {}): never {
  throw new ServiceError(
    'BAD_INPUT',
    `${why} This change was not saved; what was saved before is kept.`,
    detail,
  );
}

/** @throws ServiceError BAD_INPUT naming what does not fit */
export function checkContent(content: ReadingContent, facts: ContentFacts): void {
  checkAnswers(content, facts.plan);
  for (const { finding } of content.marks) {
    if (!facts.plan.findings.includes(finding)) refuse(`"${finding}" is not a finding of this session.`);
  }
  checkVerdicts(content, facts);
  checkFrames(content, facts.frames);
  if ((content.seconds !== null) !== facts.plan.timed) {
    refuse(facts.plan.timed ? 'This session is timed.' : 'This session is not timed.');
  }
}

function checkAnswers({ answers }: ReadingContent, { questions }: ReviewPlan): void {
  const asked = new Map(questions.map((question) => [question.id, question]));
  for (const [id, answer] of Object.entries(answers)) {
    const question = asked.get(id);
    if (question === undefined) refuse(`The session does not ask "${id}".`);
    if (answer >= question.answers.length) refuse(`"${question.text}" has no such answer.`, { id, answer });
  }
}

function checkVerdicts({ verdicts, marks }: ReadingContent, facts: ContentFacts): void {
  if (verdicts.length === 0) return;
  if (!seesModel(facts.stage, facts.plan.blinding)) {
    refuse('The model is not shown yet, so its findings cannot be judged.');
  }
  const drawn = new Set(marks.map(({ shape }) => shape.id));
  for (const { finding, verdict, shapeId } of verdicts) {
    const isKnown = facts.modelFindings === null || facts.modelFindings.includes(finding);
    if (!isKnown || !facts.plan.findings.includes(finding)) {
      refuse(`"${finding}" is not a finding that the model of this session gives.`);
    }
    if (verdict === 'edit' && shapeId !== null && !drawn.has(shapeId)) {
      refuse(`The shape that replaces the model's "${finding}" is not among the marks.`);
    }
  }
}

function checkFrames({ marks, keyFrames }: ReadingContent, frames: number | null): void {
  if (new Set(keyFrames).size !== keyFrames.length) refuse('A frame is flagged twice.');
  if (frames === null) return;
  const beyond = [...keyFrames, ...marks.map(({ shape }) => shape.frame)].find((frame) => frame >= frames);
  if (beyond !== undefined) refuse(`The film has ${frames} frames; there is no frame ${beyond + 1}.`);
}

/** @throws ServiceError BAD_INPUT naming every question that needs an answer, or a contradiction */
export function checkSigning({ answers, marks, verdicts }: ReadingContent, { questions }: ReviewPlan): void {
  const open = questions.filter(({ id, required }) => required && answers[id] === undefined);
  if (open.length > 0) {
    throw new ServiceError(
      'BAD_INPUT',
      `Answer before signing: ${open.map(({ text }) => text).join(' · ')}. What was saved is kept.`,
      { questions: open.map(({ id }) => id) },
    );
  }
  const shapes = new Set(marks.map(({ shape }) => shape.id));
  const undrawn = verdicts.find(
    ({ verdict, shapeId }) => verdict === 'edit' && (shapeId === null || !shapes.has(shapeId)),
  );
  if (undrawn !== undefined) {
    throw new ServiceError(
      'BAD_INPUT',
      `The model's "${undrawn.finding}" is to be edited, and nothing is drawn in its place. Draw it, or accept or reject the model's; then sign. What was saved is kept.`,
      { finding: undrawn.finding },
    );
  }
  const drawn = new Set(marks.map(({ finding }) => finding));
  const torn = verdicts.find(({ finding, verdict }) => verdict === 'reject' && drawn.has(finding));
  if (torn === undefined) return;
  throw new ServiceError(
    'BAD_INPUT',
    `"${torn.finding}" is drawn on the film, and the model's is rejected. Take one of the two back, or edit instead of rejecting; then sign. What was saved is kept.`,
    { finding: torn.finding },
  );
}
