/**
 * @file Mixed precision: matrix products of a recorded graph in bfloat16, everything else — weights, moments, sums,
 * norms, softmax, losses — in float32 (Micikevicius et al. 2018).
 */
import { DATA_TYPES, typeAttribute, type DataType, type GraphNode } from './recorded-graph.ts';

const PRODUCTS = new Set(['MatMul', 'BatchMatMulV2']);

const HALF: DataType = 'bfloat16';

/**
 * `nodes` with casts around their float32 matrix products. What several products read is cast once, by a node whose name begins
 * with `prefix`. bfloat16 has the range of float32, so that no gradient is lost and no loss needs scaling.
 */
export function inHalfPrecision(nodes: readonly GraphNode[], prefix: string): GraphNode[] {
  const casts = new Map<string, GraphNode>();
  const halfOf = (source: string): string => {
    const name = `${prefix}/half/${source.replace(':', '_')}`;
    if (!casts.has(source)) casts.set(source, cast(name, source, 'float32', HALF));
    return name;
  };
  const changed = nodes.flatMap((node): GraphNode[] => {
    const { T } = node.attributes;
    if (!PRODUCTS.has(node.op) || T?.kind !== 'type' || T.value !== DATA_TYPES.float32) return [node];
    const product = {
      ...node,
      name: `${node.name}/product`,
      inputs: node.inputs.map((input) => (input.startsWith('^') ? input : halfOf(input))),
      attributes: { ...node.attributes, T: typeAttribute(HALF) },
    };
    return [product, cast(node.name, product.name, HALF, 'float32')];
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
