/** @file Reads weights of a plain ViT from a safetensors file in any of the three key layouts. */
import { parameterSpecs, type VitConfig } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { initParameters } from '../vit/init.ts';
import type { Weights } from '../vit/parameters.ts';
import { adaptWeights, type AdaptedWeights } from './adapt-weights.ts';
import { foreignTensors, headName, placeForeign, transpose, type Layout } from './layouts.ts';
import { configFromShapes, detectLayout, readDescription, refuseForeignParts } from './model-description.ts';
import { floatTensor, readSafetensors, type FloatTensor, type RawTensor } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

type Tensors = ReadonlyMap<string, RawTensor>;

export interface ImportedWeights {
  readonly layout: Layout;
  /** The file's model. `t1Units` is 0 where the file has no usable heads. */
  readonly config: VitConfig;
  /** What the weights expect of a film: as the file says, else ImageNet for timm, 0.5 / 0.5 for HF. */
  readonly normalisation: Normalisation;
  /** Parameters by the product's names; without `t1.*` and `t2.*` where `hasHeads` is false. */
  readonly weights: Weights;
  readonly hasHeads: boolean;
  /** Tensors of the file that were left out, e.g. the 1,000-class head of an ImageNet model. */
  readonly dropped: readonly string[];
  /** Number types in the file. */
  readonly dtypes: readonly string[];
  readonly tensors: number;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The two normalisations in use. */
export const NORMALISATIONS = {
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const satisfies Readonly<Record<string, Normalisation>>;

/** What a layout usually goes with. */
const USUAL: Readonly<Record<Layout, Normalisation>> = {
  app: NORMALISATIONS.half,
  hf: NORMALISATIONS.half,
  timm: NORMALISATIONS.imagenet,
};

/** Left out without complaint: heads for other tasks, HF's pooler, the mask token of pre-training. */
const DROPPABLE = /^(classifier|head|fc|pre_logits|vit\.pooler|vit\.embeddings\.mask_token)\b/;

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function read(tensors: Tensors, name: string, shape: readonly number[]): FloatTensor {
  const raw = tensors.get(name);
  if (raw === undefined) {
    throw new WeightsError('missing-tensor', `The weights lack the tensor ${name}.`, [name]);
  }
  if (!sameShape(raw.shape, shape)) {
    throw new WeightsError(
      'shape',
      `Tensor ${name} is [${raw.shape.join(', ')}]; this model needs [${shape.join(', ')}].`,
      [name],
    );
  }
  return floatTensor(name, raw);
}

/** Names that are neither part of the model nor known to be harmless. @throws WeightsError `unknown-tensor` */
function leftOver(tensors: Tensors, used: ReadonlySet<string>): readonly string[] {
  const rest = [...tensors.keys()].filter((name) => !used.has(name));
  const unknown = rest.filter((name) => !DROPPABLE.test(name));
  if (unknown.length > 0) {
    throw new WeightsError(
      'unknown-tensor',
      `The file holds ${unknown.length} tensors that a plain ViT does not have, e.g. ${unknown.slice(0, 3).join(', ')}.`,
      unknown,
    );
  }
  return rest;
}

function readApp(tensors: Tensors, config: VitConfig): { weights: Weights; dropped: readonly string[] } {
  const specs = parameterSpecs(config);
  const weights = new Map(specs.map(({ name, shape }) => [name, read(tensors, name, shape).values]));
  return { weights, dropped: leftOver(tensors, new Set(weights.keys())) };
}

function readForeign(
  tensors: Tensors,
  config: VitConfig,
  layout: 'hf' | 'timm',
  hasHeads: boolean,
): { weights: Weights; dropped: readonly string[] } {
  const weights = new Map<string, Float32Array>();
  const sizes = new Map(parameterSpecs(config).map(({ name, size }) => [name, size]));
  const list = foreignTensors(config, layout);
  const used = new Set(list.map(({ name }) => name));
  for (const tensor of list) {
    const { values } = read(tensors, tensor.name, tensor.shape);
    const parameter = weights.get(tensor.parameter) ?? new Float32Array(sizes.get(tensor.parameter) ?? 0);
    placeForeign(tensor, values, parameter);
    weights.set(tensor.parameter, parameter);
  }
  if (hasHeads) {
    const { width, t1Units, t2Units } = config;
    const head = headName(layout);
    const kernel = read(tensors, `${head}.weight`, [t1Units + t2Units, width]).values;
    const bias = read(tensors, `${head}.bias`, [t1Units + t2Units]).values;
    const cut = t1Units * width;
    weights.set('t1.kernel', transpose(kernel.subarray(0, cut), t1Units, width));
    weights.set('t1.bias', bias.slice(0, t1Units));
    weights.set('t2.kernel', transpose(kernel.subarray(cut), t2Units, width));
    weights.set('t2.bias', bias.slice(t1Units));
    used.add(`${head}.weight`).add(`${head}.bias`);
  }
  return { weights, dropped: leftOver(tensors, used) };
}

/** Reads and checks a weights file. @throws WeightsError */
export function importWeights(bytes: Uint8Array): ImportedWeights {
  const file = readSafetensors(bytes);
  refuseForeignParts(file.tensors.keys());
  const { layout, tensors } = detectLayout(file.tensors);
  const description = readDescription(file.metadata);
  if (layout === 'app' && description === null) {
    throw new WeightsError('header', 'The file does not describe its model; it was not written by this app.');
  }
  const hasHeads = description !== null;
  const config = description?.config ?? configFromShapes(tensors, layout === 'hf' ? 'hf' : 'timm');
  const { weights, dropped } =
    layout === 'app' ? readApp(tensors, config) : readForeign(tensors, config, layout, hasHeads);
  return {
    layout,
    config,
    normalisation: description?.normalisation ?? USUAL[layout],
    weights,
    hasHeads,
    dropped,
    dtypes: [...new Set([...tensors.values()].map(({ dtype }) => dtype))],
    tensors: tensors.size,
    metadata: file.metadata,
  };
}

/**
 * Start weights for a model of its own heads: the file's body with positions and patch kernels adapted where grid or
 * patch differ, fresh heads from `seed`, and the file's ε.
 * @throws WeightsError `shape` when the body is not the one that `config` names
 */
export function startFrom(imported: ImportedWeights, config: VitConfig, seed: number): AdaptedWeights {
  const { config: file } = imported;
  for (const key of ['width', 'depth', 'heads', 'mlpRatio'] as const) {
    if (file[key] !== config[key]) {
      throw new WeightsError(
        'shape',
        `The start weights are a ViT-${file.variant} with ${key} ${file[key]}; the run needs ${key} ${config[key]}.`,
      );
    }
  }
  const adapted = adaptWeights(imported.weights, file, config);
  const fresh = initParameters(config, seed);
  const isHead = (name: string) => name.startsWith('t1.') || name.startsWith('t2.');
  const weights = new Map(
    [...fresh].map(([name, values]) => [name, isHead(name) ? values : (adapted.weights.get(name) ?? values)]),
  );
  return {
    weights,
    config: { ...config, layerNormEpsilon: file.layerNormEpsilon },
    changes: adapted.changes,
  };
}
