/**
 * @file The package's own download of libtensorflow 2.9.1 and its ready-made binding: the way on Windows and where no
 * wheel is pinned. Its publisher gives no checksums, so it is used only when the person says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { root } from './paths.mjs';
import { SetupError, step } from './run.mjs';

const LIMIT_MS = 15 * 60_000;

/** Why this route is not taken by itself, and how to take it. */
export const CONSENT_NEEDED =
  'No TensorFlow with a pinned checksum is known for this system. Set CHESTLIGHT_ALLOW_UNPINNED=1 to let ' +
  '@tensorflow/tfjs-node-gpu download its own (storage.googleapis.com, not verified against a checksum), or ' +
  'CHESTLIGHT_TENSORFLOW to a folder that holds one. Until then Chestlight predicts, and training is off.';

/** True when the package holds a binding and library of its own (real folders, not our links). */
export function ownDownloadIsThere(packageDir) {
  const lib = join(packageDir, 'lib');
  if (!existsSync(lib) || lstatSync(lib).isSymbolicLink()) return false;
  return readdirSync(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')));
}

/** Runs the package's install script. @throws SetupError without consent, or when it leaves no binding */
export async function useOwnDownload(packageDir, gpu) {
  if (ownDownloadIsThere(packageDir)) return;
  if (process.env.CHESTLIGHT_ALLOW_UNPINNED !== '1') throw new SetupError(CONSENT_NEEDED);
  for (const name of ['deps', 'lib']) rmSync(join(packageDir, name), { recursive: true, force: true });
  await step("Running @tensorflow/tfjs-node-gpu's own download of libtensorflow 2.9.1 (no checksum)", () => {
    const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
    spawnSync(process.execPath, [join('scripts', 'install.js'), gpu ? 'gpu' : 'cpu', 'download'], {
      cwd: packageDir,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 2, 2],
      timeout: LIMIT_MS,
    });
    if (!ownDownloadIsThere(packageDir)) {
      throw new SetupError(
        "The package's own download of TensorFlow failed (see above). Training is off until it works.",
      );
    }
  });
}
