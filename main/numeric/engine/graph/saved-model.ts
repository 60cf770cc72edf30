/** @file A graph as the bytes of `saved_model.pb` (TensorFlow's saved_model, meta_graph, graph, node_def, attr_value protos). */
import protobuf from 'protobufjs/minimal.js';

import type { Attribute, ConstantValue, GraphNode } from './recorded-graph.ts';
import { DATA_TYPES } from './recorded-graph.ts';

type Writer = InstanceType<typeof protobuf.Writer>;

const tag = (field: number, wire: 0 | 2 | 5): number => (field << 3) | wire;

/** GraphDef version that TensorFlow 2.9 to 2.20 read. */
const PRODUCER = 1087;

function message(writer: Writer, field: number, fill: (inner: Writer) => void): void {
  writer.uint32(tag(field, 2)).fork();
  fill(writer);
  writer.ldelim();
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32(tag(field, 2)).string(value);
}

function writeShape(writer: Writer, field: number, shape: readonly number[] | null): void {
  message(writer, field, () => {
    if (shape === null) {
      writer.uint32(tag(3, 0)).bool(true); // unknown_rank
      return;
    }
    for (const size of shape) message(writer, 2, () => writer.uint32(tag(1, 0)).int64(size));
  });
}

function writeTensor(writer: Writer, { dtype, shape, bytes }: ConstantValue): void {
  writer.uint32(tag(1, 0)).int32(DATA_TYPES[dtype]);
  writeShape(writer, 2, shape);
  writer.uint32(tag(4, 2)).bytes(bytes);
}

function writeAttribute(writer: Writer, attribute: Attribute): void {
  switch (attribute.kind) {
    case 'string':
      writer.uint32(tag(2, 2)).bytes(new TextEncoder().encode(attribute.value));
      return;
    case 'int':
      writer.uint32(tag(3, 0)).int64(attribute.value);
      return;
    case 'float':
      writer.uint32(tag(4, 5)).float(attribute.value);
      return;
    case 'bool':
      writer.uint32(tag(5, 0)).bool(attribute.value);
      return;
    case 'type':
      writer.uint32(tag(6, 0)).int32(attribute.value);
      return;
    case 'shape':
      writeShape(writer, 7, attribute.value);
      return;
    case 'tensor':
      message(writer, 8, () => writeTensor(writer, attribute.value));
      return;
    case 'ints':
      message(writer, 1, () => {
        writer.uint32(tag(3, 2)).fork();
        for (const value of attribute.value) writer.int64(value);
        writer.ldelim();
      });
  }
}

function writeNode(writer: Writer, { name, op, inputs, attributes }: GraphNode): void {
  text(writer, 1, name);
  text(writer, 2, op);
  for (const input of inputs) text(writer, 3, input);
  for (const [key, attribute] of Object.entries(attributes)) {
    message(writer, 5, () => {
      text(writer, 1, key);
      message(writer, 2, () => writeAttribute(writer, attribute));
    });
  }
}

/** The tag that the model is loaded by. */
export const SERVE_TAG = 'serve';

/** One meta graph without a checkpoint: its variables are assigned by running it. */
export function savedModelBytes(nodes: readonly GraphNode[]): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, 0)).int64(1); // schema version
  message(writer, 2, () => {
    message(writer, 1, () => text(writer, 4, SERVE_TAG));
    message(writer, 2, () => {
      for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
      message(writer, 4, () => writer.uint32(tag(1, 0)).int32(PRODUCER));
    });
  });
  return writer.finish();
}
