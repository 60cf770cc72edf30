/**
 * Times predictions by onnxruntime-node, in turns with ours: node resources/bench/onnx-bench.mjs MODEL.onnx FOLDER tiny 30 [FILMS]
 * FOLDER is one in which `npm install onnxruntime-node` was run; MODEL.onnx comes from export-onnx.py. FILMS are predicted at once, one without it.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { startMeasuredSteps } from '../../main/services/training/measured-steps.ts';

const WARM_UP = 3;
const [model = '', folder = '', variant = 'tiny', steps = '30', count = '1'] = process.argv.slice(2);
const { InferenceSession, Tensor } = createRequire(join(folder, 'package.json'))('onnxruntime-node');
const session = await InferenceSession.create(model);
const batch = Number(count);
const pixels = Float32Array.from({ length: batch * 224 * 224 }, () => Math.random() * 255);
const film = new Tensor('float32', pixels, [batch, 1, 224, 224]);

const settings = {
  what: batch === 1 ? 'predict' : 'predict-batch',
  model: variant,
  batch,
  microBatch: batch,
  films: 1,
  recompute: false,
  precision: 'single',
  tokens: 'upsampled',
};
const ours = startMeasuredSteps(createNodeWorkerHost(), settings);
await ours.ready;

const times = { ours: [], onnxruntime: [] };
for (let step = 0; step < WARM_UP + Number(steps); step += 1) {
  const ms = await ours.step();
  const began = performance.now();
  await session.run({ film });
  const other = performance.now() - began;
  if (step < WARM_UP) continue;
  times.ours.push(ms);
  times.onnxruntime.push(other);
}
await ours.end();
const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
const spread = (values) => [0.25, 0.75].map((q) => sorted(values)[Math.floor(q * values.length)].toFixed(1));
for (const [name, values] of Object.entries(times)) {
  console.log(`${name}: ${median(values).toFixed(1)} ms (quartiles ${spread(values).join('–')})`);
}
console.log(`ratio ${(median(times.ours) / median(times.onnxruntime)).toFixed(2)}`);
