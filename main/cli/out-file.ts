/** @file The file that a verb is to write, looked at before anything is computed. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { Refusal, type VerbArguments } from './verb.ts';

/** @throws Refusal CONFLICT where `path` is there already and `--force` is not given, NOT_FOUND where its folder is not there */
export function refuseUnlessWritable(path: string, options: VerbArguments['options']): void {
  if (existsSync(path) && options.force !== true) {
    throw new Refusal('CONFLICT', `${path} is there already. Choose another name or add --force.`, { path });
  }
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) {
    throw new Refusal('NOT_FOUND', `There is no folder ${folder}. Make it first.`, { folder });
  }
}
