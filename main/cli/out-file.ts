/** @file The file that a verb is to write, looked at before anything is computed. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { isInside } from '../files/inside.ts';
import type { LibraryFiles } from '../files/library-files.ts';
import { tell } from './until-stopped.ts';
import { Refusal, type VerbArguments } from './verb.ts';

/** Options that name what a verb writes for a person. */
const OUTPUTS = ['out', 'bundle', 'attention', 'csv'] as const;

/**
 * @throws Refusal CONFLICT where `path` is there already and `--force` is not given, BAD_INPUT where it is a folder, NOT_FOUND
 * where its folder is not there, READ_ONLY where that may not be written
 */
export function refuseUnlessWritable(path: string, options: VerbArguments['options']): void {
  if (existsSync(path) && options.force !== true) {
    throw new Refusal('CONFLICT', `${path} is there already. Choose another name or add --force.`, { path });
  }
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) {
    throw new Refusal('NOT_FOUND', `There is no folder ${folder}. Make it first.`, { folder });
  }
  if (existsSync(path) && statSync(path).isDirectory()) {
    throw new Refusal('BAD_INPUT', `${path} is a folder. Name a file in it.`, { path });
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Refusal('READ_ONLY', `The folder ${folder} may not be written. Choose another.`, { folder });
  }
}

/** Makes the folder that a person named for what a verb writes, for its owner alone. @throws Refusal READ_ONLY */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as Error).message;
    throw new Refusal('READ_ONLY', `The folder ${folder} could not be made: ${why}. Choose another.`, {
      folder,
    });
  }
}

/** Nothing plain is written into the folder of an encrypted library. @throws Refusal BAD_INPUT */
export function refuseInEncrypted({ access, dir }: LibraryFiles, path: string): void {
  if (access === null || !isInside(dir, path)) return;
  throw new Refusal(
    'BAD_INPUT',
    `${path} lies in the library’s folder, which is encrypted; what a verb writes is not. Nothing was written; name a place outside.`,
    { path },
  );
}

/** The same for every option of a verb that names an output. */
export function refuseOutputsInEncrypted(files: LibraryFiles, options: VerbArguments['options']): void {
  for (const name of OUTPUTS) {
    const path = options[name];
    if (typeof path === 'string') refuseInEncrypted(files, path);
  }
}

/** Says that what left an encrypted library is not encrypted. */
export function tellPlain({ access }: LibraryFiles, path: string): void {
  if (access !== null) tell(`The library is encrypted; ${path} is not: whoever has it can read it.`);
}
