/**
 * @file The decoder of compressed pixels: one WebAssembly module (libjpeg 8/12/16 bit, CharLS, OpenJPEG, OpenJPH) from the
 * dcmjs-codecs package, driven here directly. It is compiled once; an instance that failed is thrown away, so a damaged
 * film cannot spoil the next one.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { holdsAllTileParts, readCodestreamHeader, type CodestreamHeader } from './codestream.ts';
import { FilmError } from './film-error.ts';
import type { ImageDescription } from './image-description.ts';
import type { PixelCodec } from './transfer-syntax.ts';

/** Decoded samples of one frame, little-endian, with what the decoder says about them. */
export interface DecodedSamples {
  readonly bytes: Uint8Array;
  /** Bits allocated a sample in `bytes`. */
  readonly bitsAllocated: number;
  readonly planar: boolean;
  readonly header: CodestreamHeader;
}

type CompressedCodec = Exclude<PixelCodec, 'native' | 'rle'>;

/** Decodes one compressed frame. @throws FilmError CODEC_FAILED, BAD_GEOMETRY or TRUNCATED */
export type DecodeFrame = (
  codec: CompressedCodec,
  bytes: Uint8Array,
  image: ImageDescription,
) => DecodedSamples;

const ENTRY: Readonly<Record<CompressedCodec, string>> = {
  jpeg: 'DecodeJpeg',
  'jpeg-ls': 'DecodeJpegLs',
  'jpeg-2000': 'DecodeJpeg2000',
  htj2k: 'DecodeHtJpeg2000',
};

/** Order of the module's own enumeration. */
const PHOTOMETRICS = [
  'MONOCHROME1',
  'MONOCHROME2',
  'PALETTE COLOR',
  'RGB',
  'YBR_FULL',
  'YBR_FULL_422',
  'YBR_PARTIAL_422',
  'YBR_PARTIAL_420',
  'YBR_ICT',
  'YBR_RCT',
];

/** A used instance whose memory has grown beyond this is not kept: WebAssembly memory never shrinks. */
const KEEP_BYTES = 400_000_000;

interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly call: (name: string, ...values: number[]) => number;
  /** Messages of the libraries since the last decode. */
  readonly messages: string[];
}

let compiled: Promise<WebAssembly.Module> | null = null;
let idle: Instance | null = null;

/** Compiles the module at first use (about 15 ms) and returns the decoder. */
export async function loadDecoder(): Promise<DecodeFrame> {
  compiled ??= compileModule();
  try {
    const module = await compiled;
    return (codec, bytes, image) => decode(module, codec, bytes, image);
  } catch (error) {
    compiled = null;
    throw error;
  }
}

async function compileModule(): Promise<WebAssembly.Module> {
  const entry = createRequire(import.meta.url).resolve('dcmjs-codecs');
  return WebAssembly.compile(await readFile(join(dirname(entry), 'dcmjs-native-codecs.wasm')));
}

function decode(
  module: WebAssembly.Module,
  codec: CompressedCodec,
  bytes: Uint8Array,
  image: ImageDescription,
): DecodedSamples {
  const header = checkedHeader(codec, bytes, image);
  const instance = idle ?? instantiate(module);
  idle = null;
  instance.messages.length = 0;
  let samples: DecodedSamples;
  try {
    samples = { ...runDecoder(instance, codec, bytes, image), header };
  } catch (error) {
    throw codecFailed(codec, error instanceof Error ? error.message : String(error));
  }
  if (instance.memory.buffer.byteLength < KEEP_BYTES) idle = instance;
  const complaint = instance.messages.find((message) =>
    /premature end|truncat|too short|not enough/i.test(message),
  );
  if (complaint !== undefined) throw codecFailed(codec, complaint);
  return samples;
}

/** Refuses a codestream that is not what the DICOM header says, before the decoder allocates for it. */
function checkedHeader(codec: CompressedCodec, bytes: Uint8Array, image: ImageDescription): CodestreamHeader {
  const header = readCodestreamHeader(bytes);
  const jpegLike = codec === 'jpeg' || codec === 'jpeg-ls';
  if (header === null || (header.frameType !== null) !== jpegLike) {
    throw codecFailed(codec, 'the bytes are not such a codestream');
  }
  const fits =
    header.width === image.cols && header.height === image.rows && header.components === image.samples;
  if (!fits || header.precision > image.bitsAllocated) {
    const inside = `${header.width} × ${header.height} × ${header.components} at ${header.precision} bits`;
    throw new FilmError(
      'BAD_GEOMETRY',
      `The header says ${image.cols} × ${image.rows} × ${image.samples} in ${image.bitsAllocated} bits, the compressed pixels are ${inside}.`,
      { rows: image.rows, cols: image.cols, width: header.width, height: header.height },
    );
  }
  if (!jpegLike && !holdsAllTileParts(bytes)) {
    throw new FilmError(
      'TRUNCATED',
      'The compressed pixels end too early. Copy the film again from where it came from.',
      {
        codec,
      },
    );
  }
  return header;
}

function runDecoder(
  { memory, call }: Instance,
  codec: CompressedCodec,
  bytes: Uint8Array,
  image: ImageDescription,
): Omit<DecodedSamples, 'header'> {
  const context = call('CreateCodecsContext');
  const parameters = call('CreateDecoderParameters');
  call('SetConvertColorspaceToRgb', parameters, 0);
  call('SetColumns', context, image.cols);
  call('SetRows', context, image.rows);
  call('SetBitsAllocated', context, image.bitsAllocated);
  call('SetBitsStored', context, image.bitsStored);
  call('SetSamplesPerPixel', context, image.samples);
  call('SetPixelRepresentation', context, image.signed ? 1 : 0);
  call('SetPlanarConfiguration', context, 0);
  call('SetPhotometricInterpretation', context, PHOTOMETRICS.indexOf(image.photometric));
  call('SetEncodedBufferSize', context, bytes.length);
  new Uint8Array(memory.buffer).set(bytes, call('GetEncodedBuffer', context));
  call(ENTRY[codec], context, parameters);
  const size = call('GetDecodedBufferSize', context);
  const bitsAllocated = call('GetBitsAllocated', context);
  const expected = image.rows * image.cols * image.samples * Math.ceil(bitsAllocated / 8);
  if (size !== expected) throw new Error(`the decoder gave ${size} bytes, ${expected} were due`);
  const decoded = new Uint8Array(memory.buffer, call('GetDecodedBuffer', context), size).slice();
  const planar = call('GetPlanarConfiguration', context) === 1 && image.samples > 1;
  call('ReleaseDecoderParameters', parameters);
  call('ReleaseCodecsContext', context);
  return { bytes: decoded, bitsAllocated, planar };
}

const CODEC_NAME: Readonly<Record<CompressedCodec, string>> = {
  jpeg: 'JPEG',
  'jpeg-ls': 'JPEG-LS',
  'jpeg-2000': 'JPEG 2000',
  htj2k: 'HTJ2K',
};

function codecFailed(codec: CompressedCodec, reason: string): FilmError {
  return new FilmError(
    'CODEC_FAILED',
    `The ${CODEC_NAME[codec]} pixels are damaged and cannot be decoded. Ask for the film again.`,
    { codec, reason: reason.replace(/\s+/g, ' ').slice(0, 200) },
  );
}

function instantiate(module: WebAssembly.Module): Instance {
  const messages: string[] = [];
  let memory: WebAssembly.Memory | null = null;
  const current = (): ArrayBuffer => {
    if (memory === null) throw new Error('the decoder called before it was ready');
    return memory.buffer;
  };
  const text = (at: number, length: number): string => Buffer.from(current(), at, length).toString('latin1');
  const instance = new WebAssembly.Instance(module, {
    env: {
      onCodecsException: (at: number, length: number): never => {
        throw new Error(text(at, length));
      },
      onCodecsInfo: (at: number, length: number): void => {
        if (messages.length < 100) messages.push(text(at, length));
      },
      onCodecsTrace: (): void => undefined,
      emscripten_notify_memory_growth: (): void => undefined,
    },
    wasi_snapshot_preview1: systemCalls(current),
  });
  const exported = instance.exports;
  if (!(exported['memory'] instanceof WebAssembly.Memory))
    throw new Error('The decoder module exports no memory.');
  memory = exported['memory'];
  const call = (name: string, ...values: number[]): number => {
    const entry = exported[name];
    if (typeof entry !== 'function') throw new Error(`The decoder module has no ${name}.`);
    return Number((entry as (...values: number[]) => unknown)(...values) ?? 0);
  };
  call('_initialize');
  return { memory, call, messages };
}

/** The little of WASI that the module asks for: no files, no clock, no environment. */
function systemCalls(memory: () => ArrayBuffer): WebAssembly.ModuleImports {
  const writeWord = (at: number, value: number) => new DataView(memory()).setUint32(at, value, true);
  return {
    proc_exit: (code: number): never => {
      throw new Error(`the decoder stopped with code ${code}`);
    },
    clock_time_get: (_clock: number, _precision: bigint, at: number): number => {
      new DataView(memory()).setBigUint64(at, 0n, true);
      return 0;
    },
    fd_write: (_file: number, vectors: number, count: number, written: number): number => {
      const view = new DataView(memory());
      let total = 0;
      for (let index = 0; index < count; index++) total += view.getUint32(vectors + index * 8 + 4, true);
      writeWord(written, total);
      return 0;
    },
    fd_close: (): number => 0,
    fd_seek: (): number => 0,
    environ_sizes_get: (count: number, size: number): number => {
      writeWord(count, 0);
      writeWord(size, 0);
      return 0;
    },
    environ_get: (): number => 0,
  };
}
