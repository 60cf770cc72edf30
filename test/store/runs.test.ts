/** @file Rows of runs: legal moves only, a configuration that never changes, what a restart needs; cached predictions. */
import Database from 'better-sqlite3';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { openDatabase } from '../../main/store/database.ts';
import { MIGRATIONS_DIR, openStore, type Store } from '../../main/store/store.ts';
import type { RunConfig } from '../../shared/contract/training.ts';
import type { FilmId, RunId, SplitId } from '../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import type { Task } from '../../shared/domain/task.ts';

const splitId = 'split-00000001' as SplitId;
const teacher = 'run-00000001' as RunId;
const student = 'run-00000002' as RunId;
const hash = 'a'.repeat(64);
const progress = {
  phase: 'waiting' as const,
  epoch: 0,
  epochs: 5,
  step: 0,
  steps: 10,
  fraction: 0,
  loss: null,
  imagesPerSecond: null,
  rssBytes: null,
  etaSeconds: null,
};

function config(teacherRunId: RunId | null): RunConfig {
  return {
    method: teacherRunId === null ? 'teacher' : 'mlcak',
    model: 'tiny',
    resolution: teacherRunId === null ? 224 : 28,
    teacherRunId,
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
  };
}

let dir: string;
let file: string;
let store: Store;
const clock = { now: () => 1000 };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-runs-'));
  file = join(dir, 'library.db');
  store = openStore(file, { clock });
  store.splits.insert(
    { id: splitId, name: 'Split', seed: 1, createdAt: 1, request: {}, warnings: [] },
    new Map(),
    [],
  );
  add(teacher, null, 1);
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

function add(id: RunId, teacherRunId: RunId | null, createdAt: number): void {
  store.runs.insert({ id, name: id, config: config(teacherRunId), configHash: hash, createdAt, progress });
}

it('a run is queued when it is made, and the oldest waiting run is next', () => {
  add(student, teacher, 2);
  expect(store.runs.nextQueued()).toMatchObject({ id: teacher, state: 'queued', error: null });
  store.runs.move(teacher, 'preparing', 5);
  expect(store.runs.nextQueued()?.id).toBe(student);
  expect(store.runs.get(student).config).toEqual(config(teacher));
  expect(store.runs.students(teacher)).toEqual([student]);
});

it('refuses a move that the state machine does not have and changes nothing', () => {
  expect(() => store.runs.move(teacher, 'finished', 5)).toThrow(
    expect.objectContaining({ code: 'CONFLICT' }),
  );
  expect(store.runs.get(teacher).state).toBe('queued');
});

it('keeps the reason of a failure until the run is queued again; the start stays the first one', () => {
  store.runs.move(teacher, 'preparing', 5);
  store.runs.move(teacher, 'failed', 9, { code: 'DISK_FULL', message: 'full' });
  expect(store.runs.get(teacher)).toMatchObject({ error: { code: 'DISK_FULL' }, startedAt: 5, endedAt: 9 });
  store.runs.move(teacher, 'queued', 10);
  store.runs.move(teacher, 'preparing', 11);
  expect(store.runs.get(teacher)).toMatchObject({ error: null, startedAt: 5, endedAt: null });
});

it('names the runs that a process should be working on after the library is opened again', () => {
  add(student, teacher, 2);
  store.runs.move(teacher, 'preparing', 5);
  store.runs.move(teacher, 'training', 6);
  store.close();
  store = openStore(file, { clock });
  expect(store.runs.active()).toEqual([teacher]);
});

it('the configuration cannot be changed, not even by SQL; a teacher with students cannot be removed', () => {
  add(student, teacher, 2);
  const db = new Database(file);
  expect(() => db.prepare("UPDATE runs SET config = '{}'").run()).toThrow('never changes');
  db.close();
  expect(() => store.runs.remove(teacher)).toThrow('FOREIGN KEY');
  store.runs.remove(student);
  store.runs.remove(teacher);
  expect(store.runs.list()).toEqual([]);
});

it('an epoch and a checkpoint that are made again replace the ones before', () => {
  const record = {
    epoch: 0,
    step: 2,
    loss: 1,
    terms: [{ name: 'bceT1' as const, value: 1, share: 1 }],
    learningRate: 1e-3,
    gradNorm: null,
    validation: { loss: null, t1: null, k: 0, of: 1, t2: 0.5 },
    imagesPerSecond: 3,
    seconds: 4,
    waitedSeconds: null,
    rssBytes: 5,
  };
  store.runs.putEpoch(teacher, record);
  store.runs.putEpoch(teacher, { ...record, loss: 0.5 });
  expect(store.runs.history(teacher)).toEqual([{ ...record, loss: 0.5 }]);
  const last = { kind: 'last' as const, epoch: 0, step: 2, file: 'a', sha256: hash, bytes: 9, createdAt: 1 };
  store.runs.putCheckpoint(teacher, last);
  store.runs.putCheckpoint(teacher, { ...last, step: 4, file: 'b' });
  expect(store.runs.checkpoints(teacher)).toEqual([{ ...last, step: 4, file: 'b' }]);
});

it('a prediction of a film that the library does not have is refused', () => {
  const key = { runId: teacher, filmId: 'film-00000001' as FilmId, weightsSha256: hash };
  expect(store.predictions.find(key)).toBeNull();
  expect(() => store.predictions.put(key, { t1: [0.5], t2: 0.5, distance: null, seconds: 1 }, 1)).toThrow(
    'FOREIGN KEY',
  );
});

it('a fit of the training films is kept whole or not at all, one a run, and goes with its run', () => {
  const common = { weightsSha256: hash, trainFilms: 400, validationFilms: 99 };
  const fitted = {
    ...common,
    file: 'likeness.safetensors',
    sha256: hash,
    bytes: 9,
    limit: 23.5,
    quantile: 0.99,
  };
  expect(store.likeness.find(teacher)).toBeNull();
  store.likeness.put(teacher, { ...common, file: null, reason: 'Too few films.' }, 1);
  expect(store.likeness.find(teacher)).toEqual({
    ...common,
    ...{ file: null, sha256: null, bytes: null, limit: null, quantile: null, reason: 'Too few films.' },
  });
  store.likeness.put(teacher, { ...fitted, reason: null }, 2);
  expect(store.likeness.find(teacher)).toEqual({ ...fitted, reason: null });
  const db = new Database(file);
  expect(() => db.prepare('UPDATE run_likeness SET distance_limit = NULL').run()).toThrow('CHECK');
  expect(() => db.prepare("UPDATE run_likeness SET reason = 'x'").run()).toThrow('CHECK');
  db.close();
  store.runs.remove(teacher);
  expect(store.likeness.find(teacher)).toBeNull();
});

it('a library of the layout before gets the fit’s table, its predictions keep their scores without a distance', () => {
  const older = join(dir, 'older');
  cpSync(MIGRATIONS_DIR, older, { recursive: true });
  for (const name of readdirSync(older)) if (Number(name.slice(0, 4)) >= 18) rmSync(join(older, name));
  const path = join(dir, 'older.db');
  const migrationsDir = pathToFileURL(`${older}/`);
  const { db } = openDatabase(path, { readOnly: false, migrationsDir, now: () => 1, goBackTo: null });
  db.pragma('foreign_keys = OFF');
  db.prepare("INSERT INTO predictions VALUES ('run-00000001', 'film-00000001', ?, '[0.25]', 0.75, 1, 1)").run(
    hash,
  );
  db.close();
  const opened = openStore(path, { clock });
  const key = { runId: teacher, filmId: 'film-00000001' as FilmId, weightsSha256: hash };
  expect(opened.predictions.find(key)).toEqual({ t1: [0.25], t2: 0.75, distance: null, seconds: 1 });
  expect(opened.likeness.find(teacher)).toBeNull();
  opened.close();
});

it('the newest threshold of a task is in force until it is taken back; what was kept before stays on record', () => {
  const by = { readerId: null, byName: 'the command line', reason: '', fitted: 0.3 };
  const keep = (task: Task, threshold: number | null, createdAt: number): void =>
    store.thresholds.add(teacher, { ...by, task, threshold, createdAt });
  keep('t2', 0.4, 1);
  keep('t1:Cardiomegaly', 0.2, 2);
  keep('t2', 0.5, 3);
  expect([...store.thresholds.inForce(teacher).values()]).toMatchObject([
    { task: 't2', threshold: 0.5, fitted: 0.3 },
    { task: 't1:Cardiomegaly', threshold: 0.2 },
  ]);
  keep('t2', null, 4);
  expect([...store.thresholds.inForce(teacher).keys()]).toEqual(['t1:Cardiomegaly']);
  expect(store.thresholds.history(teacher).map(({ threshold }) => threshold)).toEqual([0.4, 0.2, 0.5, null]);
  expect(() => keep('t2', 1.5, 5)).toThrow('CHECK');
  expect(() => keep('t1:', 0.5, 5)).toThrow('CHECK');
});

it('what is told of a complete cache while it is walked through again does not make less of it', () => {
  const key = 'c'.repeat(64);
  const row = { key, teacherRunId: teacher, feature: 'mean' as const, films: 10 };
  const put = (views: number, bytes: number, complete: boolean) =>
    store.runs.putKnowledge({ ...row, views, bytes, complete });
  const kept = () => store.runs.knowledge().map(({ views, bytes, complete }) => ({ views, bytes, complete }));
  put(4, 100, false);
  put(4, 50, false); // walked from its beginning
  expect(kept()).toEqual([{ views: 4, bytes: 100, complete: false }]);
  put(4, 400, true);
  put(4, 100, false);
  put(1, 100, true); // a run of fewer views has what it needs
  expect(kept()).toEqual([{ views: 4, bytes: 400, complete: true }]);
  put(8, 500, false);
  expect(kept()).toEqual([{ views: 4, bytes: 400, complete: true }]);
  put(8, 800, true);
  expect(kept()).toEqual([{ views: 8, bytes: 800, complete: true }]);
});
