/** @file Resampled positions and patch kernels against PyTorch, and start weights of another size. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  adaptWeights,
  resizePatchKernel,
  resizePositions,
} from '../../../main/numeric/weights/adapt-weights.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import { importWeights, startFrom } from '../../../main/numeric/weights/import-weights.ts';
import { small, uniform, weightsOf } from '../reference.ts';

interface Case {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly values: readonly number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/numeric/resample-weights.json', import.meta.url), 'utf8'),
) as { readonly positions: readonly Case[]; readonly kernels: readonly Case[] };
const WIDTH = 3;

function expectClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  actual.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(tolerance * scale);
  });
}

describe('against PyTorch', () => {
  it.each(golden.positions)('positions $from → $to', ({ seed, from, to, values }) => {
    const positions = Float32Array.from(uniform(seed, (from * from + 1) * WIDTH));
    expectClose(resizePositions(positions, WIDTH, from, to), values, 1e-5);
  });
  it.each(golden.kernels)('patch kernel $from → $to', ({ seed, from, to, values }) => {
    const kernel = Float32Array.from(uniform(seed, 3 * from * from * WIDTH));
    expectClose(resizePatchKernel(kernel, WIDTH, from, to), values, 1e-4);
  });
});

describe('start weights', () => {
  it('of a 96-pixel model serve a 64-pixel run; what was changed is said', () => {
    const large = { ...small, width: 64, heads: 1, imageSize: 96 };
    const imported = importWeights(exportWeights(weightsOf(large, 1), large, 'timm'));
    const run = { ...large, imageSize: 64 };
    const start = startFrom(imported, run, 1);
    expect(start.weights.get('positions')).toHaveLength(17 * 64);
    expect(start.changes).toEqual(['positions interpolated from 6 × 6 to 4 × 4']);
    expect(start.weights.get('blocks.2.fc1.kernel')).toEqual(imported.weights.get('blocks.2.fc1.kernel'));
  });
  it('of the same size are left alone', () => {
    const weights = weightsOf(small, 1);
    const adapted = adaptWeights(weights, small, small);
    expect(adapted.changes).toEqual([]);
    expect(adapted.weights.get('positions')).toBe(weights.get('positions'));
  });
  it('for smaller patches keep the tokens and resample the kernels', () => {
    const { weights, config, changes } = adaptWeights(weightsOf(small, 1), small, {
      imageSize: 32,
      patch: 8,
    });
    expect(config).toMatchObject({ imageSize: 32, patch: 8 });
    expect(weights.get('patch.kernel')).toHaveLength(3 * 64 * small.width);
    expect(changes).toEqual(['patch kernels resampled from 16 to 8 pixels']);
  });
});
