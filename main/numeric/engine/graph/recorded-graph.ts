/** @file A TensorFlow graph as plain data: operations, constants, variables, placeholders. What is recorded and what is written. */

/** Number types of TensorFlow (types.proto) that the ops of this app use. */
export const DATA_TYPES = {
  float32: 1,
  int32: 3,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const;
export type DataType = keyof typeof DATA_TYPES;

export type Attribute =
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  /** Null = of unknown rank. */
  | { readonly kind: 'shape'; readonly value: readonly number[] | null }
  | { readonly kind: 'tensor'; readonly value: ConstantValue };

export interface ConstantValue {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Little-endian values. */
  readonly bytes: Uint8Array;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:output`, or `^node` for order alone. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export const typeAttribute = (dtype: DataType): Attribute => ({ kind: 'type', value: DATA_TYPES[dtype] });
