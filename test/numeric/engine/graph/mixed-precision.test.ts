/** @file Which operations of a graph change their type: float32 matrix products, and nothing else. */
import { expect, it } from 'vitest';

import { inHalfPrecision } from '../../../../main/numeric/engine/graph/mixed-precision.ts';
import { typeAttribute, type GraphNode } from '../../../../main/numeric/engine/graph/recorded-graph.ts';

const node = (name: string, op: string, inputs: string[], attributes = {}): GraphNode => ({
  name,
  op,
  inputs,
  attributes: { T: typeAttribute('float32'), ...attributes },
});

it('casts around matrix products, once for what several read, under the names that others know', () => {
  const graph = [
    node('a', 'Softmax', ['x']),
    node('b', 'MatMul', ['a', 'w:1'], { transpose_a: { kind: 'bool', value: true } }),
    node('c', 'BatchMatMulV2', ['b', 'w:1', '^a']),
    node('d', 'MatMul', ['i', 'i'], { T: typeAttribute('int32') }),
    node('e', 'AddV2', ['c', 'b']),
  ];
  const mixed = inHalfPrecision(graph, 'micro-8', 'bfloat16');
  const named = new Map(mixed.map((one) => [one.name, one]));
  expect(named.size).toBe(mixed.length);
  const half = typeAttribute('bfloat16');
  expect(named.get('b/product')).toMatchObject({
    op: 'MatMul',
    inputs: ['micro-8/half/a', 'micro-8/half/w_1'],
    attributes: { T: half, transpose_a: { value: true } },
  });
  expect(named.get('c/product')?.inputs).toEqual(['micro-8/half/b', 'micro-8/half/w_1', '^a']);
  for (const back of ['b', 'c']) {
    expect(named.get(back)).toMatchObject({
      op: 'Cast',
      inputs: [`${back}/product`],
      attributes: { SrcT: half, DstT: typeAttribute('float32') },
    });
  }
  expect(named.get('micro-8/half/w_1')).toMatchObject({ op: 'Cast', inputs: ['w:1'] });
  for (const same of ['a', 'd', 'e']) expect(named.get(same)).toBe(graph.find(({ name }) => name === same));
});
