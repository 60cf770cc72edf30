/**
 * @file What start weights know before any training: a logistic regression for normal / abnormal on their frozen tokens.
 *   node resources/bench/linear-probe.mjs LIBRARY NAME=WEIGHTS…
 * WEIGHTS is a safetensors file of a ViT, an id of a start of the library, or `random` (seed 1). Prints one JSON line each:
 * AUROC on the test part, its 95 % interval, and the paired difference to the first one, by 2,000 patient resamples.
 */
import { readFileSync } from 'node:fs';

import * as tf from '@tensorflow/tfjs-core';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import { auroc } from '../../main/numeric/metrics/auroc.ts';
import { quantile } from '../../main/numeric/metrics/bootstrap.ts';
import { macroReplicates } from '../../main/numeric/metrics/paired-bootstrap.ts';
import { layerNorm } from '../../main/numeric/vit/layers.ts';
import { forward } from '../../main/numeric/vit/forward.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { disposeParameters, loadParameters } from '../../main/numeric/vit/parameters.ts';
import { vitConfig } from '../../main/numeric/vit/config.ts';
import { importWeights, startFrom } from '../../main/numeric/weights/import-weights.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { startPath } from '../../main/services/training/start-weights.ts';

const [folder, ...given] = process.argv.slice(2);
if (folder === undefined || given.length === 0) {
  console.error('usage: node resources/bench/linear-probe.mjs LIBRARY NAME=WEIGHTS…');
  process.exit(2);
}
const BATCH = 16;
/** Strengths of the L2 penalty; the one with the best AUROC on the validation part counts. */
const PENALTIES = [10, 100, 1000];
const NEWTON_STEPS = 8;

await loadEngine();
const log = { info() {}, warn: console.error, error: console.error };
const library = await openLibrary(folder, {
  workerHost: createNodeWorkerHost(),
  clock: Date,
  log,
  readOnly: true,
});
const [split] = library.store.splits.list();
const films = library.store.splits.dataset(split.id, []).filter(({ abnormal }) => abnormal !== null);

function modelOf(weights) {
  if (weights === 'random') {
    const config = vitConfig('tiny', { t1Units: 1 });
    return {
      config,
      weights: initParameters(config, 1),
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    };
  }
  const imported = importWeights(new Uint8Array(readFileSync(startPath(library, weights))));
  const wanted = vitConfig(imported.config.variant, { t1Units: 1 });
  return { ...startFrom(imported, wanted, 1), normalisation: imported.normalisation };
}

/** Class token after the final norm, beside the mean of the patch tokens: [films][2D]. */
function featuresOf({ config, weights, normalisation }) {
  const parameters = loadParameters(weights, config);
  const rows = [];
  for (let start = 0; start < films.length; start += BATCH) {
    const chosen = films.slice(start, start + BATCH);
    const images = new Float32Array(chosen.length * config.imageSize ** 2);
    chosen.forEach(({ modelSha256 }, at) => {
      images.set(readFileSync(library.files.artifacts.path(modelSha256)), at * config.imageSize ** 2);
    });
    tf.tidy(() => {
      const input = tf.div(tf.tensor4d(images, [chosen.length, config.imageSize, config.imageSize, 1]), 255);
      const { blocks } = forward(parameters, input, config, normalisation, { blocks: true });
      const last = blocks.at(-1);
      const [count, tokens, width] = last.shape;
      const flat = tf.reshape(last, [count * tokens, width]);
      const { value } = layerNorm(
        flat,
        parameters.get('norm.scale'),
        parameters.get('norm.bias'),
        config.layerNormEpsilon,
      );
      const [cls, patches] = tf.split(tf.reshape(value, [count, tokens, width]), [1, tokens - 1], 1);
      const both = tf.concat([tf.reshape(cls, [count, width]), tf.mean(patches, 1)], 1).arraySync();
      rows.push(...both);
    });
  }
  disposeParameters(parameters);
  return rows;
}

/** x of A·x = b for a symmetric positive definite A (rows), by Cholesky; A is overwritten. */
function solve(a, b) {
  const n = b.length;
  for (let j = 0; j < n; j += 1) {
    for (let i = j; i < n; i += 1) {
      let sum = a[i][j];
      for (let k = 0; k < j; k += 1) sum -= a[i][k] * a[j][k];
      a[i][j] = i === j ? Math.sqrt(sum) : sum / a[j][j];
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < i; k += 1) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < n; k += 1) x[i] -= a[k][i] * x[k];
    x[i] /= a[i][i];
  }
  return x;
}

/** Scores of all films by a logistic regression with an L2 penalty on the training films, whose features are standardised. */
function probe(features, train, penalty) {
  const width = features[0].length;
  const column = (c) => train.map((i) => features[i][c]);
  const mean = Array.from({ length: width }, (_, c) => column(c).reduce((s, v) => s + v, 0) / train.length);
  const sd = mean.map((m, c) => Math.sqrt(column(c).reduce((s, v) => s + (v - m) ** 2, 0) / train.length));
  const x = features.map((row) => [...row.map((v, c) => (v - mean[c]) / (sd[c] + 1e-6)), 1]);
  const w = new Float64Array(width + 1);
  const score = (row) => row.reduce((sum, value, c) => sum + value * w[c], 0);
  for (let step = 0; step < NEWTON_STEPS; step += 1) {
    const gradient = Float64Array.from(w, (value, c) => (c < width ? penalty * value : 0));
    const curvature = Array.from(w, (_, c) => {
      const row = new Float64Array(width + 1);
      row[c] = c < width ? penalty : 1e-9;
      return row;
    });
    for (const i of train) {
      const p = 1 / (1 + Math.exp(-score(x[i])));
      const weight = p * (1 - p);
      for (let c = 0; c <= width; c += 1) {
        gradient[c] += (p - films[i].abnormal) * x[i][c];
        const factor = weight * x[i][c];
        for (let k = 0; k <= c; k += 1) curvature[c][k] += factor * x[i][k];
      }
    }
    solve(curvature, gradient).forEach((change, c) => (w[c] -= change));
  }
  return x.map(score);
}

const at = (part) => [...films.keys()].filter((i) => films[i].part === part);
const [train, validation, test] = ['train', 'validation', 'test'].map(at);
const task = (indices, scores) => ({
  labels: indices.map((i) => films[i].abnormal),
  scores: indices.map((i) => scores[i]),
});
const systems = [];
for (const text of given) {
  const cut = text.indexOf('=');
  const [name, weights] = [text.slice(0, cut), text.slice(cut + 1)];
  const features = featuresOf(modelOf(weights));
  const tried = PENALTIES.map((penalty) => {
    const scores = probe(features, train, penalty);
    return { penalty, scores, validation: auroc(task(validation, scores)) };
  });
  const { penalty, scores } = tried.reduce((best, one) => (one.validation > best.validation ? one : best));
  systems.push({ name, penalty, task: task(test, scores) });
}
const patients = test.map((i) => films[i].patientKey);
const replicates = macroReplicates(
  systems.map((system) => [system.task]),
  patients,
);
const interval = (values) => {
  const sorted = Float64Array.from(values).sort();
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)].map((v) => Number(v.toFixed(3)));
};
systems.forEach(({ name, penalty, task: own }, at) => {
  const value = Number(auroc(own).toFixed(3));
  const gain = at === 0 ? null : interval(replicates[at].map((v, r) => v - replicates[0][r]));
  console.log(
    JSON.stringify({
      name,
      train: train.length,
      test: test.length,
      penalty,
      auroc: value,
      interval: interval(replicates[at]),
      differenceToFirst: gain,
    }),
  );
});
await library.close();
