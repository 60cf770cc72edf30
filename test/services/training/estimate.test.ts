/** @file What an estimate is made of: rates of this machine, answers that are there, memory, disk. On real films, nothing is trained. */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { estimateRun, rememberRate, type EstimateChoice } from '../../../main/services/training/estimate.ts';
import { configHash, fillRequest } from '../../../main/services/training/run-config.ts';
import { waitingProgress } from '../../../main/services/training/run-views.ts';
import { writePlan } from '../../../main/services/training/write-plan.ts';
import type { RunConfig } from '../../../shared/contract/training.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { runPlan } from '../../../shared/worker/protocol.ts';
import { openAppWithFilms, tinyRequest } from '../../helpers/open-app.ts';

const HERE = 'this machine';
const PLENTY = 1e12;
const memory = { free: PLENTY, total: PLENTY };

async function openWithRequest() {
  const { library } = await openAppWithFilms({ goOn: false });
  const { config, films } = await fillRequest(
    library,
    Date,
    tinyRequest({ recipe: { epochs: 20, batch: 4 } }),
  );
  const insert = (id: RunId, of: RunConfig): void =>
    library.store.runs.insert({
      ...{ id, name: id, config: of, configHash: configHash(of), createdAt: 1 },
      progress: waitingProgress(of, 10),
    });
  const cost = (of: RunConfig, choice: EstimateChoice = {}, machine = HERE) =>
    estimateRun(library, machine, of, films, PLENTY, { memory, ...choice });
  return { library, config, films, insert, cost };
}

const student = (config: RunConfig, teacherRunId: RunId): RunConfig => ({
  ...{ ...config, method: 'mlcak', resolution: 28, teacherRunId },
});

it('goes by the rate of an earlier run of this machine, precision and model, and of no other', async () => {
  const { library, config, cost } = await openWithRequest();
  const rough = cost(config);
  expect(rough.basis).toContain('rule of thumb');
  const epoch = { epoch: 1, step: 6, imagesPerSecond: 0.1 };
  const steps = { precision: 'single', engine: 'graph', why: null } as const;
  const recipe = { ...config.recipe, recompute: true };
  rememberRate(library, 'another machine', { config, steps }, epoch);
  rememberRate(library, HERE, { config, steps: { ...steps, precision: 'mixed' } }, epoch);
  rememberRate(library, HERE, { config, steps: { ...steps, engine: 'eager' } }, epoch);
  rememberRate(library, HERE, { config: { ...config, model: 'base' }, steps }, epoch);
  rememberRate(library, HERE, { config: { ...config, recipe }, steps }, epoch);
  expect(cost(config)).toEqual(rough);
  rememberRate(library, HERE, { config, steps }, epoch);
  const slow = cost(config);
  expect(slow.basis).toContain('earlier run');
  // 10 films of 20 epochs, each 10 s, and what is scored beside them.
  expect(slow.seconds).toBeGreaterThan(2000);
  expect(slow.seconds).toBeLessThan(2 * 2000);
  expect(cost(config, {}, 'another machine').basis).toContain('earlier run');
});

it('counts the answers of a teacher once they are there as the run needs them', async () => {
  const { library, config, films, insert, cost } = await openWithRequest();
  const { runs } = library.store;
  const [teacher, taught] = ['run-00000001', 'run-00000002'] as RunId[] as [RunId, RunId];
  insert(teacher, config);
  const weights = { sha256: 'a'.repeat(64), bytes: 1, epoch: 0, step: 1, createdAt: 1 };
  runs.putCheckpoint(teacher, { kind: 'final', file: 'final.safetensors', ...weights });
  const asks = student(config, teacher);
  insert(taught, asks);
  const unanswered = cost(asks);
  const path = await writePlan(library, runs.get(taught), false);
  const { knowledge } = runPlan.parse(JSON.parse(readFileSync(path, 'utf8')));
  const size = { teacherRunId: teacher, films: 10, views: 1, bytes: 1000, complete: true };
  // Of the same teacher, feature and number of films, but of other ones.
  for (const { key, feature } of knowledge) {
    runs.putKnowledge({ key: [...key].reverse().join(''), feature, ...size });
  }
  expect(cost(asks)).toEqual(unanswered);
  const [logits, mean] = knowledge;
  if (logits === undefined || mean === undefined) throw new Error('a student needs logits and a feature');
  runs.putKnowledge({ ...logits, ...size });
  expect(cost(asks)).toEqual(unanswered);
  runs.putKnowledge({ ...mean, ...size, complete: false });
  expect(cost(asks)).toEqual(unanswered);
  runs.putKnowledge({ ...mean, ...size });
  const answered = cost(asks);
  expect(answered).toEqual(cost(asks, { answered: true }));
  expect(answered.seconds).toBeLessThan(unanswered.seconds);
  // Means of 197 tokens of 192 values of two bytes, of ten films.
  expect(unanswered.keptBytes - answered.keptBytes).toBe(10 * 197 * 192 * 2);
  const changed = films.map((film) => ({ ...film, modelSha256: 'b'.repeat(64) }));
  expect(estimateRun(library, HERE, asks, changed, PLENTY, { memory }).keptBytes).toBe(unanswered.keptBytes);
});

it('asks only for the views that are not there yet', async () => {
  const { library, config, insert, cost } = await openWithRequest();
  const { runs } = library.store;
  const [teacher, taught] = ['run-00000001', 'run-00000002'] as RunId[] as [RunId, RunId];
  insert(teacher, config);
  const weights = { sha256: 'a'.repeat(64), bytes: 1, epoch: 0, step: 1, createdAt: 1 };
  runs.putCheckpoint(teacher, { kind: 'final', file: 'final.safetensors', ...weights });
  const asks = student({ ...config, recipe: { ...config.recipe, augment: true, views: 4 } }, teacher);
  insert(taught, asks);
  const all = cost(asks).keptBytes - cost(asks, { answered: true }).keptBytes;
  const { knowledge } = runPlan.parse(
    JSON.parse(readFileSync(await writePlan(library, runs.get(taught), false), 'utf8')),
  );
  for (const part of knowledge) {
    runs.putKnowledge({ ...part, teacherRunId: teacher, films: 10, views: 3, bytes: 1, complete: true });
  }
  expect(cost(asks).keptBytes - cost(asks, { answered: true }).keptBytes).toBe(all / 4);
});

it('counts the films that lie in memory, and refuses more of them than this computer has memory for', async () => {
  const { library, config, films, cost } = await openWithRequest();
  const many = Array.from({ length: 200_000 }, (_, index) => films[index % films.length]).filter(
    (film) => film !== undefined,
  );
  const of = (total: number) =>
    estimateRun(library, HERE, config, many, PLENTY, { memory: { free: total, total } });
  const more = (200_000 - films.length) * MODEL_SIDE ** 2;
  expect(of(64e9).memoryBytes - cost(config).memoryBytes).toBe(more);
  expect(of(64e9)).toMatchObject({ tooBig: null, warnings: [] });
  expect(of(8e9).tooBig?.code).toBe('OUT_OF_MEMORY');
  expect(of(8e9).tooBig?.message).toContain('200000 films');
  // A step that is too large for what is free is warned of: films at once can be fewer.
  const tight = cost(config, { memory: { free: 1e9, total: 4e9 } });
  expect(tight.tooBig).toBeNull();
  expect(tight.warnings.join(' ')).toContain('of memory is needed');
});

it('refuses what does not fit on the disk', async () => {
  const { library, config, films, cost } = await openWithRequest();
  const { diskBytes } = cost(config);
  const on = (free: number) => estimateRun(library, HERE, config, films, free, { memory }).tooBig;
  expect(on(diskBytes)).toBeNull();
  expect(on(diskBytes - 1)?.code).toBe('DISK_FULL');
});
