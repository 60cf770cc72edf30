/** @file Finds the files of an import: folders are walked in name order, a DICOMDIR is followed, nothing is opened twice. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';

import { errorCode } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { plainVault, type LibraryVault } from '../../files/vault.ts';
import { isInside } from '../../files/inside.ts';
import { readDicomDir } from './dicomdir.ts';

export interface FoundFile {
  /** Absolute path. */
  readonly path: string;
  /** As shown in the summary: relative to the folder that was chosen. */
  readonly shown: string;
  readonly bytes: number;
}

export interface SkippedFile {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export interface Gathered {
  readonly files: readonly FoundFile[];
  readonly skipped: readonly SkippedFile[];
}

export interface GatherOptions {
  /** Files that are used otherwise (the labels file) and are not films. */
  readonly except: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly onFound?: (count: number) => void;
  /** Opens what was uploaded into an encrypted library. */
  readonly vault?: LibraryVault;
}

const MAX_FILES = 1_000_000;
const MAX_DEPTH = 64;
const SYSTEM_FILES = new Set(['thumbs.db', 'desktop.ini', '__macosx']);
const OTHER_ENDINGS = new Set(
  (
    '.csv .tsv .txt .md .json .jsonl .xml .html .htm .pdf .doc .docx .xls .xlsx .zip .gz .tar .7z .rar .py .js .ts .mjs' +
    ' .sh .exe .dll .so .db .sqlite .log .yml .yaml .npy .npz .safetensors .pt .pth .h5 .mp4 .avi .mov .mp3 .wav'
  ).split(' '),
);

interface Walk extends GatherOptions {
  readonly files: FoundFile[];
  readonly skipped: SkippedFile[];
  readonly seen: Set<string>;
}

/** @throws ServiceError NOT_FOUND when a chosen path does not exist, BAD_INPUT when there are far too many files */
export async function gatherFiles(paths: readonly string[], options: GatherOptions): Promise<Gathered> {
  const walk: Walk = { ...options, files: [], skipped: [], seen: new Set() };
  for (const given of paths) {
    const path = resolve(given);
    const info = await statChosen(path);
    if (info.isDirectory()) await walkFolder(walk, path, path, 0);
    else if (isDicomDir(path)) await followDicomDir(walk, path);
    else add(walk, path, basename(path), info.size);
  }
  return { files: walk.files, skipped: walk.skipped };
}

async function statChosen(path: string): Promise<{ isDirectory(): boolean; readonly size: number }> {
  try {
    return await stat(path);
  } catch (error) {
    throw new ServiceError(
      'NOT_FOUND',
      'A chosen file or folder does not exist or may not be read. Nothing was imported; choose it again.',
      { path, cause: errorCode(error) },
    );
  }
}

const isDicomDir = (path: string): boolean => basename(path).toUpperCase() === 'DICOMDIR';

async function walkFolder(walk: Walk, root: string, dir: string, depth: number): Promise<void> {
  const shown = relative(root, dir);
  if (depth > MAX_DEPTH) {
    skip(walk, shown, 'TOO_DEEP', `The folder lies more than ${MAX_DEPTH} folders deep and was not opened.`);
    return;
  }
  let entries: Dirent[];
  try {
    entries = await readdir(dir, { withFileTypes: true });
  } catch (error) {
    skip(walk, shown === '' ? basename(dir) : shown, 'UNREADABLE', unreadable(error));
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (walk.signal.aborted) return;
    if (entry.name.startsWith('.') || SYSTEM_FILES.has(entry.name.toLowerCase())) continue;
    await walkEntry(walk, root, join(dir, entry.name), entry, depth);
  }
}

async function walkEntry(
  walk: Walk,
  root: string,
  path: string,
  entry: Dirent,
  depth: number,
): Promise<void> {
  const shown = relative(root, path);
  if (entry.isDirectory()) {
    await walkFolder(walk, root, path, depth + 1);
    return;
  }
  if (walk.except.has(path) || isDicomDir(path)) return; // an index: its files are found by the walk itself
  try {
    const info = await stat(path);
    if (info.isFile()) add(walk, path, shown, info.size);
    else if (info.isDirectory())
      skip(walk, shown, 'LINKED_FOLDER', 'A link to a folder is not followed; choose that folder.');
    else skip(walk, shown, 'NOT_A_FILE', 'This is a device or a pipe, not a file.');
  } catch (error) {
    skip(walk, shown, 'UNREADABLE', unreadable(error));
  }
}

function add(walk: Walk, path: string, shown: string, bytes: number): void {
  if (walk.seen.has(path) || walk.except.has(path)) return;
  walk.seen.add(path);
  if (walk.seen.size > MAX_FILES) {
    throw new ServiceError(
      'BAD_INPUT',
      `There are more than ${MAX_FILES} files. Import the folder in parts.`,
    );
  }
  if (OTHER_ENDINGS.has(extname(path).toLowerCase())) {
    skip(walk, shown, 'NOT_AN_IMAGE', 'The name’s ending is not that of a film or picture.');
    return;
  }
  walk.files.push({ path, shown, bytes });
  walk.onFound?.(walk.files.length);
}

/** Imports what the index of a file-set (PS3.10) refers to; the index itself is no film. */
async function followDicomDir(walk: Walk, index: string): Promise<void> {
  const root = dirname(index);
  const { files, unsafe } = await readDicomDir(index, walk.vault ?? plainVault());
  if (unsafe > 0) {
    const what = unsafe === 1 ? '1 file by a name' : `${unsafe} files by names`;
    const message = `The index names ${what} that no medium may hold; nothing is opened by such a name.`;
    skip(walk, basename(index), 'OUTSIDE_FOLDER', message);
  }
  for (const reference of files) {
    const shown = reference.join('/');
    const found = await findOnDisk(root, reference);
    if (found === null) skip(walk, shown, 'MISSING', 'The index names this file and it is not there.');
    else if (isInside(root, found.path)) add(walk, found.path, shown, found.bytes);
    else {
      const message = 'The index leads by a link outside its own folder; such a file is not opened.';
      skip(walk, shown, 'OUTSIDE_FOLDER', message);
    }
  }
}

/** File-set names are upper case; copies on other disks are often lower case. */
async function findOnDisk(
  root: string,
  reference: readonly string[],
): Promise<{ readonly path: string; readonly bytes: number } | null> {
  for (const parts of [reference, reference.map((part) => part.toLowerCase())]) {
    const path = join(root, ...parts);
    try {
      const info = await lstat(path);
      if (info.isFile()) return { path, bytes: info.size };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error;
    }
  }
  return null;
}

function skip(walk: Walk, file: string, code: string, message: string): void {
  walk.skipped.push({ file, code, message });
}

function unreadable(error: unknown): string {
  return `It may not be read (${errorCode(error) ?? 'unknown reason'}). Check its permissions.`;
}
