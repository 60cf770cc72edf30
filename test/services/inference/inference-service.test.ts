/** @file Prediction in a process of its own, on real films: cache, overlays, crash, models that do not exist. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import sharp from 'sharp';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { runProblems } from '../../../main/services/library/verify-runs.ts';
import type { WorkerHandle, WorkerHost } from '../../../main/services/service-types.ts';
import type { EvaluationStore } from '../../../main/store/evaluations.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { keepFit } from '../../helpers/likeness-fit.ts';
import { openAppWithFilms, openTestApp, runToEnd, startRun } from '../../helpers/open-app.ts';
import { call, importAll, tempFolder } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

const BOTH = [
  { method: 'last', head: null, target: null },
  { method: 'rollout', head: null, target: null },
] as const;

function watchedHost() {
  const host = createNodeWorkerHost();
  const inference: WorkerHandle[] = [];
  const sent: unknown[] = [];
  const workerHost: WorkerHost = {
    start(kind, env) {
      const worker = host.start(kind, env);
      if (kind !== 'inference') return worker;
      inference.push(worker);
      return {
        ...worker,
        send(message) {
          sent.push(message);
          worker.send(message);
        },
      };
    },
  };
  return { workerHost, inference, sent };
}

it('has the newest model ready before anybody asks', async () => {
  const { workerHost, inference, sent } = watchedHost();
  const app = await openAppWithFilms({ workerHost });
  await app.inference.warmUp();
  expect(inference).toEqual([]); // no model, no process
  const runId = await startRun(app, { method: 'none', resolution: 28 });
  expect((await runToEnd(app, runId)).state).toBe('finished');

  sent.length = 0;
  await app.inference.warmUp();
  expect(sent).toMatchObject([{ type: 'predict', attention: [{ method: 'rollout' }] }]);
});

type Figures = NonNullable<ReturnType<EvaluationStore['find']>>;

/** A point for T2, whatever validation films allowed. */
function pointOf({ t2 }: Figures): NonNullable<Figures['t2']['operatingPoint']> {
  const none = { value: null, ci: null };
  const rates = { sensitivity: none, specificity: none, ppv: none, npv: none };
  return t2.operatingPoint ?? { threshold: 0.5, rule: 'made', tp: 0, fp: 0, tn: 0, fn: 0, ...rates };
}

it('predicts a film with attention, keeps it, and survives the death of its process', async () => {
  const { workerHost, inference } = watchedHost();
  const app = await openAppWithFilms({ workerHost });
  const runId = await startRun(app, { method: 'none', resolution: 28 });
  expect((await runToEnd(app, runId)).state).toBe('finished');
  const film = app.library.store.splits
    .dataset(app.library.store.runs.get(runId).splitId, [])
    .find(({ part }) => part === 'test');
  const filmId = film?.filmId as FilmId;
  const { predict } = app.inference.service;

  const first = await predict({ runId, filmId, attention: [...BOTH] }, call);
  expect(first).toMatchObject({ cached: false, resolution: 28, inputHref: `bytes/film/${filmId}/input/28` });
  expect(first.t1.map(({ name }) => name)).toEqual(app.library.store.runs.get(runId).config.findings);
  for (const { score } of [first.t2, ...first.t1]) expect(score).toBeGreaterThan(0);
  for (const map of first.attention) {
    expect(map).toMatchObject({ grid: 14 });
    expect(Math.max(...map.values)).toBeCloseTo(1, 6);
    // CLS attention over 196 patches and itself sums to 1 at most
    expect(map.values.reduce((sum, value) => sum + value, 0) * map.peak).toBeLessThanOrEqual(1 + 1e-5);
  }
  // the same scores as the run wrote at its end, computed in another process
  const test = app.library.store.evaluations.find(runId, 'test');
  expect(first.t2.threshold).toBe(test?.t2.operatingPoint?.threshold ?? null);

  // unsure within the band that validation chose, else near the threshold; the band holds the threshold
  if (test === null) throw new Error('the run was not evaluated');
  const { evaluations } = app.library.store;
  const labelsSeq = app.library.store.imports.endedSeq();
  const { score } = first.t2;
  const unsureWith = async (threshold: number, uncertainBand: typeof test.t2.uncertainBand) => {
    const operatingPoint = { ...pointOf(test), threshold };
    evaluations.put({ ...test, t2: { ...test.t2, operatingPoint, uncertainBand } }, labelsSeq);
    return (await predict({ runId, filmId, attention: [] }, call)).t2;
  };
  const band = (from: number, to: number) => ({ from, to, rule: 'as validation says' });
  expect(await unsureWith(score + 0.2, band(score - 0.1, score + 0.1))).toMatchObject({
    uncertain: true,
    band: { from: score - 0.1, to: score + 0.2, rule: 'as validation says' },
  });
  expect(await unsureWith(score - 0.2, band(score - 0.3, score - 0.1))).toMatchObject({ uncertain: false });
  expect(await unsureWith(score, band(score + 0.1, score - 0.1))).toMatchObject({ uncertain: false });
  expect(await unsureWith(score + 0.04, null)).toMatchObject({ uncertain: true });
  expect(await unsureWith(score + 0.06, null)).toMatchObject({ uncertain: false });
  evaluations.put(test, labelsSeq);

  const again = await predict({ runId, filmId, attention: [...BOTH] }, call);
  expect(again).toEqual({ ...first, cached: true, attention: first.attention, seconds: again.seconds });

  const png = await app.inference.attentionPng(runId, filmId, BOTH[0]);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 224, height: 224, channels: 4 });
  const values = first.attention[0]?.values ?? [];
  const alphaAt = (cell: number): number =>
    data[((Math.floor(cell / 14) * 16 + 8) * 224 + (cell % 14) * 16 + 8) * 4 + 3] ?? -1;
  const strongest = values.indexOf(Math.max(...values));
  const weakest = values.indexOf(Math.min(...values));
  expect(alphaAt(strongest)).toBeGreaterThan(alphaAt(weakest) + 60);

  // four validation films are too few to say which films are unlike
  expect(first.suitability).toMatchObject({ suitable: true, reasons: [], likeness: { state: 'not-fitted' } });
  const { store, files } = app.library;
  keepFit(app.library, runId, 1e9);
  const like = await predict({ runId, filmId, attention: [...BOTH] }, call);
  expect(like).toMatchObject({ cached: false, t2: first.t2, suitability: { suitable: true } });
  const kept = await predict({ runId, filmId, attention: [] }, call);
  expect(kept).toMatchObject({ cached: true, suitability: like.suitability });
  const { likeness } = kept.suitability;
  if (likeness.state === 'not-fitted') throw new Error(likeness.reason);
  expect(likeness.distance).toBeGreaterThan(0);
  keepFit(app.library, runId, 0);
  const { suitability } = await predict({ runId, filmId, attention: [] }, call);
  expect(suitability).toMatchObject({ suitable: false, likeness: { state: 'unlike', limit: 0 } });
  expect(suitability.reasons).toEqual([
    expect.stringMatching(
      /^Unlike the films this model learned from: distance [\d.]+, of validation films 99 % are under 0\.0+\.$/,
    ),
  ]);
  writeFileSync(join(files.runsDir, runId, 'fit'), 'torn');
  const row = store.likeness.find(runId);
  if (row === null || row.file === null) throw new Error('a fit was kept');
  store.likeness.put(runId, { ...row, sha256: 'b'.repeat(64) }, 2); // none of the fits in memory
  const torn = await predict({ runId, filmId, attention: [] }, call);
  const reason = expect.stringContaining('Verify the library') as string;
  expect(torn.suitability).toMatchObject({ suitable: true, likeness: { state: 'not-fitted', reason } });
  const problems = await runProblems(store, files);
  expect(problems).toMatchObject([{ code: 'CHECKPOINT', subject: runId }]);

  inference.at(-1)?.kill();
  const others = app.library.store.splits.dataset(app.library.store.runs.get(runId).splitId, []);
  const other = others.find((one) => one.filmId !== filmId)?.filmId as FilmId;
  const ask = async () => await predict({ runId, filmId: other, attention: [] }, call);
  // the death may be met in flight: asking again starts a new process
  const afterwards = await ask().catch(ask);
  expect(afterwards.t2.score).toBeGreaterThan(0);
  expect(inference.length).toBe(2);

  await expect(
    predict({ runId, filmId, attention: [{ method: 'last', head: 99, target: null }] }, call),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

it('tells what speaks against a film by its header and shape, as its pixels are shaped', async () => {
  const app = await openAppWithFilms();
  const runId = await startRun(app, { method: 'none', resolution: 28 });
  expect((await runToEnd(app, runId)).state).toBe('finished');
  const wide = { rows: 40, cols: 100 };
  const films = {
    'strip.dcm': tinyDicom({ ...wide, pixel: pattern(1) }),
    'tall-pixels.dcm': tinyDicom({ ...wide, aspect: '5\\2', pixel: pattern(2) }),
    'tall-spacing.dcm': tinyDicom({ ...wide, spacing: '0.5\\0.2', pixel: pattern(3) }),
    'hand.dcm': tinyDicom({ bodyPart: 'HAND', pixel: pattern(4) }),
    'lateral.dcm': tinyDicom({ view: 'LL', bodyPart: 'CHEST', pixel: pattern(5) }),
    'ct.dcm': tinyDicom({ modality: 'CT', pixel: pattern(6) }),
    'fog.dcm': tinyDicom({ pixel: () => 2000 }),
  };
  const dir = tempFolder();
  for (const [name, bytes] of Object.entries(films)) writeFileSync(join(dir, name), bytes);
  expect((await importAll(app.library, { paths: [dir] })).summary).toMatchObject({ imported: 7 });
  const { store, files } = app.library;
  const byName = (name: string) => {
    const [film] = store.films.findByName(name);
    if (film === undefined) throw new Error(`${name} was taken in`);
    return film;
  };
  const reasons = async (name: string) =>
    (await app.inference.service.predict({ runId, filmId: byName(name).id, attention: [] }, call)).suitability
      .reasons;
  const strip = 'The picture is 2.5 times as wide as tall (100 × 40), too long for a chest film.';
  expect(await reasons('strip.dcm')).toEqual([strip]);
  expect(await reasons('tall-pixels.dcm')).toEqual([]);
  expect(await reasons('tall-spacing.dcm')).toEqual([]);
  expect(await reasons('hand.dcm')).toEqual(['Not a chest film: its header says HAND.']);
  expect(await reasons('lateral.dcm')).toEqual(['View LL is not frontal.']);
  expect(await reasons('ct.dcm')).toEqual(['Modality CT is not a radiograph.']);
  expect(await reasons('fog.dcm')).toEqual(['The film has hardly any contrast.']);

  // films of a library from before: read from the film once, then kept
  const path = join(app.dir, 'library.db');
  const older = new Database(path);
  older.exec('UPDATE films SET body_part = NULL, pixel_aspect = NULL');
  older.close();
  expect(byName('hand.dcm')).toMatchObject({ pixelAspect: null, bodyPart: null });
  expect(await reasons('hand.dcm')).toEqual(['Not a chest film: its header says HAND.']);
  expect(await reasons('tall-pixels.dcm')).toEqual([]);
  expect(byName('hand.dcm')).toMatchObject({ pixelAspect: 1, bodyPart: 'HAND' });
  expect(byName('tall-pixels.dcm')).toMatchObject({ pixelAspect: 2.5, bodyPart: null });
  // its file is gone: what is known without it counts
  const lost = byName('ct.dcm');
  rmSync(files.artifacts.path(lost.originalSha256));
  expect(await reasons('ct.dcm')).toEqual(['Modality CT is not a radiograph.']);

  // no score of a film whose picture is damaged
  writeFileSync(files.artifacts.path(byName('strip.dcm').modelSha256), 'torn');
  await expect(reasons('strip.dcm')).rejects.toMatchObject({ code: 'CORRUPT_LIBRARY' });
});

it('refuses runs without weights and films that are not there', async () => {
  const app = await openTestApp();
  const ids = { runId: 'run-0000000000000000' as RunId, filmId: 'film-0000000000000000' as FilmId };
  await expect(app.inference.service.predict({ ...ids, attention: [] }, call)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

it('predicts by WebAssembly when the native library takes the process with it', async () => {
  const host = createNodeWorkerHost();
  let starts = 0;
  const workerHost: WorkerHost = {
    start(kind, env) {
      const worker = host.start(kind, env);
      starts += 1;
      if (starts === 1) worker.kill(); // as an illegal instruction would
      return worker;
    },
  };
  const app = await openTestApp({ workerHost });
  const info = await app.inference.engineInfo();
  expect(info).toMatchObject({ backend: 'wasm', trainable: false });
  await expect(startRun(app)).rejects.toMatchObject({ code: expect.any(String) as string });
  const status = await app.app.services.system.status({}, call);
  expect(status.engine.label).toBe(
    status.engine.device === 'checking' ? 'Checking engine' : 'Prediction only',
  );
});
