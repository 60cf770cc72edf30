/** @file A graph, loaded: runs it on tensors. State that it keeps lives in the session until it is disposed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type * as tf from '@tensorflow/tfjs-core';

import type { GraphNode } from './recorded-graph.ts';
import type { NativeBackend } from './recorder.ts';
import { savedModelBytes, SERVE_TAG } from './saved-model.ts';

const FILE = 'saved_model.pb';

export class Program {
  readonly #backend: NativeBackend;
  readonly #session: number;

  /**
   * Hands a graph to the library as a SavedModel, which takes a folder: a temporary one, for as long as it takes to read it.
   * @throws Error of the library when the graph cannot be built, of the disk when it cannot be written
   */
  constructor(backend: NativeBackend, nodes: readonly GraphNode[]) {
    this.#backend = backend;
    const dir = mkdtempSync(join(tmpdir(), 'chestlight-graph-'));
    try {
      writeFileSync(join(dir, FILE), savedModelBytes(nodes));
      this.#session = backend.loadSavedModelMetaGraph(dir, SERVE_TAG);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
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
