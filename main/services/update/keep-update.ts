/** @file Takes an update: a copy of the library's database first, then the installer beside the app's data, for the person to start. */
import { mkdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';

import { translateDiskError } from '../../../shared/domain/disk-error.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { dataFolder } from '../system/data-folder.ts';
import { checkUpdate, type UpdateCheck } from './check-update.ts';
import { writeInstaller } from './update-file.ts';

export interface KeptUpdate {
  readonly version: string;
  /** The installer, whole and as signed. */
  readonly path: string;
  /** Id of the copy of the database that was made first. */
  readonly copy: string;
  /** What the person does now, a sentence each. */
  readonly steps: readonly string[];
}

/** Where installers are kept: beside the library, not in it. */
export const updatesFolder = (): string => join(dataFolder(), 'updates');

const START: Readonly<Record<string, string>> = {
  '.exe':
    'Start the installer. It replaces the installed version for your account, without an administrator.',
  '.AppImage':
    'Start the new AppImage instead of the old one, and delete the old one when the new one works.',
  '.deb': 'Let whoever administers this computer install it: sudo apt install, then the path of the file.',
  '.dmg': 'Open it and drag Chestlight over the old one.',
};

/** @throws ServiceError READ_ONLY, NOT_FOUND, UNREADABLE_FILE, INCOMPATIBLE, DISK_FULL; then nothing was kept */
export async function keepUpdate(
  library: OpenLibrary,
  path: string,
  check: UpdateCheck,
  folder = updatesFolder(),
): Promise<KeptUpdate> {
  library.files.refuseIfReadOnly();
  const { version, file, sha256 } = await checkUpdate(path, check, library.files.vault);
  const { id: copy } = library.store.copies.make();
  const target = join(folder, version, file);
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateDiskError(error);
  }
  await writeInstaller(path, sha256, target, library.files.vault);
  library.audit.record('update', version, { copy });
  return {
    version,
    path: target,
    copy,
    steps: [
      'Close Chestlight. A run at work writes a checkpoint first and can be resumed.',
      START[extname(file)] ?? 'Start the installer.',
      `Version ${version} brings this library up to date when it first opens it, after one more copy of the database.`,
    ],
  };
}
