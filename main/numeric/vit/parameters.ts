/** @file Weights between plain arrays by name, flat group tensors, and named tensors. */
import * as tf from '@tensorflow/tfjs-core';

import { freeArrays } from '../free-arrays.ts';
import {
  parameterGroups,
  parameterSpecs,
  type ParameterGroup,
  type ParameterSpec,
  type VitConfig,
} from './config.ts';

/** Weights by the names of `parameterSpecs`, each flat in the shape given there. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Parameters by the names of `parameterSpecs`, shaped. */
export type NamedParameters = ReadonlyMap<string, tf.Tensor>;

/** Weights do not fit the model: a name is missing, unknown, or has the wrong number of values. */
export class WeightsMismatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WeightsMismatchError';
  }
}

function valuesOf({ name, size }: ParameterSpec, weights: Weights): Float32Array {
  const values = weights.get(name);
  if (values === undefined) throw new WeightsMismatchError(`The weights lack ${name}.`);
  if (values.length !== size) {
    throw new WeightsMismatchError(`${name} has ${values.length} values; this model needs ${size}.`);
  }
  return values;
}

/** Looks at all before anything is made of one. @throws WeightsMismatchError */
export function checkWeights(groups: readonly ParameterGroup[], weights: Weights): void {
  for (const { specs } of groups) for (const spec of specs) valuesOf(spec, weights);
}

/**
 * Values in the library's own memory. A tensor made of an array is the array itself where that is aligned, so that it may
 * neither change nor go; the product with one is a copy.
 */
function ownCopy(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.tensor(values, [...shape], 'float32'), 1));
}

/** One group's parameters in one flat tensor, which no array of ours stands behind. @throws WeightsMismatchError */
export function packGroup({ specs }: ParameterGroup, weights: Weights): tf.Tensor {
  const [first, ...others] = specs.map((spec) => valuesOf(spec, weights));
  if (first === undefined) throw new Error('a group has parameters');
  if (others.length === 0) return ownCopy(first, [first.length]); // of one tensor there is nothing to join: it would be passed on
  return tf.tidy(() => tf.concat([first, ...others].map((values) => tf.tensor1d(values))));
}

/** The inverse of `packGroup`: views into `flat`, by name. */
export function unpackGroup(group: ParameterGroup, flat: Float32Array): [string, Float32Array][] {
  let offset = 0;
  return group.specs.map(({ name, size }) => {
    const values = flat.subarray(offset, offset + size);
    offset += size;
    return [name, values];
  });
}

/** Named, shaped tensors from one flat tensor a group, in the order of `parameterGroups`. Differentiable. */
export function nameParameters(flat: readonly tf.Tensor[], config: VitConfig): NamedParameters {
  return nameGroups(flat, parameterGroups(config));
}

/** The same for any list of groups. */
export function nameGroups(flat: readonly tf.Tensor[], groups: readonly ParameterGroup[]): NamedParameters {
  const named = new Map<string, tf.Tensor>();
  groups.forEach((group, index) => {
    const tensor = flat[index];
    if (tensor === undefined) throw new Error(`no tensor for parameter group ${group.name}`);
    const pieces = tf.split(
      tensor,
      group.specs.map(({ size }) => size),
    );
    group.specs.forEach(({ name, shape }, position) => {
      named.set(name, tf.reshape(pieces[position] as tf.Tensor, [...shape]));
    });
  });
  return named;
}

/** A parameter that has to be there. */
export function lookup(parameters: NamedParameters, name: string): tf.Tensor {
  const found = parameters.get(name);
  if (found === undefined) throw new Error(`no parameter named ${name}`);
  return found;
}

/** Named tensors for prediction, with no array of ours behind them. The caller disposes them with `disposeParameters`. @throws WeightsMismatchError */
export function loadParameters(weights: Weights, config: VitConfig): NamedParameters {
  const groups = parameterGroups(config);
  checkWeights(groups, weights);
  const specs = groups.flatMap((group) => group.specs);
  return new Map(specs.map((spec) => [spec.name, tf.keep(ownCopy(valuesOf(spec, weights), spec.shape))]));
}

/**
 * `loadParameters` of values that are made or read one parameter after another, in the order of `parameterSpecs`, and freed
 * as soon as the library has them: a model is in memory once. @throws WeightsMismatchError, and what `values` throws
 */
export async function loadOneByOne(
  config: VitConfig,
  values: (spec: ParameterSpec) => Promise<Float32Array> | Float32Array,
): Promise<NamedParameters> {
  const loaded = new Map<string, tf.Tensor>();
  try {
    for (const spec of parameterSpecs(config)) {
      const own = await values(spec);
      loaded.set(spec.name, tf.keep(ownCopy(valuesOf(spec, new Map([[spec.name, own]])), spec.shape)));
      freeArrays([own]);
    }
  } catch (error) {
    disposeParameters(loaded);
    throw error;
  }
  return loaded;
}

export function disposeParameters(parameters: NamedParameters): void {
  tf.dispose([...parameters.values()]);
}
