/** @file A DINOv2 model in ONNX as a plain ViT, against PyTorch; and files that are none. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { plainVit, vitSmallFromOnnx } from '../../../main/numeric/weights/dinov2-onnx.ts';
import { readOnnx } from '../../../main/numeric/weights/onnx-graph.ts';
import { floatTensor, readSafetensors } from '../../../main/numeric/weights/safetensors.ts';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/numeric/${name}`, import.meta.url)));
const onnx = fixture('dinov2-small.onnx');
const shape = {
  width: 12,
  depth: 2,
  hidden: 24,
  from: { patch: 14, grid: 5 },
  to: { patch: 16, grid: 3 },
};

describe('a DINOv2 model in ONNX', () => {
  it('becomes the plain ViT that PyTorch makes of it, tensor by tensor', () => {
    const made = plainVit(onnx, shape);
    const { tensors } = readSafetensors(fixture('dinov2-small.safetensors'));
    expect([...made.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, raw] of tensors) {
      const wanted = floatTensor(name, raw);
      const own = made.get(name);
      expect(own?.shape, name).toEqual(wanted.shape);
      const most = Math.max(
        ...wanted.values.map((value, at) => Math.abs(value - (own?.values[at] ?? Number.NaN))),
      );
      expect(most, name).toBeLessThan(2e-5);
    }
  });

  it('of another size is refused, naming what is missing', () => {
    expect(() => vitSmallFromOnnx(onnx)).toThrow(/no backbone.embeddings.cls_token of shape \[1, 1, 384\]/);
  });

  it('cut off anywhere is refused, or lacks a tensor; never half a model', () => {
    for (let length = 0; length < onnx.length; length += 997) {
      expect(() => plainVit(onnx.subarray(0, length), shape)).toThrow(
        expect.objectContaining({ name: 'WeightsError' }) as Error,
      );
    }
  });

  it('constants of other types than FLOAT are left out', () => {
    expect(readOnnx(onnx).constants.has('shape')).toBe(false);
  });
});
