/** @file Which run belongs in which pane of the attention figure. */
import { expect, it } from 'vitest';

import {
  chooseFigureRuns,
  FIGURE_CELLS,
  paneLetter,
  type FigureRun,
} from '../../shared/domain/attention-figure.ts';
import type { RunId, SplitId } from '../../shared/domain/ids.ts';
import { SPLIT_ELSEWHERE } from '../../shared/domain/split-elsewhere.ts';

function run(
  id: string,
  method: FigureRun['method'],
  resolution: number,
  more: Partial<FigureRun> = {},
): FigureRun {
  const splitId = 'split-1' as SplitId;
  const teacherRunId = method === 'mlcak' ? ('t1' as RunId) : null;
  return {
    id: id as RunId,
    method,
    resolution,
    model: 'small',
    splitId,
    teacherRunId,
    seed: 1,
    endedAt: 1,
    ...more,
  };
}

it('names seven panes after the film, teacher first, then each method from sharp to coarse', () => {
  expect(FIGURE_CELLS.map(({ method, resolution }) => `${method} ${resolution}`)).toEqual([
    'teacher 224',
    'none 112',
    'none 56',
    'none 28',
    'mlcak 112',
    'mlcak 56',
    'mlcak 28',
  ]);
  expect([0, 7].map(paneLetter)).toEqual(['(A)', '(H)']);
});

it('takes the newest run of one teacher, split, model and seed, and leaves the others out', () => {
  const runs = [
    run('t1', 'teacher', 224),
    run('n28', 'none', 28),
    run('m28 old', 'mlcak', 28),
    run('m28 new', 'mlcak', 28, { endedAt: 9 }),
    run('m56 other seed', 'mlcak', 56, { seed: 2 }),
    run('n56 other split', 'none', 56, { splitId: 'split-2' as SplitId }),
    run('n112 other model', 'none', 112, { model: 'tiny' }),
    run('m112 other teacher', 'mlcak', 112, { teacherRunId: 't2' as RunId }),
  ];
  expect(chooseFigureRuns(runs)).toEqual(['t1', null, null, 'n28', null, null, 'm28 new']);
});

it('prefers the teacher that fills more panes, and follows the run that was asked for', () => {
  const older = [run('t1', 'teacher', 224), run('m28', 'mlcak', 28)];
  const newer = [run('t2', 'teacher', 224, { endedAt: 5, splitId: 'split-2' as SplitId })];
  expect(chooseFigureRuns([...older, ...newer])[0]).toBe('t1');
  expect(chooseFigureRuns([...older, ...newer], newer[0])[0]).toBe('t2');
  const twin = run('m28 twin', 'mlcak', 28, { endedAt: 0 });
  expect(chooseFigureRuns([...older, twin], twin).at(-1)).toBe('m28 twin');
  expect(chooseFigureRuns([])).toEqual(FIGURE_CELLS.map(() => null));
});

it('finds students beside a teacher from elsewhere, which has no split here', () => {
  const t1 = run('t1', 'teacher', 224, { splitId: SPLIT_ELSEWHERE });
  const plain = run('n28', 'none', 28);
  const runs = [
    t1,
    plain,
    run('m28', 'mlcak', 28),
    run('m56', 'mlcak', 56),
    run('n56 alone', 'none', 56, { splitId: 'split-2' as SplitId, endedAt: 9 }),
  ];
  const shown = ['t1', null, null, 'n28', null, 'm56', 'm28'];
  expect(chooseFigureRuns(runs)).toEqual(shown);
  expect(chooseFigureRuns(runs, plain)).toEqual(shown);
  expect(chooseFigureRuns([t1], t1)).toEqual(['t1', ...Array.from({ length: 6 }, () => null)]);
});
