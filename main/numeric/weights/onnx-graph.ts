/** @file The constants of an ONNX graph and what they are multiplied with: as much of the format as weights need. */
import protobuf from 'protobufjs/minimal.js';

import type { FloatTensor } from './safetensors.ts';
import { WeightsError } from './weights-error.ts';

type Reader = InstanceType<typeof protobuf.Reader>;

export interface OnnxNode {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** Constants of type FLOAT by name; others are left out. */
  readonly constants: ReadonlyMap<string, FloatTensor>;
}

/** Field numbers of onnx.proto3 (ONNX 1.x; they never change). */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, operation: 4 };
const TENSOR = { dims: 1, type: 2, floats: 4, name: 8, raw: 9 };
const FLOAT = 1;

/** Calls `field` for each field up to `end`; what it does not read is passed over. */
function eachField(reader: Reader, end: number, field: (number: number, type: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!field(tag >>> 3, tag & 7)) reader.skipType(tag & 7);
  }
}

function readNode(reader: Reader, end: number): OnnxNode {
  const node = { operation: '', inputs: [] as string[], outputs: [] as string[] };
  eachField(reader, end, (number) => {
    if (number === NODE.input) node.inputs.push(reader.string());
    else if (number === NODE.output) node.outputs.push(reader.string());
    else if (number === NODE.operation) node.operation = reader.string();
    else return false;
    return true;
  });
  return node;
}

/** A number of elements or a packed run of them. */
function readMany(reader: Reader, type: number, one: () => void): void {
  if (type !== 2) {
    one();
    return;
  }
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) one();
}

/** Null for a constant that is not of type FLOAT. */
function readConstant(reader: Reader, end: number): [string, FloatTensor] | null {
  const shape: number[] = [];
  const floats: number[] = [];
  let [name, type] = ['', 0];
  let raw: Uint8Array | null = null;
  eachField(reader, end, (number, wire) => {
    if (number === TENSOR.dims) readMany(reader, wire, () => shape.push(Number(reader.int64())));
    else if (number === TENSOR.type) type = reader.int32();
    else if (number === TENSOR.floats) readMany(reader, wire, () => floats.push(reader.float()));
    else if (number === TENSOR.name) name = reader.string();
    else if (number === TENSOR.raw) raw = reader.bytes();
    else return false;
    return true;
  });
  if (type !== FLOAT) return null;
  const values = raw === null ? Float32Array.from(floats) : floatsOf(raw);
  const size = shape.reduce((product, length) => product * length, 1);
  if (values.length !== size) {
    throw new WeightsError('shape', `The constant ${name} has ${values.length} values, its shape ${size}.`, [
      name,
    ]);
  }
  return [name, { shape, values }];
}

/** Little-endian, wherever in memory the bytes begin. */
function floatsOf(raw: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(raw).buffer, 0, Math.floor(raw.length / 4));
}

/** @throws WeightsError `truncated` when the file is not whole, `shape` when a constant does not fit its shape */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, FloatTensor>();
  const reader = protobuf.Reader.create(bytes);
  try {
    eachField(reader, reader.len, (number, type) => {
      if (number !== MODEL_GRAPH || type !== 2) return false;
      const end = reader.uint32() + reader.pos;
      eachField(reader, end, (part, wire) => {
        if (wire !== 2 || (part !== GRAPH.node && part !== GRAPH.initializer)) return false;
        const stop = reader.uint32() + reader.pos;
        if (part === GRAPH.node) {
          nodes.push(readNode(reader, stop));
        } else {
          const constant = readConstant(reader, stop);
          if (constant !== null) constants.set(...constant);
        }
        return true;
      });
      return true;
    });
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    throw new WeightsError(
      'truncated',
      'The ONNX model cannot be read to its end; fetch or copy the file again.',
    );
  }
  return { nodes, constants };
}
