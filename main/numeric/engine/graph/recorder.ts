/**
 * @file Writes down the TensorFlow operations that tfjs executes for a piece of work. The native backend hands every operation
 * to the library by name, attributes and inputs; that is a node of a graph, word for word.
 */
import * as tf from '@tensorflow/tfjs-core';

import {
  DATA_TYPES,
  typeAttribute,
  type Attribute,
  type DataType,
  type GraphNode,
} from './recorded-graph.ts';

interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | object;
}

/** What is used of tfjs-node's backend. */
export interface NativeBackend {
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
  readSync(dataId: object): tf.BackendValues;
  loadSavedModelMetaGraph(path: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputs: tf.Tensor[],
    inputInfos: { readonly name: string }[],
    outputs: string[],
  ): tf.Tensor[];
  readonly binding: Readonly<Record<`TF_ATTR_${string}`, number>>;
}

/** Something was executed that cannot be written as a graph. `message` says what. */
export class RecordingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordingError';
  }
}

export interface Recording {
  readonly nodes: readonly GraphNode[];
  /** Where each output of the work is found: `node:0`. */
  readonly outputs: Readonly<Record<string, string>>;
}

function dataTypeOf(dtype: string): DataType {
  if (dtype in DATA_TYPES) return dtype as DataType;
  throw new RecordingError(`A tensor of type ${dtype} cannot be written into a graph.`);
}

function bytesOf(dtype: DataType, values: tf.BackendValues): Uint8Array {
  const numbers = values as ArrayLike<number>;
  if (dtype === 'float32') return new Uint8Array(Float32Array.from(numbers).buffer);
  if (dtype === 'int32') return new Uint8Array(Int32Array.from(numbers).buffer);
  return Uint8Array.from(numbers);
}

/** A constant as a node. */
function constantNode(name: string, { dtype, shape }: tf.TensorInfo, values: tf.BackendValues): GraphNode {
  const type = dataTypeOf(dtype);
  const value = { dtype: type, shape, bytes: bytesOf(type, values) };
  return {
    name,
    op: 'Const',
    inputs: [],
    attributes: { dtype: typeAttribute(type), value: { kind: 'tensor', value } },
  };
}

class Recorder {
  readonly nodes: GraphNode[] = [];
  readonly #backend: NativeBackend;
  readonly #prefix: string;
  /** Where the values of a tensor come from, by its data. */
  readonly #sources: Map<object, string>;

  constructor(backend: NativeBackend, prefix: string, inputs: ReadonlyMap<object, string>) {
    this.#backend = backend;
    this.#prefix = prefix;
    this.#sources = new Map(inputs);
  }

  /** Values that the work did not compute are constants of the graph. */
  source(tensor: tf.TensorInfo): string {
    const known = this.#sources.get(tensor.dataId);
    if (known !== undefined) return known;
    const name = this.#name('Const');
    this.nodes.push(constantNode(name, tensor, this.#backend.readSync(tensor.dataId)));
    this.#sources.set(tensor.dataId, name);
    return name;
  }

  add(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: readonly tf.Tensor[],
  ): void {
    const name = this.#name(op);
    this.nodes.push({
      name,
      op,
      inputs: inputs.map((input) => this.source(input)),
      attributes: Object.fromEntries(attributes.map((one) => [one.name, this.#attribute(op, one)])),
    });
    outputs.forEach((output, at) => this.#sources.set(output.dataId, at === 0 ? name : `${name}:${at}`));
  }

  #name(op: string): string {
    return `${this.#prefix}/${op}_${this.nodes.length}`;
  }

  #attribute(op: string, { name, type, value }: OpAttribute): Attribute {
    const { binding } = this.#backend;
    switch (type) {
      case binding.TF_ATTR_TYPE:
        return { kind: 'type', value: value as number };
      case binding.TF_ATTR_INT:
        return Array.isArray(value)
          ? { kind: 'ints', value: value as number[] }
          : { kind: 'int', value: value as number };
      case binding.TF_ATTR_FLOAT:
        return { kind: 'float', value: value as number };
      case binding.TF_ATTR_BOOL:
        return { kind: 'bool', value: value as boolean };
      case binding.TF_ATTR_STRING:
        return { kind: 'string', value: value as string };
      default:
        throw new RecordingError(`The attribute ${name} of ${op} cannot be written into a graph.`);
    }
  }
}

/**
 * Runs `work` and writes down what it executes. `inputs` says which tensors are given from outside, and by which name the
 * graph knows them; every other tensor that is used and was not computed becomes a constant. Names begin with `prefix`.
 * The tensors that `work` returns are disposed.
 * @throws RecordingError naming what cannot be written
 */
export function record(
  backend: NativeBackend,
  prefix: string,
  inputs: ReadonlyMap<tf.Tensor, string>,
  work: () => Readonly<Record<string, tf.Tensor>>,
): Recording {
  const sources = new Map([...inputs].map(([tensor, name]) => [tensor.dataId, name]));
  const recorder = new Recorder(backend, prefix, sources);
  const single = backend.executeSingleOutput.bind(backend);
  const multiple = backend.executeMultipleOutputs.bind(backend);
  backend.executeSingleOutput = (name, attributes, given) => {
    const output = single(name, attributes, given);
    recorder.add(name, attributes, given, [output]);
    return output;
  };
  backend.executeMultipleOutputs = (name, attributes, given, count) => {
    const outputs = multiple(name, attributes, given, count);
    recorder.add(name, attributes, given, outputs);
    return outputs;
  };
  try {
    const made = tf.tidy(work);
    const outputs = Object.entries(made).map(([name, tensor]) => [name, recorder.source(tensor)] as const);
    tf.dispose(made);
    return { nodes: recorder.nodes, outputs: Object.fromEntries(outputs) };
  } finally {
    // Back to the methods of the class.
    Reflect.deleteProperty(backend, 'executeSingleOutput');
    Reflect.deleteProperty(backend, 'executeMultipleOutputs');
  }
}
