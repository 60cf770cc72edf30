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
  };
}

async function predict(change: Partial<Predict> = {}): Promise<FromInference> {
  worker.send({
    type: 'predict',
    request: 7,
    config: configAt(28),
    weightsPath,
    weightsSha256,
    image,
    attention: [],
    ...change,
  } satisfies Predict);
  return await next();
}

it('gives probabilities of both tasks and every kind of map, scaled to its peak', async () => {
  const attention = [
    { method: 'last' as const, head: null, target: null },
    { method: 'last' as const, head: 1, target: null },
    { method: 'rollout' as const, head: null, target: null },
    { method: 'relevance' as const, head: null, target: 'Pleural effusion' },
  ];
  const answer = await predict({ attention });
  if (answer.type !== 'prediction') throw new Error(JSON.stringify(answer));
  expect(answer.request).toBe(7);
  for (const score of [...answer.t1, answer.t2]) expect(score > 0 && score < 1).toBe(true);
  expect(answer.t1).toHaveLength(2);
  expect(answer.attention.map(({ method, head, target }) => ({ method, head, target }))).toEqual(attention);
  for (const map of answer.attention) {
    expect(map.values).toHaveLength(14 * 14);
    expect(Math.max(...map.values)).toBeCloseTo(1, 6);
  }
  // Each head differs from the mean, so the head asked for was used.
  expect(answer.attention[1]?.values).not.toEqual(answer.attention[0]?.values);
});

it('the resolution changes what the network sees; the same question has the same answer', async () => {
  const low = await predict();
  const full = await predict({ config: configAt(224) });
  const again = await predict();
  if (low.type !== 'prediction' || full.type !== 'prediction' || again.type !== 'prediction')
    throw new Error();
  expect(again.t1).toEqual(low.t1);
  expect(full.t2).not.toBe(low.t2);
});

it('refuses other weights than noted, a wrong image, an unknown head or finding, and goes on', async () => {
  const last = (head: number) => [{ method: 'last' as const, head, target: null }];
  const about = [{ method: 'relevance' as const, head: null, target: 'Hernia' }];
  expect(await predict({ weightsSha256: 'b'.repeat(64) })).toMatchObject({ code: 'UNREADABLE_FILE' });
  expect(await predict({ image: image.slice(1) })).toMatchObject({ code: 'BAD_INPUT' });
  expect(await predict({ attention: last(2) })).toMatchObject({ code: 'BAD_INPUT' });
  expect(await predict({ attention: about })).toMatchObject({ code: 'BAD_INPUT' });
  worker.send({ type: 'nonsense' });
  expect(await next()).toMatchObject({ type: 'failed', code: 'BAD_INPUT' });
  expect(await predict()).toMatchObject({ type: 'prediction' });
});
