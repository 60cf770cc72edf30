/**
 * @file Mixed precision: matrix products of a recorded graph in bfloat16 or float16, everything else — weights, moments, sums,
 * norms, softmax, losses — in float32 (Micikevicius et al. 2018).
 */
import type { Precision } from '../../../../shared/domain/recipe.ts';
import { DATA_TYPES, typeAttribute, type DataType, type GraphNode } from './recorded-graph.ts';

const PRODUCTS = new Set(['MatMul', 'BatchMatMulV2']);

type Half = Extract<DataType, 'bfloat16' | 'float16'>;

/** What products are computed in; null = as recorded. */
export const HALVES: Readonly<Record<Precision, Half | null>> = {
  single: null,
  mixed: 'bfloat16',
  'mixed-f16': 'float16',
};

/**
 * What the loss of a step is multiplied by, so that no gradient is too small for float16 (from 6e-8), and its gradients are
 * divided by. The same at every step, and halved within a step, down to 1, while a gradient is too large (from 65,504): a step then
 * depends on no step before it, and a resumed run ends as an unbroken one. bfloat16 has the range of float32 and needs none.
 */
export const LOSS_SCALE = 2 ** 13;

/**
 * `nodes` with casts around their float32 matrix products. What several products read is cast once, by a node whose name begins
 * with `prefix`.
 */
export function inHalfPrecision(nodes: readonly GraphNode[], prefix: string, half: Half): GraphNode[] {
  const casts = new Map<string, GraphNode>();
  const halfOf = (source: string): string => {
    const name = `${prefix}/half/${source.replace(':', '_')}`;
    if (!casts.has(source)) casts.set(source, cast(name, source, 'float32', half));
    return name;
  };
  const changed = nodes.flatMap((node): GraphNode[] => {
    const { T } = node.attributes;
    if (!PRODUCTS.has(node.op) || T?.kind !== 'type' || T.value !== DATA_TYPES.float32) return [node];
    const product = {
      ...node,
      name: `${node.name}/product`,
      inputs: node.inputs.map((input) => (input.startsWith('^') ? input : halfOf(input))),
      attributes: { ...node.attributes, T: typeAttribute(half) },
    };
    return [product, cast(node.name, product.name, half, 'float32')];
  });
  return [...changed, ...casts.values()];
}

function cast(name: string, source: string, from: DataType, to: DataType): GraphNode {
  return {
    name,
    op: 'Cast',
    inputs: [source],
    attributes: {
      SrcT: typeAttribute(from),
      DstT: typeAttribute(to),
      Truncate: { kind: 'bool', value: false },
    },
  };
}
