/** @file Everything a training step changes: weights, moments, moving average and the step counter. */
import * as tf from '@tensorflow/tfjs-core';

import { parameterGroups, type ParameterGroup, type VitConfig } from '../vit/config.ts';
import { packGroup, unpackGroup, type Weights } from '../vit/parameters.ts';

const KINDS = ['parameters', 'm', 'v', 'ema'] as const;
/** Parts of the state; each holds one value per weight. */
export type StateKind = (typeof KINDS)[number];

/** One group's flat tensors. */
export interface GroupTensors {
  readonly parameters: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  readonly ema: tf.Tensor | null;
  /** 1 where weight decay applies. */
  readonly decayMask: tf.Tensor;
}

/** A state read from outside does not fit the model or lacks a part. */
export class TrainStateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TrainStateError';
  }
}

/** Names and shapes in `exportState`, e.g. `parameters/blocks.0.qkv.kernel`, `m/cls`, and `step` [1]. */
export function stateSpecs(
  groups: readonly ParameterGroup[],
  withEma: boolean,
): readonly { readonly name: string; readonly shape: readonly number[] }[] {
  const kinds = KINDS.filter((kind) => kind !== 'ema' || withEma);
  const tensors = kinds.flatMap((kind) =>
    groups.flatMap(({ specs }) => specs.map(({ name, shape }) => ({ name: `${kind}/${name}`, shape }))),
  );
  return [...tensors, { name: 'step', shape: [1] }];
}

function maskOf(group: ParameterGroup): Float32Array {
  const mask = new Float32Array(group.size);
  let offset = 0;
  for (const { size, decay } of group.specs) {
    if (decay) mask.fill(1, offset, offset + size);
    offset += size;
  }
  return mask;
}

/** One mask a group; groups of the same make, as all blocks are, share one tensor. */
function decayMasksOf(groups: readonly ParameterGroup[]): tf.Tensor[] {
  const known = new Map<string, tf.Tensor>();
  return groups.map((group) => {
    const make = group.specs.map(({ size, decay }) => `${size}${decay ? '+' : '-'}`).join();
    const mask = known.get(make) ?? tf.keep(tf.tensor1d(maskOf(group)));
    known.set(make, mask);
    return mask;
  });
}

export interface StateOptions {
  readonly ema: boolean;
  /** Parameters beyond the model's, e.g. a decoder; their groups come after the model's. */
  readonly extra?: readonly ParameterGroup[];
}

/** One flat tensor per group and kind, in the order of `parameterGroups`, then the extra groups. Owns its tensors: call `dispose` when done. */
export class TrainState {
  readonly config: VitConfig;
  readonly groups: readonly ParameterGroup[];
  /** 1 where weight decay applies, one tensor a group; blocks share theirs. */
  readonly decayMasks: readonly tf.Tensor[];
  readonly hasEma: boolean;
  /** Optimiser steps done. */
  step = 0;
  readonly #tensors: Readonly<Record<StateKind, tf.Tensor[]>>;

  /** Fresh optimiser state on start weights. @throws WeightsMismatchError */
  constructor(config: VitConfig, weights: Weights, options: StateOptions) {
    this.config = config;
    this.groups = [...parameterGroups(config), ...(options.extra ?? [])];
    this.hasEma = options.ema;
    const packed = this.groups.map((group) => packGroup(group, weights)); // checks before the first allocation
    const keep = (values: Float32Array) => tf.keep(tf.tensor1d(values));
    const zeros = () => this.groups.map(({ size }) => tf.keep(tf.zeros([size])));
    this.decayMasks = decayMasksOf(this.groups);
    this.#tensors = {
      parameters: packed.map(keep),
      m: zeros(),
      v: zeros(),
      ema: options.ema ? packed.map(keep) : [],
    };
  }

  /** Flat tensors of a kind, one a group; `ema` is empty when off. They belong to the state. */
  tensors(kind: StateKind): readonly tf.Tensor[] {
    return this.#tensors[kind];
  }

  /** The weights that are evaluated and kept: the moving average where on. One flat tensor a group. */
  get evaluated(): readonly tf.Tensor[] {
    return this.hasEma ? this.#tensors.ema : this.#tensors.parameters;
  }

  /** All tensors of one group. They belong to the state. */
  group(index: number): GroupTensors {
    const of = (list: readonly tf.Tensor[]): tf.Tensor => {
      const tensor = list[index];
      if (tensor === undefined) throw new Error(`no parameter group ${index}`);
      return tensor;
    };
    const { parameters, m, v, ema } = this.#tensors;
    return {
      parameters: of(parameters),
      m: of(m),
      v: of(v),
      ema: this.hasEma ? of(ema) : null,
      decayMask: of(this.decayMasks),
    };
  }

  /** Takes over new tensors of one group and disposes the old ones. */
  replaceGroup(index: number, next: Partial<Record<StateKind, tf.Tensor>>): void {
    for (const kind of KINDS) {
      const tensor = next[kind];
      if (tensor === undefined) continue;
      this.#tensors[kind][index]?.dispose();
      this.#tensors[kind][index] = tf.keep(tensor);
    }
  }

  /** Weights of one kind by parameter name: copies. */
  weights(kind: StateKind): Map<string, Float32Array> {
    return new Map(
      this.#tensors[kind].flatMap((tensor, index) =>
        unpackGroup(this.groups[index] as ParameterGroup, tensor.dataSync<'float32'>().slice()),
      ),
    );
  }

  /** The weights that are evaluated and kept, by parameter name: copies. */
  evaluatedWeights(): Map<string, Float32Array> {
    return this.weights(this.hasEma ? 'ema' : 'parameters');
  }

  /** Copies of everything, with the names of `stateSpecs`, for a checkpoint. */
  exportState(): Map<string, Float32Array> {
    const state = new Map<string, Float32Array>();
    for (const kind of KINDS) {
      for (const [name, values] of this.weights(kind)) state.set(`${kind}/${name}`, values);
    }
    state.set('step', Float32Array.of(this.step));
    return state;
  }

  /**
   * The values of `stateSpecs` in their order, a group at a time: a checkpoint needs no second copy of everything.
   * Each array is a copy of its own.
   */
  *flatState(): Generator<Float32Array, void> {
    for (const kind of KINDS) {
      for (const tensor of this.#tensors[kind]) yield tensor.dataSync<'float32'>().slice();
    }
    yield Float32Array.of(this.step);
  }

  /** Goes on from an exported state. @throws TrainStateError, and changes nothing */
  importState(state: ReadonlyMap<string, Float32Array>): void {
    const step = state.get('step')?.[0];
    if (step === undefined || !Number.isInteger(step) || step < 0) {
      throw new TrainStateError('The checkpoint holds no valid step counter.');
    }
    const hasEma = state.has(`ema/${this.groups[0]?.specs[0]?.name ?? ''}`);
    if (hasEma !== this.hasEma) {
      throw new TrainStateError(
        hasEma
          ? 'The checkpoint has a moving average of weights, the run has it switched off.'
          : 'The checkpoint has no moving average of weights, the run has it switched on.',
      );
    }
    const kinds = KINDS.filter((kind) => kind !== 'ema' || hasEma);
    const packed = kinds.map((kind) => {
      const prefix = `${kind}/`;
      const named = new Map(
        [...state]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, values]) => [name.slice(prefix.length), values]),
      );
      return this.groups.map((group) => packGroup(group, named));
    });
    kinds.forEach((kind, index) => {
      packed[index]?.forEach((values, position) => {
        this.replaceGroup(position, { [kind]: tf.tensor1d(values) });
      });
    });
    this.step = step;
  }

  dispose(): void {
    tf.dispose([...this.decayMasks, ...KINDS.flatMap((kind) => [...this.#tensors[kind]])]);
  }
}
