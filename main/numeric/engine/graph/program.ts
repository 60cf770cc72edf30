/** @file A written graph, loaded: runs it on tensors. State that it keeps lives in the session until it is disposed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type * as tf from '@tensorflow/tfjs-core';

import type { GraphNode } from './recorded-graph.ts';
import type { NativeBackend } from './recorder.ts';
import { savedModelBytes, SERVE_TAG } from './saved-model.ts';

const FILE = 'saved_model.pb';

/** Writes a graph into a folder of its own, as a SavedModel. */
export function writeProgram(dir: string, nodes: readonly GraphNode[]): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, FILE), savedModelBytes(nodes));
}

export class Program {
  readonly #backend: NativeBackend;
  readonly #session: number;

  /** Loads what `writeProgram` wrote. @throws Error of the library when the graph cannot be built */
  constructor(backend: NativeBackend, dir: string) {
    this.#backend = backend;
    this.#session = backend.loadSavedModelMetaGraph(dir, SERVE_TAG);
  }

  /** Runs what `outputs` (`node` or `node:1`) need, with `inputs` by placeholder. The caller disposes the result. */
  run(inputs: ReadonlyMap<string, tf.Tensor>, outputs: readonly string[]): tf.Tensor[] {
    const infos = [...inputs.keys()].map((name) => ({ name: withOutput(name) }));
    return this.#backend.runSavedModel(this.#session, [...inputs.values()], infos, outputs.map(withOutput));
  }

  dispose(): void {
    this.#backend.deleteSavedModel(this.#session);
  }
}

const withOutput = (name: string): string => (name.includes(':') ? name : `${name}:0`);
