/** @file The film files that a call names: files as they are, folders with everything in them that may be a film. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { gatherFiles, type SkippedFile } from '../services/import/gather-files.ts';

export interface FilmFiles {
  /** Paths as they can be opened, beginning with what was named. */
  readonly files: readonly string[];
  /** What lies in a folder and is no film by its name, or cannot be opened. */
  readonly skipped: readonly SkippedFile[];
}

/** Folders are walked in name order, as an import walks them. What is not there is left to whoever opens it. */
export async function filmFiles(named: readonly string[]): Promise<FilmFiles> {
  const files: string[] = [];
  const skipped: SkippedFile[] = [];
  for (const path of named) {
    const isFolder = await stat(path).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      files.push(path);
      continue;
    }
    const found = await gatherFiles([path], { except: new Set(), signal: new AbortController().signal });
    files.push(...found.files.map(({ shown }) => join(path, shown)));
    skipped.push(...found.skipped.map((one) => ({ ...one, file: join(path, one.file) })));
  }
  return { files, skipped };
}
