/** @file Words for runs: methods, models, phases, what a run may be asked for. Used wherever runs are shown. */
import type { RunSummary } from '../../../../shared/contract/training.ts';
import type { Method, VitVariant } from '../../../../shared/domain/recipe.ts';
import { formatDuration } from '../../../../shared/domain/numbers.ts';
import { canMove, isResumable } from '../../../../shared/domain/run-state.ts';

export const METHOD_WORDS: Readonly<Record<Method, string>> = {
  teacher: 'Teacher',
  none: 'No distillation',
  vanilla: 'Vanilla KD',
  'last-block': 'Last block',
  'one-to-one': 'One to one',
  mlcak: 'MLCAK',
  pretrain: 'Pre-training',
};

export const METHOD_WHY: Readonly<Record<Method, string>> = {
  teacher: 'Trained on labels alone, at 224 px.',
  none: 'The student learns from the labels alone: what distillation has to beat.',
  vanilla: "The student also learns the teacher's outputs (logits) for both tasks.",
  'last-block': "Outputs, and the tokens of the teacher's last block.",
  'one-to-one': "Outputs, and the tokens of every block matched with the teacher's block of the same depth.",
  mlcak:
    "Outputs, and the mean of the tokens over all the teacher's blocks (multi-level collective attention knowledge).",
  pretrain: 'Learns from films without labels; other runs start from its weights.',
};

export const MODEL_WORDS: Readonly<Record<VitVariant, string>> = {
  tiny: 'ViT-Tiny',
  small: 'ViT-Small',
  base: 'ViT-Base',
};

export const PHASE_WORDS: Readonly<Record<RunSummary['progress']['phase'], string>> = {
  waiting: 'Waiting for its turn',
  loading: 'Loading films',
  knowledge: 'Building the knowledge cache',
  compressing: 'Fitting to the larger model',
  training: 'Training',
  validating: 'Validating',
  evaluating: 'Evaluating on the test part',
  done: 'Done',
};

/** What a run does now, in words: its phase while it is at work, else how it stands. */
export function standing(run: RunSummary): string {
  switch (run.state) {
    case 'preparing':
      return run.progress.phase === 'waiting' ? 'Starting' : PHASE_WORDS[run.progress.phase];
    case 'training':
      return PHASE_WORDS[run.progress.phase];
    case 'evaluating':
      return run.method === 'pretrain' ? 'Keeping the weights as a start' : PHASE_WORDS.evaluating;
    case 'queued':
      return 'Waiting for its turn';
    case 'finished':
      return 'Done';
    case 'pausing':
      return 'Pausing after this step';
    case 'paused':
      return 'Paused at a checkpoint';
    case 'cancelling':
      return 'Cancelling';
    case 'cancelled':
      return 'Cancelled';
    case 'interrupted':
      return 'Interrupted; can be resumed';
    case 'failed':
      return 'Stopped by an error';
  }
}

/** The number of an epoch as people count: the wire counts from 0, the window from 1. */
export function epochNumber(epoch: number): number {
  return epoch + 1;
}

/** Ends of a chart's epoch axis for so many epochs; a single one stands in the middle. */
export function epochAxis(epochs: number): readonly [number, number] {
  return epochs > 1 ? [1, epochs] : [0.5, 1.5];
}

/** `3 of 5`: the epoch that is trained now or was trained last; `0 of 5` before the first step. */
export function epochWords(progress: RunSummary['progress']): string {
  if (progress.epochs === 0) return '–';
  const begun = progress.step > 0 || progress.phase === 'training';
  const shown = begun ? Math.min(epochNumber(progress.epoch), progress.epochs) : 0;
  return `${shown} of ${progress.epochs}`;
}

/** `MLCAK 28 px · seed 1`: short words for legends. */
export function shortName(run: { method: Method; resolution: number; seed: number }): string {
  return `${METHOD_WORDS[run.method]} ${run.resolution}`;
}

/** An estimated time: not exact to the second. */
export function roughly(seconds: number): string {
  if (seconds < 600) return formatDuration(Math.max(10, Math.round(seconds / 10) * 10));
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  return formatDuration(Math.round(seconds / 600) * 600);
}

export interface Allowed {
  readonly pause: boolean;
  readonly resume: boolean;
  readonly stopKeepBest: boolean;
  readonly cancel: boolean;
  readonly remove: boolean;
}

/** Which buttons a run shows. */
export function allowedFor(run: RunSummary): Allowed {
  const { state } = run;
  const moving = state === 'pausing' || state === 'cancelling';
  return {
    pause: !moving && (canMove(state, 'pausing') || state === 'queued'),
    resume: isResumable(state),
    stopKeepBest: state === 'training',
    cancel: !moving && (canMove(state, 'cancelling') || canMove(state, 'cancelled')),
    remove: state === 'finished' || state === 'cancelled' || state === 'failed',
  };
}
