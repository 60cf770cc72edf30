/** @file Words of studies: how a cell and a study stand, what a system is, what the whole costs. */
import type { Study, StudyCell, StudyEstimate } from '../../../../shared/contract/study.ts';
import { PAPER_SYSTEMS, type CellState, type StudyState } from '../../../../shared/domain/study.ts';
import { counted } from '../../ui/counted.ts';
import { METHOD_WHY, MODEL_WORDS, roughly } from '../training/run-words.ts';

type Tone = 'neutral' | 'accent' | 'good' | 'caution' | 'bad';

export const CELL_WORDS: Readonly<Record<CellState, readonly [words: string, tone: Tone]>> = {
  waiting: ['Waiting', 'neutral'],
  running: ['Running', 'accent'],
  paused: ['Paused', 'caution'],
  done: ['Done', 'good'],
  'left-out': ['Left out', 'neutral'],
  failed: ['Failed', 'bad'],
  blocked: ['No teacher', 'caution'],
};

export const STUDY_WORDS: Readonly<Record<StudyState, readonly [words: string, tone: Tone]>> = {
  running: ['Running', 'accent'],
  paused: ['Paused', 'caution'],
  finished: ['Finished', 'good'],
  failed: ['Failed', 'bad'],
};

/** What goes and what stays when a study is removed. */
export const REMOVE_WORDS =
  'The study is forgotten: its plan, its order, its table. All its runs are kept with their weights and results, in Teacher, Students and Evaluate.';

/** One sentence on a system. */
export function systemWhy(name: string): string {
  if (name === 'vanilla-hinton') {
    return "As vanilla KD, but in Hinton's form: both sides are softened by a temperature before they are compared.";
  }
  const known = PAPER_SYSTEMS.find((system) => system.name === name);
  return METHOD_WHY[known?.method ?? 'teacher'];
}

/** `MLCAK · Tiny · 28 px · seed 1`. */
export function cellWords(cell: Pick<StudyCell, 'title' | 'model' | 'resolution' | 'seed'>): string {
  return `${cell.title} · ${modelShort(cell.model)} · ${cell.resolution} px · seed ${cell.seed}`;
}

export function modelShort(model: StudyCell['model']): string {
  return MODEL_WORDS[model].replace('ViT-', '');
}

/** `7 of 18 done, 1 failed`. */
export function countWords(study: Study): string {
  const wanted = study.cells.filter(({ state }) => state !== 'left-out');
  const count = (state: CellState): number => study.cells.filter((cell) => cell.state === state).length;
  const more = [
    [count('failed'), 'failed'],
    [count('blocked'), 'without a teacher'],
    [count('left-out'), 'left out'],
  ] as const;
  return [
    `${count('done')} of ${counted(wanted.length, 'cell')} done`,
    ...more.flatMap(([number, words]) => (number > 0 ? [`${number} ${words}`] : [])),
  ].join(', ');
}

/** `18 cells × about 12 min = 3 h 40 min`; what is done already in a second sentence. */
export function costWords(estimate: StudyEstimate): readonly string[] {
  const done = estimate.cells.filter(({ doneBy }) => doneBy !== null).length;
  const todo = estimate.cells.length - done;
  const already =
    done === 0
      ? []
      : [`${counted(done, 'cell')} ${done === 1 ? 'is' : 'are'} done already and not trained again.`];
  if (todo === 0) return ['Nothing to train.', ...already];
  if (todo === 1 || estimate.seconds / todo < 10) {
    return [`${counted(todo, 'cell')}, about ${roughly(estimate.seconds)}`, ...already];
  }
  return [
    `${counted(todo, 'cell')} × about ${roughly(estimate.seconds / todo)} = ${roughly(estimate.seconds)}`,
    ...already,
  ];
}

/** A rough time for a narrow column: `40 s`, `12 min`, `3.7 h`. */
export function roughlyShort(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(seconds < 35_000 ? 1 : 0)} h`;
}
