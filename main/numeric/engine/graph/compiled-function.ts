/**
 * @file Functions of tensors as TensorFlow graphs: recorded at their first call, then run as one. A function keeps no state; the
 * weights of a model are among its inputs, so that models of one shape share a graph.
 */
import * as tf from '@tensorflow/tfjs-core';

import { throwIfOutOfMemory, withMemory } from '../out-of-memory.ts';
import { Program } from './program.ts';
import type { DataType } from './recorded-graph.ts';
import { record, type NativeBackend } from './recorder.ts';
import { placeholder } from './variables.ts';

export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

export type NamedValues = Readonly<Partial<Record<string, Float32Array>>>;

/** A graph and where it has its outputs. */
interface Compiled {
  readonly program: Program;
  /** Node of each output, by name. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface FunctionsOptions {
  /** False = everything is computed one operation after another, as where there is no native library. */
  readonly compile: boolean;
  /** Told when a function cannot be compiled; it is computed one operation after another from then on. */
  readonly onEager: (why: string) => void;
}

/** Graphs that are kept, the least used one goes: batches of two sizes by two models with and without maps. */
const KEPT = 8;

export class CompiledFunctions {
  readonly #options: FunctionsOptions;
  /** Oldest use first; null = cannot be compiled. */
  readonly #compiled = new Map<string, Compiled | null>();

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  /**
   * `work` of `inputs`, which is nothing but ops on them. `key` names everything else that it depends on, and the shapes of
   * `inputs`. @returns the values of its results, flat @throws OutOfMemoryError
   */
  run(key: string, inputs: NamedTensors, work: () => Record<string, tf.Tensor>): NamedValues {
    return withMemory(() => this.#run(key, inputs, work));
  }

  #run(key: string, inputs: NamedTensors, work: () => Record<string, tf.Tensor>): NamedValues {
    const compiled = this.#find(key, inputs, work);
    if (compiled === null) return valuesOf(tf.tidy(work));
    const { program, outputs } = compiled;
    const results = program.run(new Map(Object.entries(inputs)), Object.values(outputs));
    return valuesOf(
      Object.fromEntries(Object.keys(outputs).map((name, at) => [name, results[at] as tf.Tensor])),
    );
  }

  /** Lets go of all graphs. */
  dispose(): void {
    for (const compiled of this.#compiled.values()) compiled?.program.dispose();
    this.#compiled.clear();
  }

  #find(key: string, inputs: NamedTensors, work: () => Record<string, tf.Tensor>): Compiled | null {
    if (!this.#options.compile || tf.getBackend() !== 'tensorflow') return null;
    const known = this.#compiled.get(key);
    const compiled = known === undefined ? this.#compile(inputs, work) : known;
    this.#compiled.delete(key);
    this.#compiled.set(key, compiled);
    for (const [oldest, { program }] of leastUsed(this.#compiled)) {
      program.dispose();
      this.#compiled.delete(oldest);
    }
    return compiled;
  }

  #compile(inputs: NamedTensors, work: () => Record<string, tf.Tensor>): Compiled | null {
    const backend = tf.backend() as unknown as NativeBackend;
    const given = Object.entries(inputs);
    try {
      const { nodes, outputs } = record(
        backend,
        'work',
        new Map(given.map(([name, tensor]) => [tensor, name])),
        work,
      );
      const places = given.map(([name, { shape, dtype }]) => placeholder(name, shape, dtype as DataType));
      return { program: new Program(backend, [...places, ...nodes]), outputs };
    } catch (error) {
      throwIfOutOfMemory(error); // with fewer films it can be compiled
      this.#options.onEager(error instanceof Error ? error.message : String(error));
      return null;
    }
  }
}

/** Reads tensors and disposes them. */
function valuesOf(tensors: Record<string, tf.Tensor>): NamedValues {
  const values = Object.entries(tensors).map(
    ([name, tensor]) => [name, tensor.dataSync<'float32'>().slice()] as const,
  );
  tf.dispose(tensors);
  return Object.fromEntries(values);
}

/** Graphs beyond those that are kept. */
function leastUsed(all: ReadonlyMap<string, Compiled | null>): [string, Compiled][] {
  const graphs = [...all].filter((entry): entry is [string, Compiled] => entry[1] !== null);
  return graphs.slice(0, -KEPT);
}
