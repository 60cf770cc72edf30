/** @file The model that a file's metadata or its tensor shapes describe; refuses models that are not a plain ViT. */
import { variantOf, type VitConfig } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { MODEL_KEY, type ModelDescription } from './export-weights.ts';
import { foreignTensors, LAYOUTS, type Layout } from './layouts.ts';
import type { RawTensor } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

/** Of which only the shapes are looked at. */
type Described = Pick<RawTensor, 'shape'>;
type Tensors = ReadonlyMap<string, Described>;

/** Parts of related models that a plain ViT lacks: what the name contains → what it is. */
const FOREIGN_PARTS: readonly (readonly [RegExp, string])[] = [
  [
    /dist_token|distillation_token|head_dist|distillation_classifier/,
    'a distillation token (DeiT distilled)',
  ],
  [/reg_token|register_tokens/, 'register tokens (DINOv2 with registers)'],
  [/\.ls[12]\.|layer_scale|lambda[12]?$/, 'layer scale (DINOv2, CaiT); fold it into the projections first'],
  [/mlp\.w12|mlp\.w3|weights_in|fc1_g/, 'a gated MLP (SwiGLU)'],
  [/relative_position|rel_pos/, 'relative positions (BEiT, Swin)'],
  [/q_norm|k_norm/, 'normalised queries and keys'],
  [/fc_norm|attn_pool/, 'pooling over patches instead of the class token'],
  [/\bgamma_[12]\b/, 'BEiT scales'],
  [/norm_pre|pre_layrnorm/, 'a norm before the blocks (CLIP)'],
];

/** @throws WeightsError `unsupported-model` that names the part */
export function refuseForeignParts(names: Iterable<string>): void {
  for (const name of names) {
    const part = FOREIGN_PARTS.find(([pattern]) => pattern.test(name));
    if (part !== undefined) {
      throw new WeightsError(
        'unsupported-model',
        `These weights have ${part[1]}: ${name}. A plain ViT is needed.`,
        [name],
      );
    }
  }
}

/** The file's layout and its tensors under the layout's usual names (HF files may leave out the `vit.` prefix). */
export function detectLayout<T extends Described>(
  tensors: ReadonlyMap<string, T>,
): { readonly layout: Layout; readonly tensors: ReadonlyMap<string, T> } {
  if (tensors.has('blocks.0.qkv.kernel')) return { layout: 'app', tensors };
  if (tensors.has('blocks.0.attn.qkv.weight')) return { layout: 'timm', tensors };
  if (tensors.has('vit.encoder.layer.0.attention.attention.query.weight')) return { layout: 'hf', tensors };
  if (tensors.has('encoder.layer.0.attention.attention.query.weight')) {
    const prefixed = [...tensors].map(([name, raw]): [string, T] => [
      name.startsWith('classifier') ? name : `vit.${name}`,
      raw,
    ]);
    return { layout: 'hf', tensors: new Map(prefixed) };
  }
  throw new WeightsError(
    'unknown-layout',
    `No Vision Transformer was found in the file. Known are the key layouts ${LAYOUTS.join(', ')}; ` +
      `its tensors begin with ${[...tensors.keys()].slice(0, 3).join(', ') || 'none'}.`,
  );
}

const isWhole = (value: unknown, from: number, to: number): value is number =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= to;

function isNormalisation(value: unknown): value is Normalisation {
  if (typeof value !== 'object' || value === null) return false;
  const { mean, std } = value as Record<string, unknown>;
  const three = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length === 3 && list.every((entry) => Number.isFinite(entry));
  return three(mean) && three(std) && std.every((entry) => entry > 0);
}

const MOST_BLOCKS = 64;

/** A configuration that comes from a file; every field within sane limits. */
function isConfig(value: unknown): value is VitConfig {
  if (typeof value !== 'object' || value === null) return false;
  const config = value as Record<string, unknown>;
  const { width, depth, heads, mlpRatio, patch, imageSize, layerNormEpsilon, t1Units, t2Units } = config;
  return (
    isWhole(width, 1, 4096) &&
    isWhole(depth, 1, MOST_BLOCKS) &&
    isWhole(heads, 1, 64) &&
    width % heads === 0 &&
    isWhole(mlpRatio, 1, 16) &&
    isWhole(patch, 1, 64) &&
    isWhole(imageSize, 1, 1024) &&
    imageSize % patch === 0 &&
    typeof layerNormEpsilon === 'number' &&
    layerNormEpsilon > 0 &&
    layerNormEpsilon < 1 &&
    isWhole(t1Units, 1, 4096) &&
    (t2Units === 1 || t2Units === 2)
  );
}

/** The description in the metadata; null where there is none. @throws WeightsError `header` for a bad one */
export function readDescription(metadata: ReadonlyMap<string, string>): ModelDescription | null {
  const text = metadata.get(MODEL_KEY);
  if (text === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const { config, normalisation } = (value ?? {}) as Record<string, unknown>;
  if (!isConfig(config) || !(normalisation === null || isNormalisation(normalisation))) {
    throw new WeightsError('header', 'The description of the model in the file is not valid.');
  }
  return { config: { ...config, variant: variantOf(config.width, config.depth) ?? 'custom' }, normalisation };
}

function shapeOf(tensors: Tensors, name: string): readonly number[] {
  const raw = tensors.get(name);
  if (raw === undefined) {
    throw new WeightsError('missing-tensor', `The weights lack the tensor ${name}.`, [name]);
  }
  return raw.shape;
}

function countBlocks(tensors: Tensors, layout: 'hf' | 'timm'): number {
  const pattern = layout === 'hf' ? /^vit\.encoder\.layer\.(\d+)\./ : /^blocks\.(\d+)\./;
  let depth = 0;
  for (const name of tensors.keys()) {
    const found = pattern.exec(name);
    if (found !== null) depth = Math.max(depth, Number(found[1]) + 1);
  }
  return depth;
}

/**
 * The model of a foreign file from its shapes. Heads are counted as width / 64, as in all published plain ViTs; ε is the
 * layout's usual one. Head units are 0: the caller knows its own.
 */
export function configFromShapes(tensors: Tensors, layout: 'hf' | 'timm'): VitConfig {
  const [cls, positions, patchKernel] = foreignTensors(
    { ...EMPTY, width: 1, patch: 1, imageSize: 1 },
    layout,
  ).map(({ name }) => name) as [string, string, string];
  const width = shapeOf(tensors, cls).at(-1) ?? 0;
  const kernel = shapeOf(tensors, patchKernel);
  const [, channels = 0, patch = 0, across = 0] = kernel;
  const [, tokens = 0] = shapeOf(tensors, positions);
  const grid = Math.round(Math.sqrt(tokens - 1));
  const refuse = (why: string): never => {
    throw new WeightsError('unsupported-model', `These weights are not a plain ViT: ${why}.`);
  };
  if (kernel.length !== 4 || channels !== 3 || patch !== across || patch < 1) {
    refuse(`the patch kernel is [${kernel.join(', ')}], needed is [width, 3, patch, patch]`);
  }
  if (grid < 1 || grid * grid + 1 !== tokens)
    refuse(`${tokens} positions are no square grid and one class token`);
  if (width < 1 || width % 64 !== 0) refuse(`the width ${width} is no multiple of 64`);
  const depth = countBlocks(tensors, layout);
  // Before anything is made as long as the depth says: one tensor's name can claim a billion blocks.
  if (depth > MOST_BLOCKS)
    refuse(`a name speaks of ${depth} blocks, and more than ${MOST_BLOCKS} are not read`);
  return {
    ...EMPTY,
    variant: variantOf(width, depth) ?? 'custom',
    width,
    depth,
    heads: width / 64,
    patch,
    imageSize: grid * patch,
    layerNormEpsilon: layout === 'hf' ? 1e-12 : 1e-6,
  };
}

const EMPTY: VitConfig = {
  variant: 'custom',
  width: 0,
  depth: 0,
  heads: 1,
  mlpRatio: 4,
  patch: 1,
  imageSize: 1,
  layerNormEpsilon: 1e-6,
  t1Units: 0,
  t2Units: 2,
};
