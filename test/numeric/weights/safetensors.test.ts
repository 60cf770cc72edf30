/** @file The safetensors container: round trips, and every kind of damage refused with its own code. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeBrain, encodeHalf } from '../../../main/numeric/knowledge/half.ts';
import {
  floatTensor,
  readSafetensors,
  writeSafetensors,
  type FloatTensor,
  type RawTensor,
} from '../../../main/numeric/weights/safetensors.ts';
import { WeightsError, type WeightsErrorCode } from '../../../main/numeric/weights/weights-error.ts';

/** A file from a header object and data bytes, without any checks. */
function fileOf(header: unknown, data = new Uint8Array(0), claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

function codeOf(act: () => unknown): WeightsErrorCode | 'none' {
  try {
    act();
    return 'none';
  } catch (error) {
    if (error instanceof WeightsError) return error.code;
    throw error;
  }
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const raw = (file: Uint8Array, name: string): RawTensor => {
  const found = readSafetensors(file).tensors.get(name);
  if (found === undefined) throw new Error(name);
  return found;
};

describe('round trip', () => {
  const tensors = new Map<string, FloatTensor>([
    ['a', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-30, 0, -0) }],
    ['scalar', { shape: [], values: Float32Array.of(7) }],
    ['empty', { shape: [0, 4], values: new Float32Array(0) }],
  ]);
  it('f32 keeps every bit, order, shape and metadata', () => {
    const file = writeSafetensors(tensors, { metadata: { format: 'pt', note: 'Röntgen' } });
    const { tensors: read, metadata } = readSafetensors(file);
    expect([...read.keys()]).toEqual(['a', 'scalar', 'empty']);
    expect(metadata.get('note')).toBe('Röntgen');
    for (const [name, tensor] of tensors) expect(floatTensor(name, raw(file, name))).toEqual(tensor);
    expect(Object.is(floatTensor('a', raw(file, 'a')).values[5], -0)).toBe(true);
  });
  it('data starts 8-byte aligned, so that other readers can map it', () => {
    const file = writeSafetensors(tensors);
    expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });
  it('f16 and bf16 are read as f32', () => {
    const values = Float32Array.of(0.5, -1.25, 3, 0);
    const half = Uint8Array.from(new Uint8Array(encodeHalf(values).buffer as ArrayBuffer));
    const brain = Uint8Array.from(new Uint8Array(encodeBrain(values).buffer as ArrayBuffer));
    for (const [dtype, bytes] of [
      ['F16', half],
      ['BF16', brain],
    ] as const) {
      const file = fileOf({ x: entry(0, 8, [4], dtype) }, bytes);
      expect(floatTensor('x', raw(file, 'x')).values).toEqual(values);
    }
    const written = writeSafetensors(new Map([['x', { shape: [4], values }]]), { dtype: 'F16' });
    expect(floatTensor('x', raw(written, 'x')).values).toEqual(values);
  });
  it('reads from the middle of a larger buffer', () => {
    const file = writeSafetensors(tensors);
    const larger = new Uint8Array(file.length + 13);
    larger.set(file, 13);
    expect(floatTensor('a', raw(larger.subarray(13), 'a'))).toEqual(tensors.get('a'));
  });
});

describe('damage', () => {
  const data = new Uint8Array(8);
  it.each<[string, Uint8Array, WeightsErrorCode]>([
    ['empty file', new Uint8Array(0), 'truncated'],
    ['seven bytes', new Uint8Array(7), 'truncated'],
    ['header longer than the file', fileOf('{}', data, 500n), 'truncated'],
    ['header of an absurd length', fileOf('{}', data, 1n << 60n), 'header'],
    ['no JSON', fileOf('{"a":'), 'header'],
    ['JSON but no object', fileOf('[1]'), 'header'],
    ['invalid UTF-8', fileOf({}, data, 6n), 'header'],
    ['data missing', fileOf({ a: entry(0, 16) }, data), 'truncated'],
    ['data left over', fileOf({ a: entry(0, 4) }, data), 'header'],
    ['overlap', fileOf({ a: entry(0, 8), b: entry(4, 8) }, data), 'entry'],
    ['hole', fileOf({ a: entry(4, 8) }, data), 'entry'],
    ['end before begin', fileOf({ a: entry(8, 4, [1]) }, data), 'entry'],
    ['negative offset', fileOf({ a: entry(-4, 4, [2]) }, data), 'entry'],
    ['fractional shape', fileOf({ a: entry(0, 8, [0.5, 4]) }, data), 'entry'],
    ['shape does not fit', fileOf({ a: entry(0, 8, [3]) }, data), 'entry'],
    ['shape overflows', fileOf({ a: entry(0, 8, [2 ** 40, 2 ** 40]) }, data), 'entry'],
    ['nine axes', fileOf({ a: entry(0, 8, [1, 1, 1, 1, 1, 1, 1, 1, 2]) }, data), 'entry'],
    ['unknown number type', fileOf({ a: entry(0, 8, [2], 'F7') }, data), 'dtype'],
    ['number type from the prototype', fileOf({ a: entry(0, 8, [2], 'toString') }, data), 'dtype'],
    ['no description', fileOf({ a: 1 }), 'entry'],
    ['metadata with numbers', fileOf({ __metadata__: { a: 1 } }), 'header'],
  ])('%s', (_, file, code) => {
    expect(codeOf(() => readSafetensors(file))).toBe(code);
  });
  it('whole-number tensors are no weights; NaN and infinity are refused by name', () => {
    const whole = fileOf({ a: entry(0, 8, [1], 'I64') }, data);
    expect(codeOf(() => floatTensor('a', raw(whole, 'a')))).toBe('dtype');
    for (const value of [NaN, Infinity, -Infinity]) {
      const file = writeSafetensors(new Map([['bad', { shape: [2], values: Float32Array.of(1, value) }]]));
      expect(() => floatTensor('bad', raw(file, 'bad'))).toThrow(/bad holds values that are not finite/);
    }
  });
  it('any change of bytes gives a file or a WeightsError, never anything else', () => {
    const file = writeSafetensors(
      new Map([
        ['a', { shape: [2], values: Float32Array.of(1, 2) }],
        ['b', { shape: [1, 1], values: Float32Array.of(3) }],
      ]),
      { metadata: { k: 'v' } },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(file.length),
        (changes, keep) => {
          const changed = file.slice(0, keep === 0 ? file.length : keep);
          for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte;
          codeOf(() => {
            for (const [name, tensor] of readSafetensors(changed).tensors) floatTensor(name, tensor);
          });
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });
});
