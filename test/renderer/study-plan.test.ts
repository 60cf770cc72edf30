/** @file The plan of a study from the ticks of its grid: exactly the ticked cells are planned, and the teachers that they need. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  axesOf,
  needsTeacher,
  placeKey,
  places,
  type Place,
} from '../../renderer/src/features/study/plan-cells.ts';
import { moved } from '../../renderer/src/features/study/reorder.ts';
import { seedList } from '../../renderer/src/features/training/seed-list.ts';
import { studyPlan } from '../../shared/contract/study.ts';
import { VIT_VARIANTS } from '../../shared/domain/recipe.ts';
import { plannedCells, TEACHER } from '../../shared/domain/study.ts';

const EVERYTHING = places(VIT_VARIANTS);
const ticksOf = (students: readonly Place[], teachers: readonly (typeof VIT_VARIANTS)[number][] = []) => ({
  students: new Set(students.map(placeKey)),
  teachers: new Set(teachers),
});

it('plans exactly the ticked cells for every seed, and a teacher for whoever is ticked or needs one', () => {
  fc.assert(
    fc.property(
      fc.subarray([...EVERYTHING], { minLength: 1 }),
      fc.subarray([...VIT_VARIANTS]),
      fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('one' as const, 'per-seed' as const),
      (students, teachers, seeds, mode) => {
        const ticks = ticksOf(students, teachers);
        const cells = plannedCells(axesOf(ticks, seeds, mode));
        const planned = cells.filter(({ system }) => system !== TEACHER).map(({ key }) => key);
        const wanted = students.flatMap(({ system, model, resolution }) =>
          seeds.map((seed) => `${system}-${model}-${resolution}-${seed}`),
        );
        expect(new Set(planned)).toEqual(new Set(wanted));
        const taught = VIT_VARIANTS.filter((model) => teachers.includes(model) || needsTeacher(ticks, model));
        const each = mode === 'one' ? seeds.slice(0, 1) : seeds;
        expect(new Set(cells.filter(({ system }) => system === TEACHER).map(({ key }) => key))).toEqual(
          new Set(taught.flatMap((model) => each.map((seed) => `teacher-${model}-224-${seed}`))),
        );
      },
    ),
  );
});

it('makes plans that the contract takes', () => {
  const plan = axesOf(ticksOf(EVERYTHING, VIT_VARIANTS), [1, 2, 3], 'per-seed');
  expect(plan.without).toEqual([]);
  // per model and seed: a teacher and 6 systems at 3 resolutions
  expect(plannedCells(plan)).toHaveLength(3 * 3 * (1 + 18));
  expect(studyPlan.parse(plan).systems).toHaveLength(6);
});

it('moves a waiting cell by one place or onto another, and nowhere else', () => {
  const keys = ['a', 'b', 'c', 'd'];
  expect(moved(keys, 'b', { by: -1 })).toEqual(['b', 'a', 'c', 'd']);
  expect(moved(keys, 'b', { by: 1 })).toEqual(['a', 'c', 'b', 'd']);
  expect(moved(keys, 'a', { onto: 'c' })).toEqual(['b', 'c', 'a', 'd']);
  expect(moved(keys, 'd', { onto: 'a' })).toEqual(['d', 'a', 'b', 'c']);
  for (const [key, move] of [
    ['a', { by: -1 }],
    ['d', { by: 1 }],
    ['x', { by: 1 }],
    ['a', { onto: 'x' }],
    ['a', { onto: 'a' }],
  ] as const)
    expect(moved(keys, key, move)).toBeNull();
});

it('reads seeds as they are typed', () => {
  expect(seedList(' 3, 1;2  2 ', 10)).toEqual([3, 1, 2]);
  for (const text of ['', ',', '1.5', '-1', 'a', '1234567890', '1 2 3']) expect(seedList(text, 2)).toBeNull();
});
