/** @file Weights as a safetensors file in the product's, Hugging Face's or timm's key layout. */
import { parameterCount, type VitConfig } from '../vit/config.ts';
import type { Normalisation } from '../vit/forward.ts';
import type { Weights } from '../vit/parameters.ts';
import { appTensors, foreignTensors, headName, takeForeign, transpose, type Layout } from './layouts.ts';
import { writeSafetensors, type FloatTensor } from './safetensors.ts';

/** Key of the file's metadata under which the model is described as JSON (`ModelDescription`). */
export const MODEL_KEY = 'chestlight.model';

/** What a file says about its model beside the tensors. */
export interface ModelDescription {
  readonly config: VitConfig;
  readonly normalisation: Normalisation | null;
}

export interface ExportOptions {
  readonly dtype?: 'F32' | 'F16';
  readonly normalisation?: Normalisation;
  /** More metadata, e.g. names of the findings. */
  readonly metadata?: Readonly<Record<string, string>>;
}

function get(weights: Weights, name: string): Float32Array {
  const values = weights.get(name);
  if (values === undefined) throw new Error(`the weights lack ${name}`);
  return values;
}

/** One head over [T1 units, T2 units], as both foreign layouts have one. */
function foreignHead(weights: Weights, config: VitConfig, layout: 'hf' | 'timm'): [string, FloatTensor][] {
  const { width, t1Units, t2Units } = config;
  const units = t1Units + t2Units;
  const kernel = new Float32Array(units * width);
  kernel.set(transpose(get(weights, 't1.kernel'), width, t1Units));
  kernel.set(transpose(get(weights, 't2.kernel'), width, t2Units), t1Units * width);
  const bias = new Float32Array(units);
  bias.set(get(weights, 't1.bias'));
  bias.set(get(weights, 't2.bias'), t1Units);
  const name = headName(layout);
  return [
    [`${name}.weight`, { shape: [units, width], values: kernel }],
    [`${name}.bias`, { shape: [units], values: bias }],
  ];
}

/**
 * The file's bytes. At f32 nothing is rounded: app → hf → app and app → timm → app give the same bits. In the foreign
 * layouts the two heads lie in one, T1 first; the metadata says where to cut.
 */
export function exportWeights(
  weights: Weights,
  config: VitConfig,
  layout: Layout,
  options: ExportOptions = {},
): Uint8Array {
  const description: ModelDescription = { config, normalisation: options.normalisation ?? null };
  const metadata = {
    format: 'pt',
    [MODEL_KEY]: JSON.stringify(description),
    'chestlight.parameters': String(parameterCount(config)),
    ...options.metadata,
  };
  const tensors =
    layout === 'app'
      ? appTensors(weights, config)
      : new Map<string, FloatTensor>([
          ...foreignTensors(config, layout).map((tensor): [string, FloatTensor] => [
            tensor.name,
            { shape: tensor.shape, values: takeForeign(tensor, get(weights, tensor.parameter)) },
          ]),
          ...foreignHead(weights, config, layout),
        ]);
  return writeSafetensors(tensors, { dtype: options.dtype ?? 'F32', metadata });
}
