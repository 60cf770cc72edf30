/** @file Reads weights of a plain ViT from a safetensors file in any of the three key layouts. */
import { parameterSpecs, type VitConfig } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import { initParameters } from '../vit/init.ts';
import type { Weights } from '../vit/parameters.ts';
import { adaptWeights, type AdaptedWeights } from './adapt-weights.ts';
import { foreignTensors, headName, placeForeign, transpose, type Layout } from './layouts.ts';
import { configFromShapes, detectLayout, readDescription, refuseForeignParts } from './model-description.ts';
import { floatTensor, readSafetensors, type RawTensor } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

/** What is known of a tensor before its values are. */
export type TensorShape = Pick<RawTensor, 'dtype' | 'shape'>;

/** A model as a file holds it, before any value has been read. */
export interface DescribedWeights<T extends TensorShape> {
  readonly layout: Layout;
  /** The file's model. `t1Units` is 0 where the file has no usable heads. */
  readonly config: VitConfig;
  /** What the weights expect of a film: as the file says, else ImageNet for timm, 0.5 / 0.5 for HF. */
  readonly normalisation: Normalisation;
  /** Parameters by the product's names, in its order; without `t1.*` and `t2.*` where `hasHeads` is false. */
  readonly parameters: readonly ParameterSource<T>[];
  readonly hasHeads: boolean;
  /** Tensors of the file that were left out, e.g. the 1,000-class head of an ImageNet model. */
  readonly dropped: readonly string[];
  /** Number types in the file. */
  readonly dtypes: readonly string[];
  readonly tensors: number;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Where the values of a parameter are in a file. */
export interface ParameterSource<T extends TensorShape> {
  readonly name: string;
  /** By the names of their layout. */
  readonly tensors: readonly { readonly name: string; readonly tensor: T }[];
  /** The parameter, flat, from the values of its tensors in their order. */
  readonly make: (values: readonly Float32Array[]) => Float32Array;
}

export interface ImportedWeights extends Omit<DescribedWeights<RawTensor>, 'parameters'> {
  /** Parameters by the product's names; without `t1.*` and `t2.*` where `hasHeads` is false. */
  readonly weights: Weights;
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

type Tensors<T> = ReadonlyMap<string, T>;

/** The tensor of that name and shape. @throws WeightsError where there is none */
function find<T extends TensorShape>(tensors: Tensors<T>, name: string, shape: readonly number[]) {
  const tensor = tensors.get(name);
  if (tensor === undefined) {
    throw new WeightsError('missing-tensor', `The weights lack the tensor ${name}.`, [name]);
  }
  if (!sameShape(tensor.shape, shape)) {
    throw new WeightsError(
      'shape',
      `Tensor ${name} is [${tensor.shape.join(', ')}]; this model needs [${shape.join(', ')}].`,
      [name],
    );
  }
  return { name, tensor };
}

/** Names that are neither part of the model nor known to be harmless. @throws WeightsError `unknown-tensor` */
function leftOver(tensors: Tensors<unknown>, used: ReadonlySet<string>): readonly string[] {
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

interface Sources<T extends TensorShape> {
  readonly parameters: readonly ParameterSource<T>[];
  readonly dropped: readonly string[];
}

const only = ([values]: readonly Float32Array[]): Float32Array => {
  if (values === undefined) throw new Error('a parameter is made of a tensor');
  return values;
};

function appSources<T extends TensorShape>(tensors: Tensors<T>, config: VitConfig): Sources<T> {
  const specs = parameterSpecs(config);
  const parameters = specs.map(({ name, shape }) => ({
    name,
    tensors: [find(tensors, name, shape)],
    make: only,
  }));
  return { parameters, dropped: leftOver(tensors, new Set(specs.map(({ name }) => name))) };
}

function foreignSources<T extends TensorShape>(
  tensors: Tensors<T>,
  config: VitConfig,
  layout: 'hf' | 'timm',
  hasHeads: boolean,
): Sources<T> {
  const list = foreignTensors(config, layout);
  const heads = hasHeads ? headSources(tensors, config, headName(layout)) : [];
  const parameters = parameterSpecs(config).flatMap(({ name, size }) => {
    const parts = list.filter(({ parameter }) => parameter === name);
    if (parts.length === 0) return heads.filter((head) => head.name === name);
    const make = (values: readonly Float32Array[]): Float32Array => {
      const parameter = new Float32Array(size);
      parts.forEach((part, at) => placeForeign(part, values[at] as Float32Array, parameter));
      return parameter;
    };
    return [{ name, tensors: parts.map((part) => find(tensors, part.name, part.shape)), make }];
  });
  const used = parameters.flatMap((source) => source.tensors.map(({ name }) => name));
  return { parameters, dropped: leftOver(tensors, new Set(used)) };
}

/** Both heads lie in one, T1 first. */
function headSources<T extends TensorShape>(
  tensors: Tensors<T>,
  { width, t1Units, t2Units }: VitConfig,
  head: string,
): readonly ParameterSource<T>[] {
  const kernel = [find(tensors, `${head}.weight`, [t1Units + t2Units, width])];
  const bias = [find(tensors, `${head}.bias`, [t1Units + t2Units])];
  const cut = t1Units * width;
  return [
    {
      name: 't1.kernel',
      tensors: kernel,
      make: (values) => transpose(only(values).subarray(0, cut), t1Units, width),
    },
    { name: 't1.bias', tensors: bias, make: (values) => only(values).slice(0, t1Units) },
    {
      name: 't2.kernel',
      tensors: kernel,
      make: (values) => transpose(only(values).subarray(cut), t2Units, width),
    },
    { name: 't2.bias', tensors: bias, make: (values) => only(values).slice(t1Units) },
  ];
}

/** Finds out what model a file holds, and where each parameter is in it; no value is read. @throws WeightsError */
export function describeWeights<T extends TensorShape>(file: {
  readonly tensors: ReadonlyMap<string, T>;
  readonly metadata: ReadonlyMap<string, string>;
}): DescribedWeights<T> {
  refuseForeignParts(file.tensors.keys());
  const { layout, tensors } = detectLayout(file.tensors);
  const description = readDescription(file.metadata);
  if (layout === 'app' && description === null) {
    throw new WeightsError('header', 'The file does not describe its model; it was not written by this app.');
  }
  const hasHeads = description !== null;
  const config = description?.config ?? configFromShapes(tensors, layout === 'hf' ? 'hf' : 'timm');
  return {
    layout,
    config,
    normalisation: description?.normalisation ?? USUAL[layout],
    ...(layout === 'app' ? appSources(tensors, config) : foreignSources(tensors, config, layout, hasHeads)),
    hasHeads,
    dtypes: [...new Set([...tensors.values()].map(({ dtype }) => dtype))],
    tensors: tensors.size,
    metadata: file.metadata,
  };
}

/** Reads and checks a weights file. @throws WeightsError */
export function importWeights(bytes: Uint8Array): ImportedWeights {
  const { parameters, ...described } = describeWeights(readSafetensors(bytes));
  const weights = new Map(
    parameters.map(({ name, tensors, make }) => [
      name,
      make(tensors.map((one) => floatTensor(one.name, one.tensor).values)),
    ]),
  );
  return { ...described, weights };
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
