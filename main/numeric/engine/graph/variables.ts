/** @file State of a graph: variables that stay in the session, with the nodes that read and assign them. */
import type { DataType, GraphNode } from './recorded-graph.ts';
import { typeAttribute } from './recorded-graph.ts';

const FLOAT: DataType = 'float32';

/** A placeholder: a value that is given at each run. */
export function placeholder(name: string, shape: readonly number[], dtype: DataType = FLOAT): GraphNode {
  return {
    name,
    op: 'Placeholder',
    inputs: [],
    attributes: { dtype: typeAttribute(dtype), shape: { kind: 'shape', value: shape } },
  };
}

/** A float32 constant. */
export function constant(name: string, shape: readonly number[], values: readonly number[]): GraphNode {
  const value = { dtype: FLOAT, shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
  return {
    name,
    op: 'Const',
    inputs: [],
    attributes: { dtype: typeAttribute(FLOAT), value: { kind: 'tensor', value } },
  };
}

/** A float32 variable. */
export class Variable {
  readonly name: string;
  /** Null where values of different shapes are assigned. */
  readonly shape: readonly number[] | null;

  constructor(name: string, shape: readonly number[] | null) {
    this.name = name;
    this.shape = shape;
  }

  /** Its handle, and its value as `read`. */
  nodes(): GraphNode[] {
    return [
      {
        name: this.name,
        op: 'VarHandleOp',
        inputs: [],
        attributes: {
          dtype: typeAttribute(FLOAT),
          shape: { kind: 'shape', value: this.shape },
          shared_name: { kind: 'string', value: this.name },
        },
      },
      this.#node('ReadVariableOp', this.read, []),
    ];
  }

  /** Its value once `first` are done; `read` may be what it was before. */
  readAfter(name: string, first: readonly GraphNode[]): GraphNode {
    return this.#node('ReadVariableOp', name, behind(first));
  }

  /** Where its value is found. */
  get read(): string {
    return `${this.name}/read`;
  }

  assign(name: string, value: string, first: readonly GraphNode[] = []): GraphNode {
    return this.#node('AssignVariableOp', name, [value, ...behind(first)]);
  }

  subtract(name: string, value: string): GraphNode {
    return this.#node('AssignSubVariableOp', name, [value]);
  }

  add(name: string, value: string): GraphNode {
    return this.#node('AssignAddVariableOp', name, [value]);
  }

  #node(op: string, name: string, values: readonly string[]): GraphNode {
    return { name, op, inputs: [this.name, ...values], attributes: { dtype: typeAttribute(FLOAT) } };
  }
}

/** Inputs for order alone. */
const behind = (first: readonly GraphNode[]): string[] => first.map((node) => `^${node.name}`);

/** Passes `value` on after all of `first` have been done: what is fetched to have them done. */
export function after(name: string, value: string, first: readonly GraphNode[]): GraphNode {
  return {
    name,
    op: 'Identity',
    inputs: [value, ...behind(first)],
    attributes: { T: typeAttribute(FLOAT) },
  };
}
