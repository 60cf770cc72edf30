/** @file How a run's steps were really taken: decided at its first step, kept in its checkpoints, told wherever its settings are. */
import { PRECISION_WORDS, type Precision } from './recipe.ts';

export const STEP_ENGINES = ['graph', 'eager'] as const;

export interface StepsTaken {
  readonly precision: Precision;
  /** As one compiled graph, or one operation after another. */
  readonly engine: (typeof STEP_ENGINES)[number];
  /** Why not as was asked for; null = they are as asked. */
  readonly why: string | null;
}

/** The precision that was asked for and, where steps were taken in another one, that one and why. */
export function precisionWords(asked: Precision, taken: StepsTaken | null): string {
  const words = PRECISION_WORDS[asked];
  if (taken === null || taken.precision === asked) return words;
  const why = taken.why === null ? '' : `: ${taken.why}`;
  return `${words} asked for, ran in ${PRECISION_WORDS[taken.precision]}${why}`;
}
