/** @file Everything a training step changes: weights, moments, moving average and the step counter. */
import * as tf from '@tensorflow/tfjs-core';

import { parameterGroups, type ParameterGroup, type VitConfig } from '../vit/config.ts';
import { checkWeights, packGroup, unpackGroup, type Weights } from '../vit/parameters.ts';

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

/** Who keeps the values while the state does not: the session of a graph. */
export interface StateKeeper {
  /** Values of one group: a copy. */
  values(kind: StateKind, group: number): Float32Array;
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
  /** Moments that are not there yet are zero: nothing is held for them before the first step. */
  readonly #tensors: Record<StateKind, tf.Tensor[]>;
  #keeper: StateKeeper | null = null;

  /** Fresh optimiser state on start weights. @throws WeightsMismatchError */
  constructor(config: VitConfig, weights: Weights, options: StateOptions) {
    this.config = config;
    this.groups = [...parameterGroups(config), ...(options.extra ?? [])];
    this.hasEma = options.ema;
    checkWeights(this.groups, weights);
    const packed = () => this.groups.map((group) => tf.keep(packGroup(group, weights)));
    this.decayMasks = decayMasksOf(this.groups);
    this.#tensors = {
      parameters: packed(),
      m: [],
      v: [],
      ema: options.ema ? packed() : [],
    };
  }

  /**
   * Flat tensors of a kind, one a group; `ema` is empty when off. They belong to the state; those of a state that is kept
   * elsewhere are made when they are asked for and good until it has `changed`.
   */
  tensors(kind: StateKind): readonly tf.Tensor[] {
    const known = this.#tensors[kind];
    if (known.length > 0 || (kind === 'ema' && !this.hasEma)) return known;
    const keeper = this.#keeper;
    this.#tensors[kind] = this.groups.map(({ size }, group) =>
      tf.keep(keeper === null ? tf.fill([size], 0) : tf.tensor1d(keeper.values(kind, group))),
    );
    return this.#tensors[kind];
  }

  /** The weights that are evaluated and kept: the moving average where on. One flat tensor a group. */
  get evaluated(): readonly tf.Tensor[] {
    return this.tensors(this.hasEma ? 'ema' : 'parameters');
  }

  /** Lets go of all values: from now on `keeper` has them. */
  keepIn(keeper: StateKeeper): void {
    this.#keeper = keeper;
    this.changed();
  }

  /** The values elsewhere are others now: what was read of them is let go of. */
  changed(): void {
    if (this.#keeper === null) throw new Error('the state keeps its own values');
    for (const kind of KINDS) {
      tf.dispose(this.#tensors[kind]);
      this.#tensors[kind] = [];
    }
  }

  /** Has the values again. They are read first, then `release` is called to make room for them. */
  takeBack(release: () => void): void {
    if (this.#keeper === null) throw new Error('the state keeps its own values');
    const values = this.#kinds.map((kind) => this.groups.map((_, group) => this.#values(kind, group)));
    this.changed();
    this.#keeper = null;
    release();
    this.#kinds.forEach((kind, at) => {
      this.#tensors[kind] = (values[at] ?? []).map((own) => tf.keep(tf.tensor1d(own)));
    });
  }

  get #kinds(): readonly StateKind[] {
    return KINDS.filter((kind) => kind !== 'ema' || this.hasEma);
  }

  /** Values of one group: a copy. */
  #values(kind: StateKind, group: number): Float32Array {
    const tensor = this.#tensors[kind][group];
    if (tensor !== undefined) return tensor.dataSync<'float32'>().slice();
    if (this.#keeper !== null) return this.#keeper.values(kind, group);
    return new Float32Array(this.groups[group]?.size ?? 0);
  }

  /** All tensors of one group. They belong to the state. */
  group(index: number): GroupTensors {
    const of = (list: readonly tf.Tensor[]): tf.Tensor => {
      const tensor = list[index];
      if (tensor === undefined) throw new Error(`no parameter group ${index}`);
      return tensor;
    };
    return {
      parameters: of(this.tensors('parameters')),
      m: of(this.tensors('m')),
      v: of(this.tensors('v')),
      ema: this.hasEma ? of(this.tensors('ema')) : null,
      decayMask: of(this.decayMasks),
    };
  }

  /** Takes over new tensors of one group and disposes the old ones. */
  replaceGroup(index: number, next: Partial<Record<StateKind, tf.Tensor>>): void {
    for (const kind of KINDS) {
      const tensor = next[kind];
      if (tensor === undefined) continue;
      this.tensors(kind)[index]?.dispose();
      this.#tensors[kind][index] = tf.keep(tensor);
    }
  }

  /** Weights of one kind by parameter name: copies. */
  weights(kind: StateKind): Map<string, Float32Array> {
    if (!this.#kinds.includes(kind)) return new Map();
    return new Map(this.groups.flatMap((group, index) => unpackGroup(group, this.#values(kind, index))));
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
    for (const kind of this.#kinds) {
      for (const group of this.groups.keys()) yield this.#values(kind, group);
    }
    yield Float32Array.of(this.step);
  }

  /** Goes on from an exported state. @throws TrainStateError, and changes nothing */
  importState(state: ReadonlyMap<string, Float32Array>): void {
    if (this.#keeper !== null) throw new Error('the values of the state are kept elsewhere');
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
    const parts = kinds.map((kind) => {
      const prefix = `${kind}/`;
      const named = new Map(
        [...state]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, values]) => [name.slice(prefix.length), values]),
      );
      checkWeights(this.groups, named);
      return [kind, named] as const;
    });
    for (const [kind, named] of parts) {
      this.groups.forEach((group, at) => this.replaceGroup(at, { [kind]: packGroup(group, named) }));
    }
    this.step = step;
  }

  dispose(): void {
    tf.dispose([...this.decayMasks, ...KINDS.flatMap((kind) => [...this.#tensors[kind]])]);
  }
}
