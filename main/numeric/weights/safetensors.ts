/**
 * @file The safetensors container: 8 bytes of header length, a JSON header, tensor bytes without holes. Reading checks
 * everything before a value is used; bytes can come from anyone.
 */
import { decodeBrain, decodeHalf, encodeHalf } from '../knowledge/half.ts';
import { WeightsError } from './weights-error.ts';

const BYTES_PER_VALUE = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
type Dtype = keyof typeof BYTES_PER_VALUE;
const FLOATS: ReadonlySet<Dtype> = new Set(['F32', 'F16', 'BF16']);

const MAX_HEADER_BYTES = 8 * 1024 * 1024;
const MAX_TENSORS = 20_000;
const MAX_RANK = 8;

/** What a file says of one of its tensors. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where its bytes are in the file. */
  readonly begin: number;
  readonly end: number;
}

/** One tensor of a file. `bytes` is a view into the file. */
export interface RawTensor extends Pick<TensorEntry, 'dtype' | 'shape'> {
  readonly bytes: Uint8Array;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, RawTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A tensor with f32 values. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function fail(code: 'truncated' | 'header' | 'entry' | 'dtype', message: string, name?: string): never {
  throw new WeightsError(code, message, name === undefined ? [] : [name]);
}

/** Bytes of a file before its first tensor, from its first eight. `size` is the whole file's. @throws WeightsError */
export function headerLength(first: Uint8Array, size: number): number {
  if (first.length < 8) fail('truncated', `The file has ${size} bytes; it is not a safetensors file.`);
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || length < 2n) {
    fail('header', `The header claims ${length} bytes; this is not a safetensors file.`);
  }
  const start = 8 + Number(length);
  if (start > size) fail('truncated', 'The file ends inside its header; copy or download it again.');
  return start;
}

function parseHeader(json: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    fail('header', 'The header is not valid JSON; this is not a safetensors file, or it is damaged.');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    fail('header', 'The header is not a JSON object; this is not a safetensors file.');
  }
  return header as Record<string, unknown>;
}

function readMetadata(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) fail('header', 'The metadata is not a JSON object.');
  const entries = Object.entries(value);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    fail('header', 'The metadata holds values that are not text.');
  }
  return new Map(entries);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

interface NamedEntry extends TensorEntry {
  readonly name: string;
}

/** Its place is counted from the end of the header. */
function readEntry(name: string, value: unknown): NamedEntry {
  if (typeof value !== 'object' || value === null) fail('entry', `Tensor ${name} has no description.`, name);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES_PER_VALUE, dtype)) {
    fail('dtype', `Tensor ${name} has the unknown number type ${String(dtype)}.`, name);
  }
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount)) {
    fail('entry', `Tensor ${name} has no valid shape.`, name);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail('entry', `Tensor ${name} has no valid position in the file.`, name);
  }
  const [begin = 0, end = 0] = offsets;
  const values = shape.reduce((product, length) => product * length, 1);
  if (end - begin !== values * BYTES_PER_VALUE[dtype as Dtype]) {
    fail('entry', `Tensor ${name}: its shape does not fit its ${end - begin} bytes.`, name);
  }
  return { name, dtype: dtype as Dtype, shape: shape, begin, end };
}

/**
 * Reads the header of a file of `size` bytes; `start` are those before its first tensor, `headerLength` of them. @throws WeightsError
 */
export function readSafetensorsHeader(start: Uint8Array, size: number): SafetensorsHeader {
  const { __metadata__: metadata, ...described } = parseHeader(start.subarray(8));
  const names = Object.keys(described);
  if (names.length > MAX_TENSORS) fail('header', `The file holds ${names.length} tensors; that is no model.`);
  const entries = names.map((name) => readEntry(name, described[name]));
  let position = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== position) {
      fail('entry', `Tensor ${entry.name} overlaps another one or leaves a hole in the file.`, entry.name);
    }
    position = entry.end;
  }
  const available = size - start.length;
  if (position > available) {
    fail('truncated', `The file lacks ${position - available} bytes at its end; copy or download it again.`);
  }
  if (position < available) {
    fail('header', `The file has ${available - position} bytes after its last tensor.`);
  }
  return {
    metadata: readMetadata(metadata),
    tensors: new Map(
      entries.map(({ name, dtype, shape, begin, end }) => [
        name,
        { dtype, shape, begin: start.length + begin, end: start.length + end },
      ]),
    ),
  };
}

/** Reads the container; values are not looked at yet. @throws WeightsError */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const length = headerLength(bytes.subarray(0, 8), bytes.length);
  const { tensors, metadata } = readSafetensorsHeader(bytes.subarray(0, length), bytes.length);
  return {
    metadata,
    tensors: new Map(
      [...tensors].map(([name, { dtype, shape, begin, end }]) => [
        name,
        { dtype, shape, bytes: bytes.subarray(begin, end) },
      ]),
    ),
  };
}

function allFinite(values: Float32Array): boolean {
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

/** Values of an F32, F16 or BF16 tensor as a new f32 array. @throws WeightsError for other types, NaN or infinity */
export function floatTensor(name: string, raw: RawTensor): FloatTensor {
  if (!FLOATS.has(raw.dtype)) {
    fail('dtype', `Tensor ${name} is ${raw.dtype}; only F32, F16 and BF16 weights can be used.`, name);
  }
  const copy = new Uint8Array(raw.bytes).buffer; // an aligned copy; Buffer.slice would share the file's memory
  let values: Float32Array;
  if (raw.dtype === 'F32') values = new Float32Array(copy);
  else if (raw.dtype === 'F16') values = decodeHalf(new Uint16Array(copy));
  else values = decodeBrain(new Uint16Array(copy));
  if (!allFinite(values)) {
    throw new WeightsError(
      'not-finite',
      `Tensor ${name} holds values that are not finite numbers; the file is damaged or its training had failed.`,
      [name],
    );
  }
  return { shape: raw.shape, values };
}

export interface WriteOptions {
  readonly dtype?: 'F32' | 'F16';
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The first bytes of a file whose tensors follow in the order given; padded so that data is 8-byte aligned. */
export function safetensorsHeader(
  tensors: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
  { dtype = 'F32', metadata }: WriteOptions = {},
): Uint8Array {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let position = 0;
  for (const { name, shape } of tensors) {
    const values = shape.reduce((product, length) => product * length, 1);
    const end = position + values * BYTES_PER_VALUE[dtype];
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8);
  bytes.set(json, 8);
  return bytes;
}

const bytesOf = (values: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Writes a file, tensors in the order given, f32 or rounded to f16. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, FloatTensor>,
  options: WriteOptions = {},
): Uint8Array {
  const specs = [...tensors].map(([name, { shape }]) => ({ name, shape }));
  const header = safetensorsHeader(specs, options);
  const width = BYTES_PER_VALUE[options.dtype ?? 'F32'];
  const count = [...tensors.values()].reduce((sum, { values }) => sum + values.length, 0);
  const file = new Uint8Array(header.length + count * width);
  file.set(header);
  let offset = header.length;
  for (const { values } of tensors.values()) {
    const stored = bytesOf(width === 4 ? values : encodeHalf(values));
    file.set(stored, offset);
    offset += stored.length;
  }
  return file;
}
