/**
 * @file Takes away what nobody needs any more: drafts, staging folders, what a run was resumed from. What a failing disk keeps of it is
 * no reason to lose what was done; it goes when the library opens next.
 */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/** Removes a file or a folder with what is in it, where the disk lets it. */
export async function sweep(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/** The same at once. @returns whether it is gone */
export function sweepNow(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
