/** @file Rows of studies: a plan that never changes, one running at a time, cells in their order, runs that go away. */
import { beforeEach, expect, it, onTestFinished } from 'vitest';

import { openStore, type Store } from '../../main/store/store.ts';
import { studyPlan } from '../../shared/contract/study.ts';
import type { RunId, SplitId, StudyId } from '../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';

const first = 'study-00000001' as StudyId;
const second = 'study-00000002' as StudyId;
const runId = 'run-00000001' as RunId;
const splitId = 'split-00000001' as SplitId;
const plan = studyPlan.parse({
  models: ['tiny'],
  systems: [{ name: 'none', title: 'No distillation', method: 'none' }],
  resolutions: [28],
});
const keys = ['teacher-tiny-224-1', 'none-tiny-28-1', 'none-tiny-56-1'];

let store: Store;

const insert = (id: StudyId, state: 'running' | 'paused' = 'paused'): void =>
  store.studies.insert({ id, name: plan.name, plan, state, createdAt: 5 }, keys);
const order = (): readonly string[] => store.studies.cells(first).map(({ key }) => key);

function insertRun(): void {
  store.splits.insert(
    { id: splitId, name: 'Split', seed: 1, createdAt: 1, request: {}, warnings: [] },
    new Map(),
    [],
  );
  store.runs.insert({
    id: runId,
    name: 'Run',
    configHash: 'a'.repeat(64),
    createdAt: 1,
    config: {
      method: 'none',
      model: 'tiny',
      resolution: 28,
      teacherRunId: null,
      splitId,
      findings: ['Cardiomegaly'],
      recipe: presetRecipe('quick', 'tiny'),
      loss: PAPER_LOSS,
      seed: 1,
      init: null,
      initSha256: null,
      t2Units: 2,
      layerNormEpsilon: 1e-6,
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      preprocessing: 'test',
      input: PAPER_INPUT,
      positiveWeights: null,
      labelRule: 'majority',
      labelVersionId: null,
    },
    progress: {
      phase: 'waiting',
      epoch: 0,
      epochs: 1,
      step: 0,
      steps: 1,
      fraction: 0,
      loss: null,
      imagesPerSecond: null,
      rssBytes: null,
      etaSeconds: null,
    },
  });
}

beforeEach(() => {
  store = openStore(':memory:', { clock: { now: () => 1000 } });
  onTestFinished(() => store.close());
});

it('keeps plan, state, error and the order of cells', () => {
  insert(first);
  expect(store.studies.get(first)).toEqual({
    ...{ id: first, name: 'Study', plan, state: 'paused', createdAt: 5, error: null },
  });
  const error = { code: 'DISK_FULL', message: 'full' };
  store.studies.setState(first, 'failed', error);
  expect(store.studies.find(first)).toMatchObject({ state: 'failed', error });
  expect(order()).toEqual(keys);
  store.studies.reorder(first, keys.toReversed());
  expect(order()).toEqual(keys.toReversed());
  expect(() => store.studies.get(second)).toThrow('no such study');
});

it('one study runs at a time, whoever asks', () => {
  insert(first, 'running');
  insert(second);
  expect(store.studies.running()?.id).toBe(first);
  expect(() => store.studies.setState(second, 'running')).toThrow();
  expect(() => insert('study-00000003' as StudyId, 'running')).toThrow();
  expect(store.studies.list()).toHaveLength(2);
  store.studies.setState(first, 'paused');
  store.studies.setState(second, 'running');
  expect(store.studies.running()?.id).toBe(second);
});

it('a cell keeps its run until the run is removed; an error goes when it gets another', () => {
  insert(first);
  insertRun();
  const [key = ''] = keys;
  store.studies.setError(first, key, { code: 'INCOMPATIBLE', message: 'no' });
  store.studies.setRun(first, key, runId, true);
  expect(store.studies.cells(first)[0]).toEqual({ key, wanted: true, runId, reused: true, error: null });
  store.runs.remove(runId);
  expect(store.studies.cells(first)[0]?.runId).toBeNull();
  expect(store.check()).toEqual([]);
});

it('a study that is removed takes its cells with it and no run', () => {
  insert(first);
  insertRun();
  store.studies.setRun(first, keys[0] ?? '', runId, false);
  store.studies.setWanted(first, keys[1] ?? '', false);
  expect(store.studies.cells(first).map(({ wanted }) => wanted)).toEqual([true, false, true]);
  store.studies.remove(first);
  expect(store.studies.cells(first)).toEqual([]);
  expect(store.runs.list().map(({ id }) => id)).toEqual([runId]);
});
