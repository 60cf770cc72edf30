/**
 * @file A DINOv2 ViT-Small exported to ONNX, as a plain ViT: layer scale folded into the projections, patches from 14 to 16
 * pixels, positions from 37 × 37 to 14 × 14 (Oquab et al. 2023; Beyer et al. 2023 for the patches).
 */
import { resizePatchKernel, resizePositions } from './adapt-weights.ts';
import { transpose } from './layouts.ts';
import { readOnnx, type OnnxGraph } from './onnx-graph.ts';
import { writeSafetensors, type FloatTensor } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

interface Grid {
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Patches a side. */
  readonly grid: number;
}

export interface OnnxVit {
  readonly width: number;
  readonly depth: number;
  /** Of the MLP. */
  readonly hidden: number;
  readonly from: Grid;
  readonly to: Grid;
}

const VIT_SMALL: OnnxVit = {
  width: 384,
  depth: 12,
  hidden: 1536,
  from: { patch: 14, grid: 37 },
  to: { patch: 16, grid: 14 },
};

/** The model as safetensors in the layout of Hugging Face, f16. @throws WeightsError naming what the model lacks */
export function vitSmallFromOnnx(onnx: Uint8Array): Uint8Array {
  return writeSafetensors(plainVit(onnx, VIT_SMALL), { dtype: 'F16', metadata: { format: 'pt' } });
}

/** Tensors in the layout of Hugging Face. @throws WeightsError naming what the model lacks */
export function plainVit(onnx: Uint8Array, vit: OnnxVit): Map<string, FloatTensor> {
  const { width, depth, hidden, from: old, to: next } = vit;
  const source = new Constants(readOnnx(onnx));
  const out = new Map<string, FloatTensor>();
  const set = (name: string, shape: readonly number[], values: Float32Array) =>
    out.set(name, { shape, values });
  const embeddings = 'backbone.embeddings.';
  set('vit.embeddings.cls_token', [1, 1, width], source.named(`${embeddings}cls_token`, [1, 1, width]));
  set('vit.embeddings.position_embeddings', [1, next.grid ** 2 + 1, width], positions(source, vit));
  const patch = 'patch_embeddings.projection';
  const kernel = source.named(`${embeddings}${patch}.weight`, [width, 3, old.patch, old.patch]);
  set(`vit.embeddings.${patch}.weight`, [width, 3, next.patch, next.patch], resampled(kernel, vit));
  set(`vit.embeddings.${patch}.bias`, [width], source.named(`${embeddings}${patch}.bias`, [width]));
  for (let block = 0; block < depth; block += 1) {
    const from = `backbone.encoder.layer.${block}.`;
    const to = `vit.encoder.layer.${block}.`;
    for (const [theirs, ours] of [
      ['norm1', 'layernorm_before'],
      ['norm2', 'layernorm_after'],
    ] as const) {
      for (const part of ['weight', 'bias']) {
        set(`${to}${ours}.${part}`, [width], source.named(`${from}${theirs}.${part}`, [width]));
      }
    }
    const dense = (theirs: string, ours: string, rows: number, columns: number, scale?: Float32Array) => {
      const weight = source.matrix(`${from}${theirs}.bias`, rows, columns);
      const bias = source.named(`${from}${theirs}.bias`, [rows]);
      const times = (values: Float32Array, each: number) =>
        scale === undefined ? values : values.map((value, at) => value * (scale[Math.floor(at / each)] ?? 1));
      set(`${to}${ours}.weight`, [rows, columns], times(weight, columns));
      set(`${to}${ours}.bias`, [rows], times(bias, 1));
    };
    const scaleOf = (layer: 1 | 2) => source.named(`${from}layer_scale${layer}.lambda1`, [width]);
    for (const part of ['query', 'key', 'value']) {
      dense(`attention.attention.${part}`, `attention.attention.${part}`, width, width);
    }
    dense('attention.output.dense', 'attention.output.dense', width, width, scaleOf(1));
    dense('mlp.fc1', 'intermediate.dense', hidden, width);
    dense('mlp.fc2', 'output.dense', width, hidden, scaleOf(2));
  }
  for (const part of ['weight', 'bias']) {
    set(`vit.layernorm.${part}`, [width], source.named(`backbone.layernorm.${part}`, [width]));
  }
  return out;
}

/** Constants by name, and matrices by the bias that is added behind them: exporters leave matrices without names. */
class Constants {
  readonly #graph: OnnxGraph;
  /** Names of matrices [in, out] by the bias added to their product. */
  readonly #matrices = new Map<string, string>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    const products = new Map<string, string>();
    for (const { operation, inputs, outputs } of graph.nodes) {
      const [output] = outputs;
      const matrix = inputs[1];
      if (operation === 'MatMul' && output !== undefined && matrix !== undefined)
        products.set(output, matrix);
    }
    for (const { operation, inputs } of graph.nodes) {
      if (operation !== 'Add') continue;
      const product = inputs.find((input) => products.has(input));
      const bias = inputs.find((input) => graph.constants.has(input));
      if (product !== undefined && bias !== undefined) this.#matrices.set(bias, products.get(product) ?? '');
    }
  }

  /** @throws WeightsError `missing-tensor` */
  named(name: string, shape: readonly number[]): Float32Array {
    const tensor = this.#graph.constants.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new WeightsError(
        'missing-tensor',
        `This ONNX model has no ${name} of shape [${shape.join(', ')}].`,
        [name],
      );
    }
    return tensor.values;
  }

  /** [rows, columns] as PyTorch stores it. @throws WeightsError `missing-tensor` */
  matrix(bias: string, rows: number, columns: number): Float32Array {
    const stored = this.named(this.#matrices.get(bias) ?? `matrix of ${bias}`, [columns, rows]);
    return transpose(stored, columns, rows);
  }

  /** The only constant of a shape that no name tells apart. @throws WeightsError `missing-tensor` */
  only(shape: readonly number[], isIt: (name: string) => boolean = () => true): Float32Array {
    const wanted = shape.join();
    const found = [...this.#graph.constants].filter(
      ([name, tensor]) => tensor.shape.join() === wanted && isIt(name),
    );
    const [one] = found;
    if (one === undefined || found.length > 1) {
      throw new WeightsError(
        'missing-tensor',
        `This ONNX model has ${found.length} constants of shape [${shape.join(', ')}], not one.`,
      );
    }
    return one[1].values;
  }
}

/** The exporter cut the class token's position off the rest and gave both names of its own. */
function positions(source: Constants, { width, from, to }: OnnxVit): Float32Array {
  const patches = source.only([1, from.grid ** 2, width]);
  const cls = source.only([1, 1, width], (name) => name.startsWith('onnx'));
  const all = new Float32Array(cls.length + patches.length);
  all.set(cls);
  all.set(patches, cls.length);
  return resizePositions(all, width, from.grid, to.grid);
}

/** [D, 3, 14, 14] → [D, 3, 16, 16]. */
function resampled(kernel: Float32Array, { width, from, to }: OnnxVit): Float32Array {
  const [before, after] = [3 * from.patch ** 2, 3 * to.patch ** 2];
  const resized = resizePatchKernel(transpose(kernel, width, before), width, from.patch, to.patch, 'plain');
  return transpose(resized, after, width);
}
