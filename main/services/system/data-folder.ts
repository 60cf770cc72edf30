/** @file Where a person's library lives when none is named: the platform's folder for an application's data. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface DataFolderPlatform {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** Linux: $XDG_DATA_HOME/chestlight; macOS: ~/Library/Application Support/Chestlight; Windows: %APPDATA%\Chestlight. */
export function dataFolder(
  on: DataFolderPlatform = { platform: process.platform, env: process.env, home: homedir() },
): string {
  if (on.env.CHESTLIGHT_DATA) return on.env.CHESTLIGHT_DATA;
  if (on.platform === 'win32') {
    return join(on.env.APPDATA ?? join(on.home, 'AppData', 'Roaming'), 'Chestlight');
  }
  if (on.platform === 'darwin') return join(on.home, 'Library', 'Application Support', 'Chestlight');
  return join(on.env.XDG_DATA_HOME ?? join(on.home, '.local', 'share'), 'chestlight');
}

/** Where keys of libraries are kept, sealed by the system's key store: beside the libraries, not in them. */
export const keysFolder = (on?: DataFolderPlatform): string => join(dataFolder(on), 'keys');

/** The library opened when nobody names another. */
export function defaultLibraryFolder(on?: DataFolderPlatform): string {
  return join(dataFolder(on), 'library');
}
