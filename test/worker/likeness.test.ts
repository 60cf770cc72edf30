/** @file What a run keeps of its training films at its end, by the real process: the fit, or why there is none. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { readLikeness } from '../../main/numeric/likeness/likeness-file.ts';
import type { FromTraining, PlanFilm } from '../../shared/worker/protocol.ts';
import { finalHash, makeFilms, runProcess, tinyConfig, writePlan } from './training-process.ts';

type Part = PlanFilm['part'];
const times = (part: Part, count: number): Part[] => Array.from({ length: count }, () => part);

function likenessOf(messages: readonly FromTraining[]) {
  const found = messages.filter((message) => message.type === 'likeness');
  expect(found).toHaveLength(1);
  return found[0]?.likeness ?? expect.fail();
}

it('fits the training films, its limit the largest distance of the validation films', async () => {
  const made = makeFilms([...times('train', 12), ...times('validation', 20), ...times('test', 2)]);
  const { dir, films } = made;
  onTestFinished(() => made.remove());
  const config = tinyConfig({}, { epochs: 1, augment: false });
  const folder = join(dir, 'run');
  const messages = await runProcess(writePlan(folder, films, { config }).path);
  const { outcome, ...films2 } = likenessOf(messages);
  expect(films2).toEqual({ weightsSha256: finalHash(messages), trainFilms: 12, validationFilms: 20 });
  if (!outcome.fitted) throw new Error(outcome.reason);
  expect(outcome.quantile).toBeCloseTo(20 / 21, 12);
  const bytes = readFileSync(join(folder, 'likeness.safetensors'));
  expect(outcome.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  const fit = readLikeness(bytes);
  expect(fit).toMatchObject({ limit: outcome.limit, weightsSha256: finalHash(messages) });
  expect(fit.mean.length).toBe(9 * 192);
  expect(fit.whitening.length).toBe(6 * 9 * 192); // half as many directions as films
  expect(outcome.limit).toBeGreaterThan(0);
});

it('says that two validation films are too few, and keeps no file', async () => {
  const made = makeFilms();
  const { dir, films } = made;
  onTestFinished(() => made.remove());
  const folder = join(dir, 'run');
  const config = tinyConfig({}, { epochs: 1, augment: false });
  const messages = await runProcess(writePlan(folder, films, { config }).path);
  expect(likenessOf(messages)).toMatchObject({
    trainFilms: 0,
    validationFilms: 2,
    outcome: { fitted: false, reason: 'The run has 2 validation films; at least 19 are needed.' },
  });
  expect(existsSync(join(folder, 'likeness.safetensors'))).toBe(false);
  expect(messages.at(-1)).toMatchObject({ type: 'ended', how: 'finished' });
});
