/** @file Prediction in a process of its own, on real films: cache, overlays, crash, models that do not exist. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';
import sharp from 'sharp';

import { sha256Of } from '../../../main/files/artifacts.ts';
import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { writeLikeness } from '../../../main/numeric/likeness/likeness-file.ts';
import { runProblems } from '../../../main/services/library/verify-runs.ts';
import type { WorkerHandle, WorkerHost } from '../../../main/services/service-types.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, openTestApp, runToEnd, startRun } from '../../helpers/open-app.ts';
import { call } from '../../helpers/temp-library.ts';

const BOTH = [
  { method: 'last', head: null, target: null },
  { method: 'rollout', head: null, target: null },
] as const;

function watchedHost() {
  const host = createNodeWorkerHost();
  const inference: WorkerHandle[] = [];
  const workerHost: WorkerHost = {
    start(kind, env) {
      const worker = host.start(kind, env);
      if (kind === 'inference') inference.push(worker);
      return worker;
    },
  };
  return { workerHost, inference };
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
  const weightsSha256 = store.runs.checkpoints(runId)[0]?.sha256 ?? '';
  /** A fit by which every film of this world lies between the two limits. */
  const keepFit = (limit: number): void => {
    const facts = { weightsSha256, trainFilms: 10, validationFilms: 99, limit, quantile: 0.99 };
    const whitening = new Float32Array(9 * 192).fill(1);
    const bytes = writeLikeness({ ...facts, mean: new Float32Array(9 * 192), whitening, shrinkage: 0 });
    writeFileSync(join(files.runsDir, runId, 'fit'), bytes);
    const file = { file: 'fit', sha256: sha256Of(bytes), bytes: bytes.length, reason: null };
    store.likeness.put(runId, { ...facts, ...file }, 1);
  };
  keepFit(1e9);
  const like = await predict({ runId, filmId, attention: [...BOTH] }, call);
  expect(like).toMatchObject({ cached: false, t2: first.t2, suitability: { suitable: true } });
  const kept = await predict({ runId, filmId, attention: [] }, call);
  expect(kept).toMatchObject({ cached: true, suitability: like.suitability });
  const { likeness } = kept.suitability;
  if (likeness.state === 'not-fitted') throw new Error(likeness.reason);
  expect(likeness.distance).toBeGreaterThan(0);
  keepFit(0);
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
