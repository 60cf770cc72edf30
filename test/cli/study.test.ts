/** @file The verb `study` as a process: killed, paused and taken up it ends with the weights of a study that was left alone. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { expect, it } from 'vitest';
import { z } from 'zod';

import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { openStore } from '../../main/store/store.ts';
import { labelVersionRequest } from '../../shared/contract/label-version.ts';
import { splitRequest } from '../../shared/contract/library.ts';
import { reviewPlan } from '../../shared/contract/review.ts';
import type { LabelVersionId, ReaderId, ReviewId, RunId } from '../../shared/domain/ids.ts';
import { runCli } from '../helpers/cli-process.ts';
import { openAppWithFilms } from '../helpers/open-app.ts';
import { call, tempFolder } from '../helpers/temp-library.ts';

const cell = z.object({
  key: z.string(),
  system: z.string(),
  model: z.string(),
  resolution: z.number(),
  seed: z.number(),
  state: z.string(),
  runId: z.string().nullable(),
  t1: z.object({ macro: z.number().nullable(), k: z.number(), of: z.number() }).nullable(),
  t2: z.object({ auroc: z.number().nullable() }).nullable(),
});
const told = z.object({
  studyId: z.string(),
  state: z.string(),
  cells: z.array(cell),
  files: z.array(z.string()),
  error: z.null(),
});
type Told = z.infer<typeof told>;

const PLAN = {
  name: 'Two by two',
  models: ['tiny'],
  systems: [
    { name: 'none', title: 'No distillation', method: 'none' },
    { name: 'mlcak', title: 'MLCAK', method: 'mlcak' },
  ],
  resolutions: [28],
  seeds: [1, 2],
  preset: 'quick',
  recipe: { epochs: 1, batch: 4 },
};

function planFile(plan: unknown): string {
  const file = join(tempFolder(), 'plan.json');
  writeFileSync(file, typeof plan === 'string' ? plan : JSON.stringify(plan));
  return file;
}

/** Two libraries with the same films, patients and split. */
async function twins(): Promise<readonly [string, string]> {
  const { app, dir, library } = await openAppWithFilms();
  await library.service.createSplit(splitRequest.parse({}), call);
  await app.close();
  const copy = join(tempFolder(), 'copy');
  cpSync(dir, copy, { recursive: true });
  return [dir, copy];
}

/** SHA-256 of the final weights of every cell, without what a file says of its run. */
function hashes(library: string, { cells }: Told): readonly string[] {
  return cells.map(({ runId }) => {
    const { weights } = importWeights(readFileSync(join(library, 'runs', runId ?? '', 'final.safetensors')));
    const hash = createHash('sha256');
    for (const [name, values] of weights) hash.update(name).update(values);
    return hash.digest('hex');
  });
}

it.skipIf(process.platform === 'win32')(
  'killed in the middle of a run and paused in the next, the same command goes on to the same weights',
  async () => {
    const [alone, cut] = await twins();
    const plan = planFile(PLAN);
    const whole = await runCli(['study', '--library', alone, '--plan', plan]);
    expect(whole.status, whole.stderr).toBe(0);
    const done = told.parse(whole.json);
    expect(done.state).toBe('finished');
    expect(done.cells.map(({ key, state, t1, t2 }) => [key, state, t1 !== null && t2 !== null])).toEqual([
      ['teacher-tiny-224-1', 'done', true],
      ['none-tiny-28-1', 'done', true],
      ['mlcak-tiny-28-1', 'done', true],
      ['none-tiny-28-2', 'done', true],
      ['mlcak-tiny-28-2', 'done', true],
    ]);

    expect(done.files.map((file) => basename(file))).toEqual([
      'study.html',
      'study.csv',
      'study.tex',
      'study.json',
    ]);
    const [page = '', csv = ''] = done.files.map((file) => readFileSync(file, 'utf8'));
    for (const { title } of PLAN.systems) expect(page).toContain(title);
    expect(csv.trim().split('\n').length).toBeGreaterThan(3);

    const out = join(tempFolder(), 'out');
    const again = ['study', '--library', cut, '--plan', plan, '--out', out];
    const kill = runCli(again, [{ when: 'mlcak-tiny-28-1: running', act: (child) => child.kill('SIGKILL') }]);
    await expect(kill).rejects.toThrow('by a signal without JSON');

    // Another plan is not kept waiting by the study that nobody trains; its cells are all there already.
    const part = planFile({ ...PLAN, name: 'Part', systems: PLAN.systems.slice(0, 1), seeds: [1] });
    const other = await runCli(['study', '--library', cut, '--plan', part]);
    expect(other.status, other.stderr).toBe(0);
    expect(other.stderr).toContain('"Two by two" was cut off');
    expect(other.json).toMatchObject({
      state: 'finished',
      cells: [
        { state: 'done', reused: true },
        { state: 'done', reused: true },
      ],
    });

    const paused = await runCli(again, [
      { when: 'none-tiny-28-2: running', act: (child) => child.kill('SIGINT') },
    ]);
    expect(paused.status, paused.stderr).toBe(0);
    expect(paused.stderr).toContain('Goes on with the study');
    expect(paused.stderr).toContain('the same command goes on');
    expect(told.parse(paused.json)).toMatchObject({
      state: 'paused',
      files: [],
      cells: [{ state: 'done' }, { state: 'done' }, { state: 'done' }, {}, { state: 'waiting' }],
    });
    const finished = await runCli(again);
    expect(finished.status, finished.stderr).toBe(0);
    const resumed = told.parse(finished.json);
    expect(resumed.state).toBe('finished');
    expect(hashes(cut, resumed)).toEqual(hashes(alone, done));

    expect(resumed.files.every((file) => file.startsWith(out) && existsSync(file))).toBe(true);
    const page2 = readFileSync(join(out, 'study.html'), 'utf8');

    const refused = await runCli(again);
    expect(refused).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
    expect(readFileSync(join(out, 'study.html'), 'utf8')).toBe(page2);
    const nothingLeft = told.parse((await runCli([...again, '--force'])).json);
    expect(nothingLeft).toMatchObject({ studyId: resumed.studyId, state: 'finished' });
    const { runs } = z
      .object({ runs: z.array(z.unknown()) })
      .parse((await runCli(['runs', '--library', cut])).json);
    expect(runs).toHaveLength(5);
  },
);

it('tells what a plan would take without starting it; without a plan three systems at three resolutions', async () => {
  const { app, dir, library } = await openAppWithFilms();
  expect(library.store.splits.list()).toEqual([]); // one is made for the estimate and taken back
  await app.close();
  const at = ['study', '--library', dir, '--estimate'];
  const planned = await runCli([...at, '--plan', planFile(PLAN)]);
  expect(planned).toMatchObject({ status: 0, json: { refusals: [] } });
  const small = await runCli(at);
  const { cells, seconds } = z
    .object({ seconds: z.number(), cells: z.array(z.object({ key: z.string(), seconds: z.number() })) })
    .parse(small.json);
  expect(cells).toHaveLength(10);
  expect(seconds).toBeCloseTo(cells.reduce((sum, one) => sum + one.seconds, 0));
  expect((await runCli(['runs', '--library', dir])).json).toEqual({ runs: [] });
});

it('learns a label version that is named, and records it with every run and in the tables', async () => {
  const { app, dir, library } = await openAppWithFilms();
  const { store } = library;
  await library.service.createSplit(splitRequest.parse({}), call);
  const films = store.films.names().map(({ id }) => id);
  const reader = 'reader-000000000001' as ReaderId;
  const review = 'review-000000000001' as ReviewId;
  store.readers.add({ id: reader, name: 'Olga', role: 'owner', pinHash: null, createdAt: 1 });
  const asked = {
    findings: ['Hernia'],
    questions: [],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
  };
  const plan = reviewPlan.parse(asked);
  store.reviews.begin({ id: review, name: 'Round', plan, createdAt: 1 }, new Map([[reader, films]]));
  const labels = (at: number) => new Map([['Hernia', (at % 2) as 0 | 1]]);
  store.labelVersions.add(
    {
      ...{ id: 'labels-000000000001' as LabelVersionId, name: 'Read twice', reviewId: review },
      ...{ request: labelVersionRequest.parse({ name: 'Read twice' }), madeBy: reader, createdAt: 1 },
    },
    new Map(films.map((film, at) => [film, { labels: labels(at), abnormal: undefined, boxes: [] }])),
  );
  await app.close();
  const plain = planFile({ ...PLAN, name: 'Plain', systems: PLAN.systems.slice(0, 1), seeds: [1] });
  const run = ['study', '--library', dir, '--plan', plain];
  const study = async (...options: readonly string[]) => {
    const { status, json, stderr } = await runCli([...run, ...options]);
    expect(status, stderr).toBe(0);
    return told.parse(json);
  };
  const estimated = await runCli([...run, '--estimate', '--label-version', 'READ TWICE']);
  expect(estimated.json).toMatchObject({ refusals: [] });
  const reviewed = await study('--label-version', 'read twice', '--out', join(tempFolder(), 'reviewed'));
  const imported = await study('--out', join(tempFolder(), 'imported'));
  expect([reviewed, imported].map(({ state }) => state)).toEqual(['finished', 'finished']);
  const after = openStore(join(dir, 'library.db'), { clock: Date });
  const configs = ({ cells }: Told) => cells.map(({ runId }) => after.runs.get(runId as RunId).config);
  for (const { labelVersionId, findings } of configs(reviewed)) {
    expect(labelVersionId).toBe('labels-000000000001');
    expect(findings).toContain('Hernia');
  }
  for (const { labelVersionId, findings } of configs(imported)) {
    expect(labelVersionId).toBeNull();
    expect(findings).not.toContain('Hernia');
  }
  after.close();
  const page = ({ files }: Told) => readFileSync(files[0] ?? '', 'utf8');
  expect(page(reviewed)).toContain('Read twice');
  expect(page(imported)).not.toContain('Read twice');
  const unknown = await runCli([...run, '--label-version', 'Read once']);
  expect(unknown).toMatchObject({ status: 2, json: { error: { code: 'NOT_FOUND' } } });
});

it('refuses plans that cannot be meant, and names what is wrong', async () => {
  const { app, dir } = await openAppWithFilms();
  await app.close();
  const wrong: readonly (readonly [unknown, string])[] = [
    ['{', 'not JSON'],
    [{ ...PLAN, modles: ['tiny'] }, 'modles'],
    [{ ...PLAN, recipe: { epoch: 3 } }, 'recipe: Unrecognized key: "epoch"'],
    [{ ...PLAN, systems: [{ ...PLAN.systems[0], method: 'magic' }] }, 'systems[0].method'],
    [{ ...PLAN, resolutions: [28, 100] }, 'resolutions[1]'],
    [{ ...PLAN, without: ['none-tiny-28-3'] }, 'none-tiny-28-3'],
    [{ ...PLAN, init: { tiny: 'weights.safetensors' } }, 'weights.safetensors'],
  ];
  for (const [plan, names] of wrong) {
    const refused = await runCli(['study', '--library', dir, '--plan', planFile(plan)]);
    expect(refused).toMatchObject({
      status: 2,
      json: { error: { message: expect.stringContaining(names) as string } },
    });
  }
  expect((await runCli(['runs', '--library', dir])).json).toEqual({ runs: [] });
});
