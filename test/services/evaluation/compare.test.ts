/** @file Two runs compared on a real library: against DeLong by definition and Holm by statsmodels, kept, refused, in words. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createEvaluationService } from '../../../main/services/evaluation/evaluation-service.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import { comparison } from '../../../shared/contract/comparison.ts';
import { labelVersionRequest } from '../../../shared/contract/label-version.ts';
import { reviewPlan } from '../../../shared/contract/review.ts';
import type { LabelVersionId, ReaderId, ReviewId, RunId, SplitId } from '../../../shared/domain/ids.ts';
import { call, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { golden, goldenLibrary } from './golden.ts';
import { addRun, addSplit } from './scored-runs.ts';

const noEngine = () => Promise.reject(new Error('no figure needs the engine'));

async function opened() {
  const { library, log } = await tempLibrary();
  const parts = createEvaluationService({
    library,
    predict: noEngine,
    clock: testClock(),
    log,
    signIn: { reader: () => expect.fail('nobody signs in here') },
  });
  return { library, parts, service: parts.service, ...goldenLibrary(library) };
}

function loseScores({ files }: OpenLibrary): void {
  for (const run of readdirSync(files.runsDir))
    rmSync(join(files.runsDir, run, 'scores.json'), { force: true });
}

describe('a comparison', () => {
  it('has the differences, intervals and p values of the references', async () => {
    const { service, add } = await opened();
    const [a, b] = [add('mlcak'), add('none')];
    const result = await service.compare({ a, b, part: 'test' }, call);
    comparison.parse(result);
    expect(result).toMatchObject({
      a: { runId: a },
      b: { runId: b },
      films: 150,
      patients: 110,
      holmOver: 3,
    });
    expect(result.t1.difference.value).toBeCloseTo(golden.runs.mlcak.macro - golden.runs.none.macro, 12);
    for (const task of ['t1', 't2'] as const) {
      const { ci, p } = result[task].difference;
      const expected = golden.bootstrap[`difference.${task}`];
      expect(Math.abs((ci?.[0] ?? NaN) - (expected?.[0] ?? NaN))).toBeLessThan(0.015);
      expect(Math.abs((ci?.[1] ?? NaN) - (expected?.[1] ?? NaN))).toBeLessThan(0.015);
      expect(p).toBeLessThan(0.005);
      expect(p).toBeGreaterThan(0);
    }
    expect(result.perFinding.map(({ name }) => name)).toEqual(golden.findings);
    for (const finding of result.perFinding) {
      const expected = golden.differences[finding.name];
      const [own, other] = (['mlcak', 'none'] as const).map((run) => golden.runs[run].expected[finding.name]);
      expect(finding).toMatchObject({ n: own?.n, positives: own?.positives });
      if (expected === undefined) {
        const none = { value: null, ci: null, p: null };
        expect(finding).toMatchObject({ a: null, b: null, difference: none, holm: null });
        continue;
      }
      expect(finding.a).toBeCloseTo(own?.auroc ?? NaN, 12);
      expect(finding.b).toBeCloseTo(other?.auroc ?? NaN, 12);
      expect(finding.difference.value).toBeCloseTo(expected.value, 12);
      expect(finding.difference.ci?.[0]).toBeCloseTo(expected.ci[0], 10);
      expect(finding.difference.ci?.[1]).toBeCloseTo(expected.ci[1], 10);
      expect((finding.difference.p ?? NaN) / expected.p).toBeCloseTo(1, 8);
      expect((finding.holm ?? NaN) / expected.holm).toBeCloseTo(1, 8);
    }
    expect(result.perFinding.map(({ unstable }) => unstable)).toEqual([false, false, true, true]);
  });

  it('the other way round has the signs turned and the same p values', async () => {
    const { service, add } = await opened();
    const [a, b] = [add('mlcak'), add('none')];
    const one = await service.compare({ a, b, part: 'test' }, call);
    const other = await service.compare({ a: b, b: a, part: 'test' }, call);
    for (const [first, second] of [
      [one.t1.difference, other.t1.difference],
      [one.t2.difference, other.t2.difference],
      ...one.perFinding.map(({ difference }, index) => [difference, other.perFinding[index]?.difference]),
    ]) {
      expect(second?.p).toBe(first?.p);
      if (first?.value == null) expect(second?.value).toBeNull();
      else expect(second?.value).toBeCloseTo(-first.value, 12);
      if (first?.ci) expect(second?.ci?.[0]).toBeCloseTo(-first.ci[1], 12);
    }
  });

  it('of two runs with the same scores shows nothing', async () => {
    const { service, add } = await opened();
    const result = await service.compare({ a: add('none'), b: add('none'), part: 'test' }, call);
    expect(result.t1.difference).toEqual({ value: 0, ci: [0, 0], p: 1 });
    expect(result.perFinding[0]).toMatchObject({ difference: { value: 0, p: 1 }, holm: 1 });
    expect(result.notes.join('\n')).toContain(
      "No single finding differs after Holm's correction over 3 findings",
    );
    expect(result.notes.join('\n')).toContain('does not show that the two are equally good');
  });

  it('says what is shown, and what to beware of', async () => {
    const { service, add } = await opened();
    const [a, b] = [add('mlcak'), add('none')];
    const { notes } = await service.compare({ a, b, part: 'test' }, call);
    const text = notes.join('\n');
    expect(text).toMatch(
      /In T1, “.*” is better than “.*”: \+\.\d{3} \(\+\.\d{3} to \+\.\d{3}\), p (= \.00|< \.001)/,
    );
    expect(text).toContain(
      "2 findings differ after Holm's correction over 3 findings: Edema (+.229) and Cardiomegaly",
    );
    expect(text).toContain('No difference for Hernia');
    expect(text).toContain('the difference says little: Pneumothorax');
    expect(text).toContain('150 films come from 110 patients');
    expect(text).toContain('another seed');
    const validation = await service.compare({ a, b, part: 'validation' }, call);
    expect(validation.notes[0]).toContain('Judge by the test part');
    expect(validation.films).toBe(80);
  });

  it('is kept: asked again it needs no scores, and neither does the difference of any pair', async () => {
    const { library, parts, service, add } = await opened();
    const ids = [add('mlcak'), add('none'), add('none', { seed: 2 })] as const;
    const [a, b, c] = ids;
    const first = await service.compare({ a, b, part: 'test' }, call);
    const runs = ids.map((id) => library.store.runs.get(id));
    for (const run of runs) expect((await parts.replicates(run, 'test')).t1.values).toHaveLength(2000);
    loseScores(library);
    expect(await service.compare({ a, b, part: 'test' }, call)).toEqual(first);
    const [mlcak, none, seed2] = runs as [(typeof runs)[0], (typeof runs)[0], (typeof runs)[0]];
    expect(await parts.difference(mlcak, none, 'test')).toEqual({
      t1: first.t1.difference,
      t2: first.t2.difference,
    });
    expect(await parts.difference(none, seed2, 'test')).toMatchObject({ t1: { value: 0 }, t2: { value: 0 } });
    expect((await parts.difference(seed2, mlcak, 'test'))?.t1.value).toBeCloseTo(
      -(first.t1.difference.value ?? NaN),
      12,
    );
    await expect(service.compare({ a, b: c, part: 'test' }, call)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('is computed again when an import may have changed labels, and goes with its runs', async () => {
    const { library, service, add } = await opened();
    const [a, b] = [add('mlcak'), add('none')];
    const before = await service.compare({ a, b, part: 'test' }, call);
    const film = library.store.splits.dataset(library.store.runs.get(a).splitId, []).at(-1);
    const record = library.store.films.find(film?.filmId as never);
    library.store.films.setFacts(record?.no ?? 0, { abnormal: record?.abnormal !== true });
    const importId = 'import-0000000000000002' as never;
    library.store.imports.begin(importId, 'files', 1_900_000_000_000);
    library.store.imports.end(importId, { state: 'finished', summary: null, error: null }, 1_900_000_000_001);
    const after = await service.compare({ a, b, part: 'test' }, call);
    expect(after.t2.difference.value).not.toBe(before.t2.difference.value);
    expect(after.t1).toEqual(before.t1);
    library.store.runs.remove(b);
    expect(library.store.check()).toEqual([]);
    await expect(service.compare({ a, b, part: 'test' }, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('refused', () => {
  it('are one run twice, training films, runs without scores, unknown runs', async () => {
    const { library, service, add, splitId } = await opened();
    const { findings } = golden;
    const a = add('none');
    const waiting = addRun(library, { method: 'none', resolution: 28, splitId, findings }, null, 'queued');
    const refusal = (b: RunId, part: 'train' | 'test', code: string) =>
      expect(async () => await service.compare({ a, b, part }, call)).rejects.toMatchObject({ code });
    await refusal(a, 'test', 'BAD_INPUT');
    await refusal(add('mlcak'), 'train', 'BAD_INPUT');
    await refusal(waiting, 'test', 'CONFLICT');
    await refusal('run-99999999' as RunId, 'test', 'NOT_FOUND');
  });

  it('are other findings and other films, saying which', async () => {
    const { library, service, add } = await opened();
    const a = add('none');
    const fewer = golden.findings.slice(0, 3);
    const films = library.store.splits.dataset(library.store.runs.get(a).splitId, golden.findings);
    const scored = films.filter(
      (film): film is typeof film & { part: 'validation' | 'test' } => film.part !== 'train',
    );
    const scores = (count: number, test: typeof scored) =>
      test.map(({ filmId, part }) => ({
        filmId,
        part,
        t1: Array.from({ length: count }, () => 0.5),
        t2: 0.5,
      }));
    const about = { method: 'none', resolution: 28 } as const;
    const { splitId } = library.store.runs.get(a).config;
    const otherFindings = addRun(library, { ...about, splitId, findings: fewer }, scores(3, scored));
    await expect(service.compare({ a, b: otherFindings, part: 'test' }, call)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringContaining('different findings (4 and 3)') as string,
    });
    const test = scored.filter(({ part }) => part === 'test');
    const kept = new Set(test.slice(0, 100).map(({ patientKey }) => patientKey));
    const otherSplit = addSplit(
      library,
      ({ id }) => {
        const film = films.find(({ filmId }) => filmId === id);
        return film?.part === 'test' && !kept.has(film.patientKey) ? 'train' : (film?.part ?? 'train');
      },
      'split-00000002' as SplitId,
    );
    const inSplit = scored.filter(({ part, patientKey }) => part === 'validation' || kept.has(patientKey));
    const b = addRun(
      library,
      { ...about, splitId: otherSplit, findings: golden.findings },
      scores(4, inSplit),
    );
    await expect(service.compare({ a, b, part: 'test' }, call)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringContaining('different splits') as string,
    });
    // The same validation films in both splits: comparable there.
    expect((await service.compare({ a, b, part: 'validation' }, call)).films).toBe(80);
  });

  it('is refused where one run learned and is measured by the labels of a review, and the other by the imported ones', async () => {
    const { library, service, add, splitId } = await opened();
    const { store } = library;
    const owner = 'reader-000000000001' as ReaderId;
    const reviewId = 'review-000000000001' as ReviewId;
    const labelVersionId = 'labels-000000000001' as LabelVersionId;
    const [finding = ''] = golden.findings;
    const plan = reviewPlan.parse({
      findings: [finding],
      questions: [],
      blinding: 'hidden',
      runId: null,
      timed: false,
      seed: 1,
    });
    const test = store.splits.dataset(splitId, [finding]).filter(({ part }) => part === 'test');
    store.readers.add({ id: owner, name: 'Olga', role: 'owner', pinHash: null, createdAt: 1 });
    const order = new Map([[owner, test.map(({ filmId }) => filmId)]]);
    store.reviews.begin({ id: reviewId, name: 'Round', plan, createdAt: 1 }, order);
    const turned = new Map(
      test.map(({ filmId, labels: [label] }) => [
        filmId,
        {
          labels: new Map([[finding, label === 1 ? (0 as const) : (1 as const)]]),
          abnormal: undefined,
          boxes: [],
        },
      ]),
    );
    const request = labelVersionRequest.parse({ name: 'Reviewed' });
    store.labelVersions.add(
      { id: labelVersionId, name: 'Reviewed', reviewId, request, madeBy: owner, createdAt: 1 },
      turned,
    );
    const [a, b] = [add('mlcak'), add('mlcak', { labelVersionId })];
    const scoreOf = async (runId: RunId) => {
      const { perFinding } = await service.run({ runId, part: 'test' }, call);
      return perFinding.find(({ name }) => name === finding)?.auroc.value ?? Number.NaN;
    };
    expect(await scoreOf(b)).not.toBeCloseTo(await scoreOf(a), 3);
    await expect(service.compare({ a, b, part: 'test' }, call)).rejects.toMatchObject({
      code: 'INCOMPATIBLE',
      message: expect.stringContaining('the same labels') as string,
    });
  });
});
