/** @file The real inference process on the real engine: scores, maps, refusals, and it goes on after a refusal. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { VitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import type { WorkerHandle } from '../../main/services/service-types.ts';
import type { SplitId } from '../../shared/domain/ids.ts';
import { PAPER_INPUT, PAPER_LOSS, presetRecipe } from '../../shared/domain/recipe.ts';
import { fromInference, type FromInference, type ToInference } from '../../shared/worker/protocol.ts';

const vit: VitConfig = {
  variant: 'custom',
  width: 32,
  depth: 2,
  heads: 2,
  mlpRatio: 4,
  patch: 16,
  imageSize: 224,
  layerNormEpsilon: 1e-6,
  t1Units: 2,
  t2Units: 2,
};
const findings = ['Cardiomegaly', 'Pleural effusion'];
const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const image = Uint8Array.from({ length: 224 * 224 }, (_, at) => (at * 7 + Math.floor(at / 224) * 3) % 256);

let dir: string;
let weightsPath: string;
let weightsSha256: string;
let worker: WorkerHandle;
const inbox: FromInference[] = [];
let wake = (): void => undefined;

async function next(): Promise<FromInference> {
  for (;;) {
    const message = inbox.shift();
    if (message !== undefined) return message;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'chestlight-inference-'));
  weightsPath = join(dir, 'final.safetensors');
  const bytes = exportWeights(initParameters(vit, 5), vit, 'app', { normalisation });
  writeFileSync(weightsPath, bytes);
  weightsSha256 = createHash('sha256').update(bytes).digest('hex');
  worker = createNodeWorkerHost().start('inference');
  worker.onMessage((message) => {
    inbox.push(fromInference.parse(message));
    wake();
  });
  expect(await next()).toMatchObject({ type: 'ready', backend: 'tensorflow', trainable: true });
});
afterAll(() => {
  worker.kill();
  rmSync(dir, { recursive: true });
});

type Predict = Extract<ToInference, { readonly type: 'predict' }>;

function configAt(resolution: 224 | 28): Predict['config'] {
  return {
    method: resolution === 224 ? 'teacher' : 'none',
    model: 'tiny',
    resolution,
    teacherRunId: null,
    splitId: 'split-00000001' as SplitId,
    findings,
    recipe: presetRecipe('quick', 'tiny'),
    loss: PAPER_LOSS,
    seed: 1,
    init: null,
    initSha256: null,
    t2Units: 2,
    layerNormEpsilon: 1e-6,
    normalisation,
    preprocessing: 'test',
    input: PAPER_INPUT,
    positiveWeights: null,
    labelRule: 'majority',
    labelVersionId: null,
  };
}

async function predict(change: Partial<Predict> = {}): Promise<FromInference> {
  worker.send({
    type: 'predict',
    request: 7,
    access: null,
    config: configAt(28),
    weightsPath,
    weightsSha256,
    images: [image],
    attention: [],
    features: false,
    ...change,
  } satisfies Predict);
  return await next();
}

/** The prediction of a question about one film. */
function onlyFilm(answer: FromInference) {
  if (answer.type !== 'prediction') throw new Error(JSON.stringify(answer));
  expect(answer.request).toBe(7);
  expect(answer.films).toHaveLength(1);
  return answer.films[0] as (typeof answer.films)[number];
}

it('films that are asked about together have the answers that each has alone', async () => {
  const other = image.map((grey) => 255 - grey);
  const attention = [
    { method: 'last' as const, head: 1, target: null },
    { method: 'rollout' as const, head: null, target: null },
    { method: 'relevance' as const, head: null, target: 'Cardiomegaly' },
  ];
  const together = await predict({ images: [image, other], attention });
  if (together.type !== 'prediction') throw new Error(JSON.stringify(together));
  for (const [film, alone] of [image, other].entries()) {
    const one = onlyFilm(await predict({ images: [alone], attention }));
    const both = together.films[film];
    expect(both?.t2).toBeCloseTo(one.t2, 5);
    one.t1.forEach((score, finding) => expect(both?.t1[finding]).toBeCloseTo(score, 5));
    one.attention.forEach((map, at) => {
      const { values = new Float32Array() } = both?.attention[at] ?? {};
      expect(
        Math.max(...map.values.map((value, patch) => Math.abs(value - (values[patch] ?? 9)))),
      ).toBeLessThan(1e-3);
    });
  }
  expect(together.films[0]?.t2).not.toBeCloseTo(together.films[1]?.t2 ?? 0, 5);
});

it('gives probabilities of both tasks and every kind of map, scaled to its peak', async () => {
  const attention = [
    { method: 'last' as const, head: null, target: null },
    { method: 'last' as const, head: 1, target: null },
    { method: 'rollout' as const, head: null, target: null },
    { method: 'relevance' as const, head: null, target: 'Pleural effusion' },
  ];
  const answer = await predict({ attention });
  const one = onlyFilm(answer);
  for (const score of [...one.t1, one.t2]) expect(score > 0 && score < 1).toBe(true);
  expect(one.t1).toHaveLength(2);
  expect(one.attention.map(({ method, head, target }) => ({ method, head, target }))).toEqual(attention);
  for (const map of one.attention) {
    expect(map.values).toHaveLength(14 * 14);
    expect(Math.max(...map.values)).toBeCloseTo(1, 6);
  }
  // Each head differs from the mean, so the head asked for was used.
  expect(one.attention[1]?.values).not.toEqual(one.attention[0]?.values);
});

it('the resolution changes what the network sees; the same question has the same answer', async () => {
  const low = onlyFilm(await predict());
  const full = onlyFilm(await predict({ config: configAt(224) }));
  const again = onlyFilm(await predict());
  expect(again.t1).toEqual(low.t1);
  expect(full.t2).not.toBe(low.t2);
});

it('refuses other weights than noted, a wrong image, an unknown head or finding, and goes on', async () => {
  const last = (head: number) => [{ method: 'last' as const, head, target: null }];
  const about = [{ method: 'relevance' as const, head: null, target: 'Hernia' }];
  expect(await predict({ weightsSha256: 'b'.repeat(64) })).toMatchObject({ code: 'UNREADABLE_FILE' });
  expect(await predict({ images: [image.slice(1)] })).toMatchObject({ code: 'BAD_INPUT' });
  expect(await predict({ attention: last(2) })).toMatchObject({ code: 'BAD_INPUT' });
  expect(await predict({ attention: about })).toMatchObject({ code: 'BAD_INPUT' });
  worker.send({ type: 'nonsense' });
  expect(await next()).toMatchObject({ type: 'failed', code: 'BAD_INPUT' });
  expect(await predict()).toMatchObject({ type: 'prediction' });
});
