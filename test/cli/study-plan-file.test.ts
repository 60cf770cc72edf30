/** @file What the models of a plan start from, and that the same plan goes on with what it began with. */
import { expect, it } from 'vitest';

import { DEFAULT_PLAN, isSamePlan, withStarts } from '../../main/cli/study-plan-file.ts';
import type { StudyPlan } from '../../shared/contract/study.ts';

const STARTS = [
  { id: 'start-own', bundled: false, model: 'tiny' as const },
  { id: 'bundled-tiny', bundled: true, model: 'tiny' as const },
];
const plan: StudyPlan = { ...DEFAULT_PLAN, models: ['tiny', 'small'] };

it('a model that is not named starts from what comes with the app for its size, else at random', () => {
  expect(withStarts(plan, STARTS).init).toEqual({ tiny: 'bundled-tiny' });
  expect(withStarts(plan, []).init).toEqual({});
});

it('a model starts from what the plan names, `none` is at random', () => {
  expect(withStarts({ ...plan, init: { tiny: 'start-own' } }, STARTS).init).toEqual({ tiny: 'start-own' });
  expect(withStarts({ ...plan, init: { tiny: 'none' } }, STARTS).init).toEqual({});
});

it('a plan that names no start is the one that was begun, whatever that began with', () => {
  expect(isSamePlan(plan, withStarts(plan, STARTS))).toBe(true);
  expect(isSamePlan(plan, plan)).toBe(true); // begun before starts were filled in
  expect(isSamePlan({ ...plan, init: { tiny: 'none' } }, withStarts(plan, STARTS))).toBe(false);
  expect(isSamePlan({ ...plan, init: { tiny: 'none' } }, plan)).toBe(true);
  expect(isSamePlan({ ...plan, init: { tiny: 'start-own' } }, withStarts(plan, STARTS))).toBe(false);
});
