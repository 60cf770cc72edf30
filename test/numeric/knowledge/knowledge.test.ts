/** @file Half precision against the platform's own Float16Array for every half and its neighbours; the cached record. */
import { describe, expect, it } from 'vitest';

import { decodeBrain, decodeHalf, encodeBrain, encodeHalf } from '../../../main/numeric/knowledge/half.ts';
import {
  KnowledgeRangeError,
  readRecord,
  recordLayout,
  writeRecord,
} from '../../../main/numeric/knowledge/view-record.ts';
import { vitConfig } from '../../../main/numeric/vit/config.ts';
import { small, uniform } from '../reference.ts';

/** The platform's rounding, as the reference. */
const PlatformHalf = (
  globalThis as unknown as {
    Float16Array: new (
      values: ArrayLike<number> | ArrayBuffer,
    ) => { buffer: ArrayBuffer } & ArrayLike<number>;
  }
).Float16Array;

const all = Uint16Array.from({ length: 65536 }, (_, index) => index);

describe('f16', () => {
  it('decodes all 65,536 halves as the platform does', () => {
    expect(decodeHalf(all)).toEqual(Float32Array.from(new PlatformHalf(all.buffer)));
  });
  it('encodes every half to itself (NaN to NaN)', () => {
    const back = encodeHalf(decodeHalf(all));
    const differing = all.filter((half, i) => half !== back[i] && (half & 0x7fff) <= 0x7c00);
    expect(differing).toHaveLength(0);
    expect(decodeHalf(back.subarray(0x7c01, 0x7c05)).every(Number.isNaN)).toBe(true);
  });
  it('rounds midpoints, their neighbours and random values as the platform does', () => {
    const halves = decodeHalf(all.subarray(0, 0x7c00));
    const values: number[] = [65504, 65519.996, 65520, 1e9, 3e38, 1e-40, 2 ** -25, 2 ** -25 * 1.0000001];
    for (let i = 0; i + 1 < halves.length; i += 1) {
      const middle = ((halves[i] ?? 0) + (halves[i + 1] ?? 0)) / 2;
      values.push(middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -23), -middle);
    }
    for (const u of uniform(1, 20_000)) values.push((u - 0.5) * 2 ** (u * 40 - 25));
    const singles = Float32Array.from(values);
    expect(encodeHalf(singles)).toEqual(new Uint16Array(new PlatformHalf(singles).buffer));
  });
});

describe('bf16', () => {
  it('keeps the upper half of an f32, rounding to nearest, ties to even', () => {
    const values = Float32Array.of(1, -2.5, 1.0039062, 1.01171875, 3e38, 0);
    expect([...decodeBrain(encodeBrain(values))]).toEqual([
      1,
      -2.5,
      1,
      1.015625,
      decodeBrain(encodeBrain(values))[4],
      0,
    ]);
    expect(decodeBrain(encodeBrain(Float32Array.of(NaN)))[0]).toBeNaN();
    expect(decodeBrain(Uint16Array.of(0x3f80, 0xc020))).toEqual(Float32Array.of(1, -2.5));
  });
});

describe('cached view', () => {
  it('a feature takes 75,648 / 151,296 / 302,592 bytes', () => {
    const bytes = (['tiny', 'small', 'base'] as const).map((variant) => {
      const config = vitConfig(variant, { t1Units: 22 });
      return recordLayout(config, 'mean').bytes - recordLayout(config, 'none').bytes;
    });
    expect(bytes).toEqual([75_648, 151_296, 302_592]);
  });
  it.each(['none', 'mean', 'last', 'blocks'] as const)(
    '%s: what is written is read, logits exactly',
    (kind) => {
      const layout = recordLayout(small, kind);
      const shard = new ArrayBuffer(3 * layout.bytes);
      const record = (seed: number) => ({
        t1: Float32Array.from(uniform(seed, layout.t1)),
        t2: Float32Array.from(uniform(seed + 1, layout.t2)),
        feature:
          layout.feature === 0
            ? null
            : Float32Array.from(uniform(seed + 2, layout.feature), (u) => 20 * (u - 0.5)),
      });
      for (const index of [2, 0, 1]) writeRecord(shard, index * layout.bytes, layout, record(10 * index));
      for (const index of [0, 1, 2]) {
        const expected = record(10 * index);
        const read = readRecord(shard, index * layout.bytes, layout);
        expect(read.t1).toEqual(expected.t1);
        expect(read.t2).toEqual(expected.t2);
        if (expected.feature === null) expect(read.feature).toBeNull();
        expected.feature?.forEach((value, i) => {
          expect(Math.abs((read.feature?.[i] ?? NaN) - value)).toBeLessThanOrEqual(
            Math.abs(value) * 2 ** -11 + 2 ** -25,
          );
        });
      }
    },
  );
  it('refuses features beyond f16 and arrays of the wrong length', () => {
    const layout = recordLayout(small, 'mean');
    const shard = new ArrayBuffer(layout.bytes);
    const good = {
      t1: new Float32Array(5),
      t2: new Float32Array(2),
      feature: new Float32Array(layout.feature),
    };
    for (const value of [1e5, -1e5, NaN, Infinity]) {
      const feature = good.feature.slice().fill(value, 7, 8);
      expect(() => {
        writeRecord(shard, 0, layout, { ...good, feature });
      }).toThrow(KnowledgeRangeError);
    }
    expect(() => {
      writeRecord(shard, 0, layout, { ...good, feature: null });
    }).toThrow(RangeError);
  });
});
