/** @file How far a knowledge cache is, as it is told: what was answered by an earlier run is no part of the work. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { CompiledFunctions } from '../../main/numeric/engine/graph/compiled-function.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import { vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import type { Report } from '../../main/worker/run-host.ts';
import { RunReporter } from '../../main/worker/run-reporter.ts';
import { teacherKnowledge } from '../../main/worker/teacher-knowledge.ts';
import type { Wish } from '../../main/worker/stopped.ts';
import { makeFilms, tinyConfig, writePlan } from './training-process.ts';

let made: ReturnType<typeof makeFilms>;
beforeAll(async () => {
  await loadEngine();
  made = makeFilms();
});
afterAll(() => made.remove());

/** Four training films in so many views, three at a time: what is told of them, and of the shards at the end. */
async function build(views: number) {
  const vit = vitConfig('tiny', { t1Units: 1 });
  const bytes = exportWeights(initParameters(vit, 1), vit, 'app');
  const weightsPath = join(made.dir, 'teacher.safetensors');
  writeFileSync(weightsPath, bytes);
  const weightsSha256 = createHash('sha256').update(bytes).digest('hex');
  const config = tinyConfig({ method: 'vanilla' }, { batch: 4, microBatch: 3, augment: true, views });
  const teacherConfig = tinyConfig({ method: 'teacher', resolution: 224 });
  const { plan } = writePlan(join(made.dir, 'run'), made.films, {
    config,
    teacher: { runId: 'run-teacher', weightsPath, weightsSha256, config: teacherConfig },
    knowledge: [{ key: 'k', dir: join(made.dir, 'knowledge'), feature: 'none', point: 'block' }],
  });
  const told: string[] = [];
  const sent: Report[] = [];
  let time = 0;
  const now = () => (time += 1000);
  const reporter = new RunReporter({ epochs: 1, trainFilms: 4, stepsPerEpoch: 1 }, now, ({ step, steps }) =>
    told.push(`${step} of ${steps}`),
  );
  const host = {
    send: (report: Report) => sent.push(report),
    now,
    wish: (): Wish => 'go on',
    takeCheckpointWish: () => false,
    vault: plainVault(),
    between: () => Promise.resolve(),
    functions: new CompiledFunctions({ compile: true, onEager: (why) => expect.unreachable(why) }),
  };
  await teacherKnowledge(
    plan,
    host,
    reporter,
    await FilmSet.load(plainVault(), made.films, 1, vit.imageSize),
  );
  return { told, last: sent.at(-1) };
}

it('counts films, and those of views that are there already not at all', async () => {
  expect((await build(1)).told).toEqual(['3 of 4', '4 of 4']);
  const more = await build(2);
  expect(more.told).toEqual(['3 of 4', '4 of 4']);
  expect(more.last).toMatchObject({ type: 'knowledge', views: 2, complete: true });
  expect((await build(2)).told).toEqual([]);
});
