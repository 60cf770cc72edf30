/** @file Wheels into the cache: fetched by pip under a temporary name, verified, then moved into place. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { run, say, SetupError } from './run.mjs';
import { partialName, sweepPartials } from './sweep.mjs';

/** SHA-256 of a file, hex. */
export async function fileSha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Refuses a file that is not what it should be, and removes it so that the next try fetches it anew. */
export async function verifyChecksum(path, expected) {
  const actual = await fileSha256(path);
  if (actual === expected) return;
  rmSync(path);
  throw new SetupError(
    `${path} has SHA-256 ${actual}, expected ${expected}. It was removed and not used; run npm start to fetch it again.`,
  );
}

/** pip's own download into `folder`, for the wheel's platform whatever this machine's Python is. */
function pipDownload(wheel, folder) {
  const platforms = wheel.platforms.flatMap((platform) => ['--platform', platform]);
  const python = wheel.file.includes('-cp311-')
    ? ['--implementation', 'cp', '--python-version', '311', '--abi', 'cp311']
    : [];
  const fixed = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--progress-bar', 'off'];
  const what = `${wheel.name}==${wheel.version}`;
  try {
    run('python3', ['-m', 'pip', 'download', '-q', ...fixed, ...python, ...platforms, '-d', folder, what]);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      `${what} could not be downloaded (see above). Check the network, then run npm start.`,
    );
  }
}

/**
 * Path of the verified wheel in `folder`. `fetch(wheel, folder)` puts the file into a folder of its own first, so that an
 * interrupted download leaves nothing that a later run could take for complete.
 * @throws SetupError when the download or its checksum fails
 */
export async function fetchWheel(wheel, folder, fetch = pipDownload) {
  const path = join(folder, wheel.file);
  if (existsSync(path)) {
    if ((await fileSha256(path)) === wheel.sha256) return path;
    say(`  ${path} is damaged; fetching it again`);
    rmSync(path);
  }
  const partial = join(folder, partialName('wheel'));
  sweepPartials(folder);
  mkdirSync(partial, { recursive: true });
  try {
    await fetch(wheel, partial);
    const fetched = join(partial, wheel.file);
    if (!existsSync(fetched)) throw new SetupError(`The download of ${wheel.file} left no such file.`);
    await verifyChecksum(fetched, wheel.sha256);
    renameSync(fetched, path);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return path;
}
