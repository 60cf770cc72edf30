/** @file Run as its own process by the kill test: merges a session package and prints how far it is. */
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { mergePackage } from '../../main/services/exchange/package/package-service.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';

const [home = '', path = '', trust = ''] = process.argv.slice(2);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const library = await openLibrary(home, {
  workerHost: createNodeWorkerHost(),
  clock: Date,
  log: quiet,
  pool: { size: 1 },
});
process.stdout.write('opened\n');
await mergePackage(library, path, { passphrase: null, trust, now: Date.now() });
process.stdout.write('merged\n');
await library.close();
