/** @file `npm run cli -- VERB …`: set-up on standard error, then the command line under Node 24. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { engineEnvironment, root } from './paths.mjs';
import { guarded, setUp } from './setup.mjs';

await guarded(async () => {
  const node = await setUp();
  const child = spawn(node, [join(root, 'main', 'cli', 'cli.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: engineEnvironment(),
  });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
});
