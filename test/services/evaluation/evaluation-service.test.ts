/** @file Evaluation on a real library: figures against scikit-learn, stored results, the table, films to look at, refusals. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createEvaluationService } from '../../../main/services/evaluation/evaluation-service.ts';
import { createSignIn } from '../../../main/services/review/sign-in.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import {
  evaluation,
  evaluationContract,
  type Evaluation,
  type TaskMetrics,
} from '../../../shared/contract/evaluation.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { call, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { golden, goldenLibrary, type GoldenTask } from './golden.ts';
import { addRun } from './scored-runs.ts';

/** Metrics come from stored scores alone. */
const noEngine = () => Promise.reject(new Error('no figure needs the engine'));

async function opened() {
  const { library, log, dir } = await tempLibrary();
  const signIn = createSignIn(library.store, library.audit, testClock());
  const parts = createEvaluationService({ library, predict: noEngine, clock: testClock(), log, signIn });
  return { library, log, dir, parts, signIn, service: parts.service, ...goldenLibrary(library) };
}

/** Output as the contract lets it through. */
function checked<Name extends Exclude<keyof typeof evaluationContract, 'measure'>>(
  name: Name,
  value: unknown,
): void {
  evaluationContract[name]['~orpc'].outputSchema?.parse(value);
}

function agrees(task: TaskMetrics | undefined, expected: GoldenTask): void {
  expect(task).toMatchObject({ n: expected.n, positives: expected.positives });
  if (expected.auroc === null) {
    expect(task).toMatchObject({ auroc: { value: null, ci: null }, averagePrecision: null, roc: [], pr: [] });
    return;
  }
  const { auroc, averagePrecision, brier, ece } = expected;
  const values = {
    auroc: task?.auroc.value,
    averagePrecision: task?.averagePrecision,
    brier: task?.brier,
    ece: task?.ece,
  };
  for (const [name, value] of Object.entries({ auroc, averagePrecision, brier, ece })) {
    expect(Math.abs((values[name as keyof typeof values] ?? Number.NaN) - value), name).toBeLessThan(1e-12);
  }
  const { tp, fp, tn, fn } = expected;
  expect(task?.operatingPoint).toMatchObject({ rule: "Youden's J on validation", tp, fp, tn, fn });
  expect(task?.operatingPoint?.threshold).toBeCloseTo(expected.youden, 12);
  expect(task?.operatingPoint?.sensitivity.value).toBeCloseTo(tp / (tp + fn), 12);
  expect(task?.operatingPoint?.specificity.value).toBeCloseTo(tn / (tn + fp), 12);
  expect(task?.sensitivityPoints).toMatchObject([
    { target: 0.9, rule: 'sensitivity ≥ 90 % on validation', ...expected.sensitivity['0.9'] },
    { target: 0.95, rule: 'sensitivity ≥ 95 % on validation', ...expected.sensitivity['0.95'] },
  ]);
}

function near(ci: readonly [number, number] | null, expected: readonly [number, number] | undefined): void {
  expect(Math.abs((ci?.[0] ?? Number.NaN) - (expected?.[0] ?? Number.NaN))).toBeLessThan(0.015);
  expect(Math.abs((ci?.[1] ?? Number.NaN) - (expected?.[1] ?? Number.NaN))).toBeLessThan(0.015);
}

describe('the metrics of a run', () => {
  it.each(['none', 'mlcak'] as const)('of %s are those of scikit-learn', async (which) => {
    const { service, add } = await opened();
    const runId = add(which);
    const result = evaluation.parse(await service.run({ runId, part: 'test' }, call));
    const { expected, macro } = golden.runs[which];
    for (const task of result.perFinding) agrees(task, expected[task.name] as GoldenTask);
    agrees({ ...result.t2 }, expected['abnormal'] as GoldenTask);
    expect(result).toMatchObject({ films: 150, patients: 110, t1: { k: 3, of: 4 } });
    expect(Math.abs((result.t1.value ?? Number.NaN) - macro)).toBeLessThan(1e-12);
    near(result.t1.ci, golden.bootstrap[`${which}.t1`]);
    near(result.t2.auroc.ci, golden.bootstrap[`${which}.t2`]);
  });

  it.each(['none', 'mlcak'] as const)(
    'have the temperatures of %s that SciPy finds on validation',
    async (which) => {
      const { service, add } = await opened();
      const { temperature } = await service.run({ runId: add(which), part: 'test' }, call);
      for (const head of ['t1', 't2'] as const) {
        const expected = golden.runs[which].temperature[head];
        const found = temperature?.[head];
        expect((found?.temperature ?? NaN) / expected.temperature).toBeCloseTo(1, 5);
        expect(found?.ece.before).toBeCloseTo(expected.ece[0], 12);
        expect(found?.ece.after).toBeCloseTo(expected.ece[1], 5);
        expect(found?.brier.before).toBeCloseTo(expected.brier[0], 12);
        expect(found?.brier.after).toBeCloseTo(expected.brier[1], 6);
      }
      const known = (index: number | null) =>
        golden.films.filter(
          ({ part, t1, abnormal }) =>
            part === 'validation' && (index === null ? abnormal : (t1[index] ?? null)) !== null,
        ).length;
      expect(temperature?.t2?.fittedOn).toBe(known(null));
      expect(temperature?.t1?.fittedOn).toBe(
        golden.findings.reduce((sum, _, index) => sum + known(index), 0),
      );
    },
  );

  it('of an older version are renewed, and stand where the scores are lost', async () => {
    const { library, service, add } = await opened();
    const [runId, lost] = [add('mlcak'), add('mlcak')];
    const whole = await service.run({ runId, part: 'test' }, call);
    const withoutTemperature = { t1: null, t2: null };
    for (const id of [runId, lost]) {
      library.store.evaluations.put(
        {
          ...evaluation.parse(whole),
          ...{ runId: id, temperature: withoutTemperature },
        },
        library.store.imports.endedSeq(),
      );
    }
    library.store.comparisons.putReplicates(runId, 'test', 'an older version', {
      films: '0'.repeat(64),
      t1: { value: null, values: new Float64Array(1) },
      t2: { value: null, values: new Float64Array(1) },
    });
    rmSync(join(library.files.runsDir, lost, 'scores.json'));
    expect((await service.run({ runId, part: 'test' }, call)).temperature).toEqual(whole.temperature);
    expect((await service.run({ runId: lost, part: 'test' }, call)).temperature).toEqual(withoutTemperature);
  });

  it('say what to beware of', async () => {
    const { service, add } = await opened();
    const { notes, perFinding } = await service.run({ runId: add('none'), part: 'test' }, call);
    expect(perFinding.map(({ name, unstable }) => [name, unstable])).toEqual([
      ['Edema', false],
      ['Cardiomegaly', false],
      ['Pneumothorax', true],
      ['Hernia', true],
    ]);
    const text = notes.join('\n');
    expect(text).toContain('No AUROC for Hernia (no positive)');
    expect(text).toContain('3 of 4 findings');
    expect(text).toContain('Pneumothorax (8 positive)');
    expect(text).toContain('7 films without a normal/abnormal label');
    expect(text).toContain('150 films come from 110 patients');
    expect(text).toContain('No operating point for Hernia');
  });

  it('are stored when a run ends and read back as they were', async () => {
    const { library, parts, service, add, splitId } = await opened();
    const { findings } = golden;
    const runId = addRun(
      library,
      { method: 'teacher', resolution: 224, splitId, findings },
      [],
      'evaluating',
    );
    copyScores(library, add('mlcak'), runId);
    await parts.evaluateRun(runId);
    const stored = library.store.evaluations.find(runId, 'test') as Evaluation;
    expect(stored.t1.value).toBeCloseTo(golden.runs.mlcak.macro, 12);
    rmSync(join(library.files.runsDir, runId, 'scores.json'));
    expect(await service.run({ runId, part: 'test' }, call)).toEqual(stored);
    expect(await parts.summary(runId)).toEqual({
      t1: {
        macro: stored.t1.value,
        ci: stored.t1.ci,
        k: 3,
        of: 4,
        perFinding: Object.fromEntries(stored.perFinding.map(({ name, auroc }) => [name, auroc.value])),
      },
      t2: { auroc: stored.t2.auroc.value, ci: stored.t2.auroc.ci },
    });
    expect((await parts.summary(runId)).t1.perFinding['Hernia']).toBeNull();
  });

  it('are computed again when an import may have changed labels', async () => {
    const { library, service, add } = await opened();
    const runId = add('mlcak');
    const before = await service.run({ runId, part: 'test' }, call);
    const film = library.store.splits.dataset(library.store.runs.get(runId).splitId, []).at(-1);
    const record = library.store.films.find(film?.filmId as never);
    library.store.films.setFacts(record?.no ?? 0, { abnormal: record?.abnormal !== true });
    expect(await service.run({ runId, part: 'test' }, call)).toEqual(before);
    const importId = 'import-0000000000000002' as never;
    // long ago, by a clock that was set back
    library.store.imports.begin(importId, 'files', 1000);
    library.store.imports.end(importId, { state: 'finished', summary: null, error: null }, 1001);
    const after = await service.run({ runId, part: 'test' }, call);
    expect(Math.abs(after.t2.positives - before.t2.positives)).toBe(1);
    expect(after.t1).toEqual(before.t1);
  });

  it('on validation warn that thresholds come from the same films', async () => {
    const { service, add } = await opened();
    const result = await service.run({ runId: add('mlcak'), part: 'validation' }, call);
    checked('run', result);
    expect(result).toMatchObject({ part: 'validation', films: 80, patients: 60 });
    expect(result.notes[0]).toContain('Judge by the test part');
  });

  it('keep at most 200 points a curve', async () => {
    const { service, add } = await opened();
    const { t2 } = await service.run({ runId: add('mlcak'), part: 'test' }, call);
    expect(t2.roc.length).toBeLessThanOrEqual(200);
    expect(t2.roc[0]).toEqual({ x: 0, y: 0, threshold: null });
    expect(t2.roc.at(-1)).toMatchObject({ x: 1, y: 1 });
  });
});

function copyScores({ files }: OpenLibrary, from: RunId, to: RunId): void {
  copyFileSync(join(files.runsDir, from, 'scores.json'), join(files.runsDir, to, 'scores.json'));
}

describe('the table of results', () => {
  it('has finished runs only, each student against the one without distillation', async () => {
    const { library, service, add, splitId } = await opened();
    const { findings } = golden;
    const teacher = add('mlcak', { method: 'teacher', resolution: 224 });
    const lonely = add('mlcak', { resolution: 56, teacherRunId: teacher });
    const otherSeed = add('none', { seed: 2 });
    const none = add('none');
    const student = add('mlcak', { teacherRunId: teacher });
    addRun(library, { method: 'none', resolution: 112, splitId, findings }, null, 'training');
    const rows = await service.table({}, call);
    checked('table', rows);
    expect(rows.map(({ runId }) => runId)).toEqual([teacher, lonely, otherSeed, none, student]);
    const compared = rows.filter(({ differenceToNone }) => differenceToNone !== null);
    expect(compared.map(({ runId }) => runId)).toEqual([student]);
    const { t1, t2 } = compared[0]?.differenceToNone ?? { t1: null, t2: null };
    expect(t1?.value).toBeCloseTo(golden.runs.mlcak.macro - golden.runs.none.macro, 12);
    near(t1?.ci ?? null, golden.bootstrap['difference.t1']);
    near(t2?.ci ?? null, golden.bootstrap['difference.t2']);
    // Comparing a run with itself is exactly nothing.
    const same = add('none', { method: 'vanilla', teacherRunId: teacher, resolution: 28 });
    const row = (await service.table({}, call)).find(({ runId }) => runId === same);
    expect(row?.differenceToNone).toEqual({ t1: { value: 0, ci: [0, 0] }, t2: { value: 0, ci: [0, 0] } });
  });

  it('computes a difference once for the same weights', async () => {
    const { library, service, add } = await opened();
    add('none');
    const student = add('mlcak');
    const first = (await service.table({}, call)).find(({ runId }) => runId === student);
    for (const { id } of library.store.runs.list()) rmSync(join(library.files.runsDir, id, 'scores.json'));
    expect((await service.table({}, call)).find(({ runId }) => runId === student)).toEqual(first);
  });

  it('keeps the row of a run whose scores are lost, and opening it says what to do', async () => {
    const { library, service, splitId, log } = await opened();
    const runId = addRun(
      library,
      { method: 'none', resolution: 28, splitId, findings: golden.findings },
      null,
    );
    const rows = await service.table({}, call);
    checked('table', rows);
    expect(rows).toMatchObject([{ runId, t1: { value: null, of: 4 }, differenceToNone: null }]);
    expect(log.lines.join('\n')).toContain(runId);
    await expect(service.run({ runId, part: 'test' }, call)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('train it again') as string,
    });
  });

  it('says when distillation is not shown to help', async () => {
    const { service, add } = await opened();
    add('none');
    const worse = add('none', { method: 'vanilla' });
    const alone = add('mlcak', { resolution: 56 });
    const notesOf = async (runId: RunId) =>
      (await service.run({ runId, part: 'test' }, call)).notes.join('\n');
    expect(await notesOf(worse)).toContain(
      'Vanilla KD is not shown to beat the student without distillation in T1',
    );
    expect(await notesOf(alone)).toContain('train a student without distillation of the same model');
    const better = add('mlcak');
    expect(await notesOf(better)).not.toContain('not shown to beat');
  });
});

describe('films to look at', () => {
  it('are the best, the worst, and those furthest from the teacher', async () => {
    const { service, add } = await opened();
    const teacher = add('mlcak', { method: 'teacher', resolution: 224 });
    const student = add('none', { method: 'vanilla', teacherRunId: teacher });
    const best = await service.cases({ runId: student, kind: 'best', limit: 100 }, call);
    const worst = await service.cases({ runId: student, kind: 'worst', limit: 12 }, call);
    checked('cases', best);
    expect(worst).toHaveLength(12);
    const test = golden.films.flatMap((film, index) => (film.part === 'test' ? [{ ...film, index }] : []));
    const errors = test
      .flatMap(({ abnormal, index }) =>
        abnormal === null ? [] : [Math.abs(abnormal - (golden.runs.none.rows[index]?.t2 ?? Number.NaN))],
      )
      .sort((a, b) => a - b);
    expect(best.map(({ gap }) => gap)).toEqual(errors.slice(0, 100));
    expect(worst.map(({ gap }) => gap)).toEqual(errors.toReversed().slice(0, 12));
    const gaps = test
      .map(({ index }) =>
        Math.abs((golden.runs.mlcak.rows[index]?.t2 ?? 0) - (golden.runs.none.rows[index]?.t2 ?? 0)),
      )
      .sort((a, b) => b - a);
    const disagreed = await service.cases({ runId: student, kind: 'disagreed', limit: 20 }, call);
    expect(disagreed.map(({ gap }) => gap)).toEqual(gaps.slice(0, 20));
    expect(disagreed[0]?.name).toMatch(/^film \d+\.dcm$/);
    // Held against the newest teacher of the same split where there is none of its own.
    const none = add('none');
    expect(
      (await service.cases({ runId: none, kind: 'disagreed', limit: 20 }, call)).map(({ gap }) => gap),
    ).toEqual(gaps.slice(0, 20));
    expect(await service.cases({ runId: teacher, kind: 'disagreed', limit: 20 }, call)).toEqual([]);
  });
});

describe('refusals', () => {
  it.each([
    ['queued', 'queue'],
    ['training', 'Wait'],
    ['paused', 'Resume'],
    ['interrupted', 'Resume'],
    ['failed', 'Resume'],
    ['cancelled', 'anew'],
  ] as const)('a run that is %s has no results and says what to do', async (state, word) => {
    const { library, service, parts, splitId } = await opened();
    const { findings } = golden;
    const runId = addRun(library, { method: 'none', resolution: 28, splitId, findings }, null, state);
    const refusal = { code: 'CONFLICT', message: expect.stringContaining(word) as string };
    await expect(service.run({ runId, part: 'test' }, call)).rejects.toMatchObject(refusal);
    await expect(service.cases({ runId, kind: 'best', limit: 3 }, call)).rejects.toMatchObject(refusal);
    await expect(parts.evaluateRun(runId)).rejects.toMatchObject(refusal);
  });

  it('training films, unknown runs, damaged scores', async () => {
    const { library, service, add } = await opened();
    const runId = add('none');
    const refusedBy = (part: 'train' | 'test', id: RunId) => async () =>
      await service.run({ runId: id, part }, call);
    await expect(refusedBy('train', runId)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(refusedBy('test', 'run-99999999' as RunId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const path = join(library.files.runsDir, runId, 'scores.json');
    const rows = JSON.parse(readFileSync(path, 'utf8')) as { part: string; t1: number[] }[];
    for (const broken of [
      '[{"filmId":',
      JSON.stringify(rows.map((row) => ({ ...row, t1: row.t1.slice(1) }))),
      JSON.stringify(rows.map((row) => ({ ...row, part: row.part === 'test' ? 'validation' : 'test' }))),
    ]) {
      writeFileSync(path, broken);
      await expect(refusedBy('test', runId)).rejects.toMatchObject({ code: 'CORRUPT_LIBRARY' });
    }
  });
});
