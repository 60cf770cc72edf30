/** @file Which runs stand in a cell of the Students page, and that a student without distillation learns the teacher's labels. */
import { expect, it } from 'vitest';

import { runsOfCell, type CellRun } from '../../renderer/src/features/students/cell-runs.ts';
import type { RunId, SplitId } from '../../shared/domain/ids.ts';
import { SPLIT_ELSEWHERE } from '../../shared/domain/split-elsewhere.ts';

const split = (name: string) => `split-${name}` as SplitId;

function run(id: string, more: Partial<CellRun> = {}): CellRun {
  return {
    id: id as RunId,
    method: 'none',
    resolution: 28,
    model: 'tiny',
    splitId: split('old'),
    teacherRunId: null,
    state: 'finished',
    test: null,
    ...more,
  };
}

const PLAIN = { method: 'none', resolution: 28 } as const;
const MLCAK = { method: 'mlcak', resolution: 28 } as const;
const ids = (runs: readonly CellRun[]) => runs.map(({ id }) => id);

it('has students of the teacher, and plain ones of its model and split', () => {
  const teacher = run('t', { method: 'teacher', resolution: 224 });
  const runs = [
    run('plain'),
    run('other split', { splitId: split('new') }),
    run('other model', { model: 'small' }),
    run('sharper', { resolution: 56 }),
    run('taught', { method: 'mlcak', teacherRunId: teacher.id }),
    run('of another', { method: 'mlcak', teacherRunId: 't2' as RunId }),
  ];
  expect(ids(runsOfCell(PLAIN, runs, teacher, split('new')))).toEqual(['plain']);
  expect(ids(runsOfCell(MLCAK, runs, teacher, split('new')))).toEqual(['taught']);
  expect(runsOfCell(PLAIN, runs, null, split('new'))).toEqual([]);
});

it('has plain students beside a teacher from elsewhere: on the splits of its students, and on the newest', () => {
  const teacher = run('t', { method: 'teacher', resolution: 224, splitId: SPLIT_ELSEWHERE });
  const runs = [
    run('beside its student'),
    run('on the newest', { splitId: split('new') }),
    run('apart', { splitId: split('apart') }),
    run('elsewhere', { splitId: SPLIT_ELSEWHERE }),
    run('taught', { method: 'mlcak', teacherRunId: teacher.id }),
  ];
  expect(ids(runsOfCell(PLAIN, runs, teacher, split('new')))).toEqual([
    'beside its student',
    'on the newest',
  ]);
  expect(ids(runsOfCell(PLAIN, runs.slice(1), teacher, null))).toEqual([]);
  expect(ids(runsOfCell(MLCAK, runs, teacher, split('new')))).toEqual(['taught']);
});
