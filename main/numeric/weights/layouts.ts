/** @file Where each parameter lies in the three key layouts (the product's, Hugging Face's, timm's), both ways. */
import { parameterSpecs, type VitConfig } from '../vit/config.ts';
import type { Weights } from '../vit/parameters.ts';
import type { FloatTensor } from './safetensors.ts';

export const LAYOUTS = ['app', 'hf', 'timm'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** [rows, columns] → [columns, rows]; a copy. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  const tile = 32; // both sides of a tile stay in the cache
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(rows, top + tile);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(columns, left + tile);
      for (let r = top; r < bottom; r += 1) {
        for (let c = left; c < right; c += 1) out[c * rows + r] = values[r * columns + c] as number;
      }
    }
  }
  return out;
}

/** One tensor of a foreign layout that holds a parameter or, for `part`, a third of the fused qkv. */
export interface ForeignTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The parameter of the product's layout. */
  readonly parameter: string;
  /** 0, 1, 2 for query, key, value stored apart. */
  readonly part?: 0 | 1 | 2;
}

type Names = Readonly<Record<'prefix' | 'block' | 'cls' | 'positions' | 'patch' | 'norm', string>> & {
  readonly inBlock: Readonly<Record<'norm1' | 'proj' | 'norm2' | 'fc1' | 'fc2', string>>;
  /** Fused qkv, or query, key, value. */
  readonly qkv: readonly [string] | readonly [string, string, string];
  readonly head: string;
};

const NAMES: Readonly<Record<'hf' | 'timm', Names>> = {
  hf: {
    prefix: 'vit.',
    block: 'vit.encoder.layer.',
    cls: 'vit.embeddings.cls_token',
    positions: 'vit.embeddings.position_embeddings',
    patch: 'vit.embeddings.patch_embeddings.projection',
    norm: 'vit.layernorm',
    inBlock: {
      norm1: 'layernorm_before',
      proj: 'attention.output.dense',
      norm2: 'layernorm_after',
      fc1: 'intermediate.dense',
      fc2: 'output.dense',
    },
    qkv: ['attention.attention.query', 'attention.attention.key', 'attention.attention.value'],
    head: 'classifier',
  },
  timm: {
    prefix: '',
    block: 'blocks.',
    cls: 'cls_token',
    positions: 'pos_embed',
    patch: 'patch_embed.proj',
    norm: 'norm',
    inBlock: { norm1: 'norm1', proj: 'attn.proj', norm2: 'norm2', fc1: 'mlp.fc1', fc2: 'mlp.fc2' },
    qkv: ['attn.qkv'],
    head: 'head',
  },
};

/** Name of the classification head of a foreign layout: one head over [T1 units, T2 units]. */
export function headName(layout: 'hf' | 'timm'): string {
  return NAMES[layout].head;
}

/** Every tensor of the model without heads in a foreign layout, in the usual order of that layout. */
export function foreignTensors(config: VitConfig, layout: 'hf' | 'timm'): readonly ForeignTensor[] {
  const { width, patch, mlpRatio } = config;
  const names = NAMES[layout];
  const positions = parameterSpecs(config).find(({ name }) => name === 'positions')?.shape ?? [];
  const list: ForeignTensor[] = [
    { name: names.cls, shape: [1, 1, width], parameter: 'cls' },
    { name: names.positions, shape: positions, parameter: 'positions' },
    { name: `${names.patch}.weight`, shape: [width, 3, patch, patch], parameter: 'patch.kernel' },
    { name: `${names.patch}.bias`, shape: [width], parameter: 'patch.bias' },
  ];
  const norm = (name: string, parameter: string) => {
    list.push({ name: `${name}.weight`, shape: [width], parameter: `${parameter}.scale` });
    list.push({ name: `${name}.bias`, shape: [width], parameter: `${parameter}.bias` });
  };
  const dense = (name: string, parameter: string, out: number, inputs: number, part?: 0 | 1 | 2) => {
    const extra = part === undefined ? {} : { part };
    list.push({ name: `${name}.weight`, shape: [out, inputs], parameter: `${parameter}.kernel`, ...extra });
    list.push({ name: `${name}.bias`, shape: [out], parameter: `${parameter}.bias`, ...extra });
  };
  for (let block = 0; block < config.depth; block += 1) {
    const at = `${names.block}${block}.`;
    const ours = `blocks.${block}.`;
    norm(`${at}${names.inBlock.norm1}`, `${ours}norm1`);
    if (names.qkv.length === 1) {
      dense(`${at}${names.qkv[0]}`, `${ours}qkv`, 3 * width, width);
    } else {
      names.qkv.forEach((name, part) => {
        dense(`${at}${name}`, `${ours}qkv`, width, width, part as 0 | 1 | 2);
      });
    }
    dense(`${at}${names.inBlock.proj}`, `${ours}proj`, width, width);
    norm(`${at}${names.inBlock.norm2}`, `${ours}norm2`);
    dense(`${at}${names.inBlock.fc1}`, `${ours}fc1`, width * mlpRatio, width);
    dense(`${at}${names.inBlock.fc2}`, `${ours}fc2`, width, width * mlpRatio);
  }
  norm(names.norm, 'norm');
  return list;
}

/** Rows and columns of the product's kernel that a foreign tensor fills: [in, out], out a third for a part of qkv. */
function kernelSize(tensor: ForeignTensor): { readonly out: number; readonly inputs: number } | null {
  const [out = 0, ...rest] = tensor.shape;
  return tensor.parameter.endsWith('.kernel')
    ? { out, inputs: rest.reduce((product, length) => product * length, 1) }
    : null;
}

/** Writes a foreign tensor's values to their place in the parameter. Exact: values only move. */
export function placeForeign(tensor: ForeignTensor, values: Float32Array, parameter: Float32Array): void {
  const kernel = kernelSize(tensor);
  const own = kernel === null ? values : transpose(values, kernel.out, kernel.inputs); // [in, out]
  if (tensor.part === undefined) {
    parameter.set(own);
    return;
  }
  const { part } = tensor;
  const width = kernel?.out ?? own.length;
  const rows = kernel?.inputs ?? 1;
  for (let row = 0; row < rows; row += 1) {
    parameter.set(own.subarray(row * width, (row + 1) * width), row * 3 * width + part * width);
  }
}

/** The inverse of `placeForeign`. */
export function takeForeign(tensor: ForeignTensor, parameter: Float32Array): Float32Array {
  const kernel = kernelSize(tensor);
  let own = parameter;
  if (tensor.part !== undefined) {
    const width = kernel?.out ?? parameter.length / 3;
    const rows = kernel?.inputs ?? 1;
    own = new Float32Array(rows * width);
    for (let row = 0; row < rows; row += 1) {
      const from = row * 3 * width + tensor.part * width;
      own.set(parameter.subarray(from, from + width), row * width);
    }
  }
  return kernel === null ? own.slice() : transpose(own, kernel.inputs, kernel.out);
}

/** The product's own layout: parameters by name in their shapes. */
export function appTensors(weights: Weights, config: VitConfig): Map<string, FloatTensor> {
  return new Map(
    parameterSpecs(config).map(({ name, shape }) => {
      const values = weights.get(name);
      if (values === undefined) throw new Error(`the weights lack ${name}`);
      return [name, { shape, values }];
    }),
  );
}
