/** @file Weights between plain arrays by name, flat group tensors, and named tensors. */
import * as tf from '@tensorflow/tfjs-core';

import { parameterGroups, type ParameterGroup, type VitConfig } from './config.ts';

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

/** One group's parameters in one array. @throws WeightsMismatchError */
export function packGroup(group: ParameterGroup, weights: Weights): Float32Array {
  const flat = new Float32Array(group.size);
  let offset = 0;
  for (const { name, size } of group.specs) {
    const values = weights.get(name);
    if (values === undefined) throw new WeightsMismatchError(`The weights lack ${name}.`);
    if (values.length !== size) {
      throw new WeightsMismatchError(`${name} has ${values.length} values; this model needs ${size}.`);
    }
    flat.set(values, offset);
    offset += size;
  }
  return flat;
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

/** Named tensors for prediction. The caller disposes them with `disposeParameters`. @throws WeightsMismatchError */
export function loadParameters(weights: Weights, config: VitConfig): NamedParameters {
  const groups = parameterGroups(config);
  const packed = groups.map((group) => packGroup(group, weights)); // check all before the first allocation
  let named: NamedParameters = new Map();
  tf.tidy(() => {
    named = nameParameters(
      packed.map((values) => tf.tensor1d(values)),
      config,
    );
    for (const tensor of named.values()) tf.keep(tensor);
  });
  return named;
}

export function disposeParameters(parameters: NamedParameters): void {
  tf.dispose([...parameters.values()]);
}
