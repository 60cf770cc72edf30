/** @file Key layouts: round trips bit for bit, the names that other tools use, and models that are not plain ViTs. */
import { describe, expect, it } from 'vitest';

import { parameterSpecs, type VitConfig } from '../../../main/numeric/vit/config.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import { importWeights, startFrom } from '../../../main/numeric/weights/import-weights.ts';
import { foreignTensors, LAYOUTS } from '../../../main/numeric/weights/layouts.ts';
import {
  floatTensor,
  readSafetensors,
  writeSafetensors,
  type FloatTensor,
} from '../../../main/numeric/weights/safetensors.ts';
import { WeightsError, type WeightsErrorCode } from '../../../main/numeric/weights/weights-error.ts';
import { small, weightsOf } from '../reference.ts';

/** Width 64, so that heads can be told from the width as in published models. */
const model: VitConfig = {
  ...small,
  width: 64,
  heads: 1,
  depth: 2,
  imageSize: 32,
  layerNormEpsilon: 1e-6,
};
const weights = weightsOf(model, 1);
const normalisation = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };

/** The tensors of a file, to change and write again. */
function unpack(file: Uint8Array): Map<string, FloatTensor> {
  return new Map([...readSafetensors(file).tensors].map(([name, raw]) => [name, floatTensor(name, raw)]));
}

/** A published-looking file: no description of ours, a 1,000-class head. */
function published(layout: 'hf' | 'timm'): Map<string, FloatTensor> {
  const tensors = unpack(exportWeights(weights, model, layout));
  const head = layout === 'hf' ? 'classifier' : 'head';
  tensors.set(`${head}.weight`, { shape: [10, 64], values: new Float32Array(640).fill(0.1) });
  tensors.set(`${head}.bias`, { shape: [10], values: new Float32Array(10) });
  return tensors;
}

function codeOf(tensors: ReadonlyMap<string, FloatTensor>): WeightsErrorCode | 'none' {
  try {
    importWeights(writeSafetensors(tensors));
    return 'none';
  } catch (error) {
    if (error instanceof WeightsError) return error.code;
    throw error;
  }
}

describe('round trip', () => {
  it.each(LAYOUTS)('app → %s → app is bit-identical, heads and description included', (layout) => {
    const imported = importWeights(exportWeights(weights, model, layout, { normalisation }));
    expect(imported.layout).toBe(layout);
    expect(imported.hasHeads).toBe(true);
    expect(imported.config).toEqual({ ...model, variant: 'custom' });
    expect(imported.normalisation).toEqual(normalisation);
    expect(new Map([...imported.weights].sort())).toEqual(new Map([...weights].sort()));
    expect(imported.dropped).toEqual([]);
  });
  it('hf → timm → hf is bit-identical', () => {
    const hf = exportWeights(weights, model, 'hf');
    const one = importWeights(hf);
    const two = importWeights(exportWeights(one.weights, one.config, 'timm'));
    expect(unpack(exportWeights(two.weights, two.config, 'hf'))).toEqual(unpack(hf));
  });
  it('f16 keeps three digits', () => {
    const imported = importWeights(exportWeights(weights, model, 'app', { dtype: 'F16' }));
    expect(imported.dtypes).toEqual(['F16']);
    const value = weights.get('blocks.1.fc2.kernel')?.[5] ?? NaN;
    expect(imported.weights.get('blocks.1.fc2.kernel')?.[5]).toBeCloseTo(value, 3);
  });
});

describe('names and values that other tools see', () => {
  const deep = { ...model, depth: 12 };
  it('200 tensors in the HF layout, 152 in timm’s, head included', () => {
    const deepWeights = weightsOf(deep, 1);
    expect(readSafetensors(exportWeights(deepWeights, deep, 'hf')).tensors.size).toBe(200);
    expect(readSafetensors(exportWeights(deepWeights, deep, 'timm')).tensors.size).toBe(152);
    expect(foreignTensors(deep, 'hf')[4]?.name).toBe('vit.encoder.layer.0.layernorm_before.weight');
    expect(foreignTensors(deep, 'timm')[6]?.name).toBe('blocks.0.attn.qkv.weight');
  });
  it('a linear layer is [out, in] there, [in, out] here; HF’s query is the first third of qkv', () => {
    const hf = unpack(exportWeights(weights, model, 'hf'));
    const timm = unpack(exportWeights(weights, model, 'timm'));
    const kernel = weights.get('blocks.0.qkv.kernel') ?? new Float32Array();
    const [row, column] = [3, 70]; // column 70 = key 6
    const expected = kernel[row * 192 + column];
    expect(timm.get('blocks.0.attn.qkv.weight')?.values[column * 64 + row]).toBe(expected);
    const key = hf.get('vit.encoder.layer.0.attention.attention.key.weight');
    expect(key?.values[6 * 64 + row]).toBe(expected);
    const patch = weights.get('patch.kernel') ?? new Float32Array();
    expect(timm.get('patch_embed.proj.weight')?.shape).toEqual([64, 3, 16, 16]);
    expect(timm.get('patch_embed.proj.weight')?.values[5 * 768 + 300]).toBe(patch[300 * 64 + 5]);
    const bias = timm.get('head.bias')?.values ?? new Float32Array();
    expect([...bias]).toEqual([...(weights.get('t1.bias') ?? []), ...(weights.get('t2.bias') ?? [])]);
  });
});

describe('published files', () => {
  it.each(['hf', 'timm'] as const)('%s: the head for other classes is left out and named', (layout) => {
    const imported = importWeights(writeSafetensors(published(layout)));
    expect(imported.hasHeads).toBe(false);
    expect(imported.dropped).toHaveLength(2);
    expect(imported.config).toMatchObject({ width: 64, depth: 2, heads: 1, patch: 16, imageSize: 32 });
    expect(imported.config.layerNormEpsilon).toBe(layout === 'hf' ? 1e-12 : 1e-6);
    expect(imported.normalisation.mean[0]).toBe(layout === 'hf' ? 0.5 : 0.485);
    expect(imported.weights.get('norm.bias')).toEqual(weights.get('norm.bias'));
    expect(imported.weights.has('t1.kernel')).toBe(false);
  });
  it('HF files without the vit. prefix are the same', () => {
    const bare = [...published('hf')]
      .filter(([name]) => name.startsWith('vit.'))
      .map(([name, tensor]): [string, FloatTensor] => [name.slice(4), tensor]);
    const pooler: [string, FloatTensor] = [
      'pooler.dense.bias',
      { shape: [64], values: new Float32Array(64) },
    ];
    const imported = importWeights(writeSafetensors(new Map([...bare, pooler])));
    expect(imported.layout).toBe('hf');
    expect(imported.dropped).toEqual(['vit.pooler.dense.bias']);
    expect(imported.weights.get('cls')).toEqual(weights.get('cls'));
  });
  it('starts a run: the file’s body and ε, fresh heads of the run’s size', () => {
    const imported = importWeights(writeSafetensors(published('hf')));
    const run = { ...model, t1Units: 9 };
    const start = startFrom(imported, run, 3);
    expect(start.config).toEqual({ ...run, layerNormEpsilon: 1e-12 });
    expect([...start.weights.keys()]).toEqual(parameterSpecs(run).map(({ name }) => name));
    expect(start.weights.get('t1.kernel')).toHaveLength(9 * 64);
    expect(start.weights.get('cls')).toEqual(weights.get('cls'));
    expect(() => startFrom(imported, { ...run, depth: 12 }, 3)).toThrow(/depth 2; the run needs depth 12/);
  });
});

describe('refused', () => {
  const extra = (name: string) =>
    new Map([...published('timm'), [name, { shape: [1], values: Float32Array.of(0) }] as const]);
  it.each([
    'dist_token',
    'head_dist.weight',
    'reg_token',
    'blocks.0.ls1.gamma',
    'blocks.0.mlp.w12.weight',
    'blocks.0.attn.q_norm.weight',
    'fc_norm.weight',
    'norm_pre.weight',
  ])('%s: not a plain ViT', (name) => {
    expect(codeOf(extra(name))).toBe('unsupported-model');
    expect(() => importWeights(writeSafetensors(extra(name)))).toThrow(name);
  });
  it('a name that claims more blocks than any model has, before anything is made for them', () => {
    expect(codeOf(extra('blocks.999999999.norm1.weight'))).toBe('unsupported-model');
  });
  it('a tensor nobody knows', () => {
    expect(codeOf(extra('blocks.0.adapter.weight'))).toBe('unknown-tensor');
  });
  it('a missing tensor, a wrong shape, another kind of file', () => {
    const missing = published('hf');
    missing.delete('vit.encoder.layer.1.output.dense.bias');
    expect(codeOf(missing)).toBe('missing-tensor');
    const wrong = published('timm');
    wrong.set('blocks.1.mlp.fc1.bias', { shape: [255], values: new Float32Array(255) });
    expect(codeOf(wrong)).toBe('shape');
    expect(codeOf(new Map([['conv1.weight', { shape: [1], values: Float32Array.of(1) }]]))).toBe(
      'unknown-layout',
    );
  });
  it('one-channel kernels, positions that are no square, odd widths', () => {
    const grey = published('timm');
    grey.set('patch_embed.proj.weight', { shape: [64, 1, 16, 16], values: new Float32Array(64 * 256) });
    expect(codeOf(grey)).toBe('unsupported-model');
    const positions = published('timm');
    positions.set('pos_embed', { shape: [1, 7, 64], values: new Float32Array(7 * 64) });
    expect(codeOf(positions)).toBe('unsupported-model');
    const narrow = published('timm');
    narrow.set('cls_token', { shape: [1, 1, 60], values: new Float32Array(60) });
    expect(codeOf(narrow)).toBe('unsupported-model');
  });
  it('an app file whose description is missing or absurd', () => {
    const app = unpack(exportWeights(weights, model, 'app'));
    expect(codeOf(app)).toBe('header');
    const description = { config: { ...model, depth: 1e9 }, normalisation: null };
    const file = writeSafetensors(app, { metadata: { 'chestlight.model': JSON.stringify(description) } });
    expect(() => importWeights(file)).toThrow(/not valid/);
  });
  it('NaN is named', () => {
    const tensors = published('timm');
    tensors.get('norm.bias')?.values.fill(NaN, 3, 4);
    expect(codeOf(tensors)).toBe('not-finite');
  });
});
