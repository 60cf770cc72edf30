/** @file Checks what runs and copies keep on the disk: final weights by their hash, checkpoints of runs that can go on, copies. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isResumable } from '../../../shared/domain/run-state.ts';
import { sha256Of } from '../../files/artifacts.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { LibraryVault } from '../../files/vault.ts';
import { readSafetensors } from '../../numeric/weights/safetensors.ts';
import { WeightsError } from '../../numeric/weights/weights-error.ts';
import type { RunRow } from '../../store/runs.ts';
import type { Store } from '../../store/store.ts';
import type { LibraryProblem } from './verify-library.ts';

/** What is at `path`; null where nothing can be read. */
async function bytesAt(vault: LibraryVault, path: string): Promise<Uint8Array | null> {
  return await vault.read(path).catch(() => null);
}

function isWhole(bytes: Uint8Array | null): boolean {
  if (bytes === null) return false;
  try {
    readSafetensors(bytes);
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return false;
    throw error;
  }
}

async function finalProblem(
  store: Store,
  files: LibraryFiles,
  dir: string,
  { id, name }: RunRow,
): Promise<LibraryProblem[]> {
  const final = store.runs.checkpoints(id).find(({ kind }) => kind === 'final');
  if (final === undefined) return [];
  const bytes = await bytesAt(files.vault, join(dir, final.file));
  if (bytes !== null && sha256Of(bytes) === final.sha256) return [];
  return [
    {
      code: 'CHECKPOINT',
      message: `The weights of “${name}” ${bytes === null ? 'are missing' : 'have changed on disk'}.`,
      remedy: 'Train it again, or restore the library’s folder from a copy. Its results are kept.',
      subject: id,
    },
  ];
}

async function likenessProblem(
  store: Store,
  files: LibraryFiles,
  dir: string,
  { id, name }: RunRow,
): Promise<LibraryProblem[]> {
  const row = store.likeness.find(id);
  if (row === null || row.file === null) return [];
  const bytes = await bytesAt(files.vault, join(dir, row.file));
  if (bytes !== null && sha256Of(bytes) === row.sha256) return [];
  return [
    {
      code: 'CHECKPOINT',
      message: `What “${name}” keeps of its training films ${bytes === null ? 'is missing' : 'has changed on disk'}.`,
      remedy:
        'Restore the library’s folder from a copy, or train it again. It predicts as before, but cannot say that a film is unlike those that it learned from.',
      subject: id,
    },
  ];
}

async function checkpointProblem(
  files: LibraryFiles,
  dir: string,
  { id, name }: RunRow,
): Promise<LibraryProblem[]> {
  const found = await readdir(dir).catch(() => []);
  const newestFirst = found
    .filter((file) => /^checkpoint-\d+\.safetensors$/.test(file))
    .sort()
    .reverse();
  const sound: boolean[] = [];
  for (const file of newestFirst) sound.push(isWhole(await bytesAt(files.vault, join(dir, file))));
  if (sound.every(Boolean)) return [];
  const goesOn = sound.includes(true);
  return [
    {
      code: 'CHECKPOINT',
      message: `A checkpoint of “${name}” is damaged.`,
      remedy: goesOn ? 'Nothing to do: resume goes on from the one before.' : 'Start this run again.',
      subject: id,
    },
  ];
}

export async function runProblems(store: Store, files: LibraryFiles): Promise<LibraryProblem[]> {
  const problems: LibraryProblem[] = [];
  for (const run of store.runs.list()) {
    const dir = join(files.runsDir, run.id);
    problems.push(...(await finalProblem(store, files, dir, run)));
    problems.push(...(await likenessProblem(store, files, dir, run)));
    if (isResumable(run.state)) problems.push(...(await checkpointProblem(files, dir, run)));
  }
  return problems;
}

export function copyProblems(store: Store): LibraryProblem[] {
  return store.copies.damaged().map((id) => ({
    code: 'COPY',
    message: 'A copy of the database is damaged.',
    remedy: 'Make a new one: Settings, Copies. The library itself is not touched by this.',
    subject: id,
  }));
}
