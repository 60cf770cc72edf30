/** @file Finds and loads TensorFlow: the native library, else WebAssembly for prediction only. The one place that does. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';

import * as tf from '@tensorflow/tfjs-core';

export interface Engine {
  readonly backend: 'tensorflow' | 'wasm' | 'none';
  readonly device: 'gpu' | 'cpu' | 'wasm' | 'none';
  readonly deviceName: string;
  /** Version of libtensorflow; null without the native library. */
  readonly tensorflow: string | null;
  readonly threads: number;
  readonly trainable: boolean;
  /** Why training is off and what to do; null when it is on. */
  readonly reason: string | null;
}

interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

/** Node 23 removed two functions of `util` that the package still calls. */
function restoreUtil(require: NodeJS.Require): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= (value: unknown) => Array.isArray(value);
}

/** oneDNN is off by default on AVX2 processors and worth about a factor of two; read once when the library loads. */
function prepareEnvironment(): void {
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
}

async function loadNative(): Promise<Engine> {
  prepareEnvironment();
  const require = createRequire(import.meta.url);
  restoreUtil(require);
  require('@tensorflow/tfjs-node-gpu');
  await tf.setBackend('tensorflow');
  const backend = tf.backend() as unknown as NativeBackend;
  const gpu = backend.isUsingGpuDevice === true;
  const threads = availableParallelism();
  return {
    backend: 'tensorflow',
    device: gpu ? 'gpu' : 'cpu',
    deviceName: gpu ? 'GPU' : `CPU · ${threads} threads`,
    tensorflow: backend.binding?.TF_Version ?? null,
    threads,
    trainable: true,
    reason: null,
  };
}

async function loadWasm(why: string): Promise<Engine> {
  const require = createRequire(import.meta.url);
  require('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
  return {
    backend: 'wasm',
    device: 'wasm',
    deviceName: 'WebAssembly',
    tensorflow: null,
    threads: 1,
    trainable: false,
    reason: `Training is off: native TensorFlow did not load (${why}). Run "npm start" again to set it up.`,
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown';
}

/** Loads the best engine there is. Never throws: with nothing loadable the backend is `none`, with the reason. */
export async function loadEngine(): Promise<Engine> {
  try {
    return await loadNative();
  } catch (nativeError) {
    const why = firstLine(nativeError);
    try {
      return await loadWasm(why);
    } catch (wasmError) {
      return {
        backend: 'none',
        device: 'none',
        deviceName: 'none',
        tensorflow: null,
        threads: 0,
        trainable: false,
        reason: `No engine could be loaded: ${why}; ${firstLine(wasmError)}. Run "npm start" again to set it up.`,
      };
    }
  }
}
