/** @file `npm run cli -- VERB …`: set-up on standard error where it is needed, then the command line under Node 24. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { engineEnvironment, root } from './paths.mjs';
import { exitCodeOf, guarded } from './run.mjs';
import { setUp } from './setup.mjs';

await guarded(async () => {
  const node = await setUp({ engine: 'quiet' });
  const child = spawn(node, [join(root, 'main', 'cli', 'cli.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: engineEnvironment(),
  });
  // Ctrl-C reaches the child by itself; this process waits for what it makes of it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
});
