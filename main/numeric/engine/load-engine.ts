/** @file Finds and loads TensorFlow: the native library, else WebAssembly for prediction only. The one place that does. */
import { createRequire, Module } from 'node:module';
import { availableParallelism } from 'node:os';

import * as tf from '@tensorflow/tfjs-core';

import { gpuName } from './gpu-name.ts';

export interface Engine {
  readonly backend: 'tensorflow' | 'wasm' | 'none';
  readonly device: 'gpu' | 'cpu' | 'wasm' | 'none';
  /** As a badge shows it: the card's name, `CPU · 8 threads`, `WebAssembly`. */
  readonly deviceName: string;
  /** Version of libtensorflow; null without the native library. */
  readonly tensorflow: string | null;
  readonly threads: number;
  readonly trainable: boolean;
  /** Why training is off and what to do; null when it is on. */
  readonly reason: string | null;
}

interface NativePackage {
  readonly engine: () => unknown;
}

interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

/**
 * The package calls two functions of `util` that Node has dropped (`isNullOrUndefined`) or warns about (`isArray`). They
 * are put on the CommonJS module, which is the object that the package holds; nothing in node_modules is changed.
 */
function restoreUtil(require: NodeJS.Require): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = (value: unknown) => Array.isArray(value);
}

/** What tfjs is made of beside its core and gradients. Of layers the package takes two things, for `fit`. */
const NEVER_USED: Readonly<Record<string, object>> = {
  layers: { CustomCallback: class {}, registerCallbackConstructor: () => undefined },
  converter: {},
  data: {},
  'backend-cpu': {},
  'backend-webgl': {},
};

/** The package loads all of tfjs: parts of it that nothing here uses would be 12 MB of every process, and time to load. */
function leaveOutUnused(require: NodeJS.Require): void {
  const inPackage = createRequire(require.resolve('@tensorflow/tfjs-node-gpu'));
  const inWhole = createRequire(inPackage.resolve('@tensorflow/tfjs'));
  for (const [name, exports] of Object.entries(NEVER_USED)) {
    const path = inWhole.resolve(`@tensorflow/tfjs-${name}`);
    const stub = new Module(path);
    stub.exports = exports;
    stub.loaded = true;
    require.cache[path] ??= stub;
  }
}

/** Read by the library once, when it loads. oneDNN is off by default on AVX2 processors and worth about a factor of two. */
function prepareEnvironment(): void {
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  process.env.OMP_WAIT_POLICY ??= 'passive';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
}

/** Threads that one TensorFlow operation may use: all processors unless the environment says otherwise. */
function threadCount(): number {
  const asked = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(asked) && asked > 0 ? asked : availableParallelism();
}

async function loadNative(): Promise<Engine> {
  prepareEnvironment();
  const require = createRequire(import.meta.url);
  restoreUtil(require);
  leaveOutUnused(require);
  const native = require('@tensorflow/tfjs-node-gpu') as NativePackage;
  if (native.engine() !== tf.engine()) {
    throw new Error('two copies of @tensorflow/tfjs-core are installed; install the locked packages again');
  }
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the TensorFlow backend did not start');
  const backend = tf.backend() as unknown as NativeBackend;
  const gpu = backend.isUsingGpuDevice === true;
  const threads = threadCount();
  return {
    backend: 'tensorflow',
    device: gpu ? 'gpu' : 'cpu',
    deviceName: gpu ? gpuName() : `CPU · ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
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

/** First sentence of a loader's message: dlopen and the package both append pages of advice. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown';
}

/**
 * Loads the best engine there is. Never throws: with nothing loadable the backend is `none`, with the reason.
 * CHESTLIGHT_ENGINE=wasm leaves the native library alone, for machines where it crashes.
 */
export async function loadEngine(): Promise<Engine> {
  tf.enableProdMode(); // no greeting, no advice on the console; checks of shapes stay on
  let why = 'CHESTLIGHT_ENGINE=wasm is set';
  try {
    if (process.env.CHESTLIGHT_ENGINE !== 'wasm') return await loadNative();
  } catch (nativeError) {
    why = firstLine(nativeError);
  }
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
