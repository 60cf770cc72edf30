/** @file Random start weights, the same for the same seed on every machine. */
import { parameterSpecs, type ParameterSpec, type VitConfig } from './config.ts';

/** 32-bit generator (mulberry32): uniform in [0, 1). State is the seed alone, so runs are repeatable. */
export function uniformGenerator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normal deviates (Box–Muller), redrawn outside ±2 sd as timm's `trunc_normal_` does. */
export function normalGenerator(uniform: () => number): () => number {
  return () => {
    for (;;) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const value = radius * Math.cos(2 * Math.PI * uniform());
      if (Math.abs(value) <= 2) return value;
    }
  };
}

/** Start values of one parameter by the ViT convention of timm; `normal` gives deviates of sd 1. */
export function initSpec({ name, size, decay }: ParameterSpec, normal: () => number): Float32Array {
  const values = new Float32Array(size);
  if (decay || name === 'cls' || name === 'positions' || name.endsWith('mask-token')) {
    for (let i = 0; i < values.length; i += 1) values[i] = 0.02 * normal();
  } else if (name.endsWith('.scale')) {
    values.fill(1);
  }
  return values;
}

/**
 * Start weights by parameter name: matrices, class token and positions truncated normal with sd 0.02, norms one, biases
 * zero (the ViT convention of timm).
 */
export function initParameters(config: VitConfig, seed: number): Map<string, Float32Array> {
  const normal = normalGenerator(uniformGenerator(seed));
  return new Map(parameterSpecs(config).map((spec) => [spec.name, initSpec(spec, normal)]));
}
