/** @file Functions as graphs: the same answers as one operation after another, for models of one shape; the oldest graph goes. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { CompiledFunctions } from '../../../../main/numeric/engine/graph/compiled-function.ts';
import { answers, relevance, targetWeights } from '../../../../main/numeric/predict/answers.ts';
import { disposeParameters, loadParameters } from '../../../../main/numeric/vit/parameters.ts';
import {
  imagesOf,
  needEngine,
  normalisation,
  relativeDifference,
  small,
  weightsOf,
} from '../../reference.ts';

beforeAll(needEngine);

const functions = (compile: boolean) =>
  new CompiledFunctions({ compile, onEager: (why) => expect.unreachable(why) });

it('logits and every map equal the eager ones, and a graph serves another model of the same shape', () => {
  const compiled = functions(true);
  const eager = functions(false);
  const before = tf.memory().numTensors;
  for (const seed of [1, 2]) {
    const parameters = loadParameters(weightsOf(small, seed), small);
    const images = tf.tensor4d(imagesOf(small, 70, 2), [2, 64, 64, 1]);
    const target = tf.tensor1d(targetWeights(small, { finding: 1 }));
    const inputs = { ...Object.fromEntries(parameters), images };
    const [graph, plain] = [compiled, eager].map((run) => ({
      ...run.run('answers', inputs, () =>
        answers({ parameters, images }, small, normalisation, { last: true, rollout: true, features: true }),
      ),
      ...run.run('relevance', { ...inputs, target }, () =>
        relevance({ parameters, images, target }, small, normalisation),
      ),
    }));
    expect(Object.keys(plain ?? {}).sort()).toEqual(['features', 'last', 'relevance', 'rollout', 't1', 't2']);
    for (const [name, values] of Object.entries(plain ?? {})) {
      expect(relativeDifference(graph?.[name] ?? [], values ?? []), name).toBeLessThan(1e-5);
    }
    tf.dispose([images, target]);
    disposeParameters(parameters);
  }
  compiled.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('more functions than are kept: the oldest is compiled again', () => {
  const compiled = functions(true);
  const x = tf.tensor1d([1, 2, 3]);
  const times = (factor: number) =>
    compiled.run(`times ${factor}`, { x }, () => ({ y: tf.mul(x, factor) }))['y'];
  for (const round of [1, 2]) {
    for (let factor = 0; factor < 12; factor += 1) {
      expect([...(times(factor) ?? [])], `round ${round}`).toEqual([factor, 2 * factor, 3 * factor]);
    }
  }
  compiled.dispose();
  x.dispose();
});

it('what cannot be compiled is computed all the same, and said once', () => {
  const said: string[] = [];
  const compiled = new CompiledFunctions({ compile: true, onEager: (why) => said.push(why) });
  const x = tf.tensor1d([1, 2]);
  const text = () => ({ y: x.clone(), label: tf.tensor(['a']) });
  for (let time = 0; time < 2; time += 1) {
    const { y } = compiled.run('text', { x }, text);
    expect([...(y ?? [])]).toEqual([1, 2]);
  }
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/string/);
  x.dispose();
});
