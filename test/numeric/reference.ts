/** @file Values of the PyTorch reference (test/fixtures/make/pytorch-reference.py) and its formula for weights and inputs. */
import { readFileSync } from 'node:fs';

import { loadEngine } from '../../main/numeric/engine/load-engine.ts';
import type { MicroBatch } from '../../main/numeric/train/micro-batch.ts';
import { parameterSpecs, type ParameterSpec, type VitConfig } from '../../main/numeric/vit/config.ts';
import { floatTensor, readSafetensors } from '../../main/numeric/weights/safetensors.ts';

/** Loads native TensorFlow; a test that needs gradients fails without it. */
export async function needEngine(): Promise<void> {
  const engine = await loadEngine();
  if (!engine.trainable) throw new Error(engine.reason ?? 'no engine');
}

interface PythonConfig {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly image: number;
  readonly patch: number;
  readonly t1: number;
  readonly t2: 1 | 2;
  readonly epsilon: number;
}

export interface MethodCase {
  readonly settings: {
    readonly method: 'none' | 'vanilla' | 'last-block' | 'one-to-one' | 'mlcak';
    readonly alpha: number;
    readonly beta: number;
    readonly gamma: number;
    readonly kd: 'mse' | 'hinton';
    readonly tokens: 'all' | 'cls' | 'patches';
    readonly point?: 'attention';
    readonly normalise?: boolean;
    /** The student sees 32 px: a quarter of the teacher's patch tokens. */
    readonly few?: boolean;
    readonly units?: 1;
    readonly positive?: readonly number[];
  };
  readonly loss: number;
  readonly norm: number;
  readonly stride: number;
  readonly terms: Readonly<Record<string, number>>;
}

interface Report {
  readonly small: {
    readonly config: PythonConfig;
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly batch: number;
    readonly temperature: number;
    readonly step: {
      readonly lr: number;
      readonly weight_decay: number;
      readonly clip: number;
      readonly ema: number;
    };
    readonly methods: Readonly<Record<string, MethodCase>>;
  };
  readonly curve: {
    readonly losses: readonly number[];
    readonly norms: readonly number[];
    readonly emaSum: number;
    readonly emaNorm: number;
    /** The same with a decay that warms up. */
    readonly emaWarmSum: number;
    readonly emaWarmNorm: number;
  };
  readonly full: Readonly<
    Record<
      string,
      { readonly config: PythonConfig; readonly blocks: readonly (readonly [number, number, number])[] }
    >
  >;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/numeric/${name}`, import.meta.url));

export const report = JSON.parse(fixture('vit-reference.json').toString('utf8')) as Report;
const file = readSafetensors(fixture('vit-reference.safetensors'));

/** A tensor of the reference, flat. */
export function golden(name: string): Float32Array {
  const raw = file.tensors.get(name);
  if (raw === undefined) throw new Error(`the reference has no ${name}`);
  return floatTensor(name, raw).values;
}

export function configOf(python: PythonConfig): VitConfig {
  return {
    variant: 'custom',
    width: python.width,
    depth: python.depth,
    heads: python.heads,
    mlpRatio: 4,
    patch: python.patch,
    imageSize: python.image,
    layerNormEpsilon: python.epsilon,
    t1Units: python.t1,
    t2Units: python.t2,
  };
}

export const small = configOf(report.small.config);
export const normalisation = { mean: report.small.mean, std: report.small.std };

/** Value `index` of the counter form of mulberry32, in [0, 1). */
function uniformAt(seed: number, index: number): number {
  const state = (seed + Math.imul(index + 1, 0x6d2b79f5)) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}

/** `uniform` of the script. */
export function uniform(seed: number, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i += 1) values[i] = uniformAt(seed, i);
  return values;
}

/** The script's weights by parameter name. */
export function weightsOf(config: VitConfig, seed: number): Map<string, Float32Array> {
  return valuesOf(parameterSpecs(config), seed);
}

/** The same formula for any list of parameters. */
export function valuesOf(specs: readonly ParameterSpec[], seed: number): Map<string, Float32Array> {
  return new Map(
    specs.map(({ name, shape, size }, index) => {
      const values = new Float32Array(size);
      const factor = name.endsWith('kernel') ? 3 : 0.4;
      const divisor = name.endsWith('kernel') ? Math.sqrt(shape[0] ?? 1) : 1;
      const centre = name.endsWith('scale') ? 1 : 0;
      for (let i = 0; i < size; i += 1) {
        values[i] = centre + ((uniformAt(seed * 1000 + index, i) - 0.5) * factor) / divisor;
      }
      return [name, values];
    }),
  );
}

export function imagesOf(config: VitConfig, seed: number, batch: number): Float32Array {
  return Float32Array.from(uniform(seed, batch * config.imageSize ** 2));
}

/** Labels of the script: every fifth T1 label and film 1's T2 label unknown. */
export function labelsOf(config: VitConfig, seed: number, batch: number): Pick<MicroBatch, 't1' | 't2'> {
  const t1 = Float32Array.from(uniform(seed, batch * config.t1Units), (u, i) => {
    if (i % 5 === 0) return NaN;
    return Math.fround(u) < 0.4 ? 1 : 0;
  });
  const t2 = Float32Array.from(uniform(seed + 1, batch), (u, i) => {
    if (i === 1) return NaN;
    return u < 0.5 ? 1 : 0;
  });
  return { t1, t2 };
}

/** Largest |a − b|. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let max = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    max = Number.isNaN(difference) ? Infinity : Math.max(max, difference);
  }
  return max;
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let error = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i += 1) {
    error += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
    norm += (b[i] ?? NaN) ** 2;
  }
  return Math.sqrt(error / norm);
}
