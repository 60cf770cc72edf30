/** @file Program of a test: turns the encryption of a library on or off and opens it, telling each file, until it is killed. */
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { beginDecryption, beginEncryption, encryptionOf } from '../../main/services/library/encryption.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { CONVERT_PASSPHRASE as secret } from './convert-passphrase.ts';

const [home = '', to = ''] = process.argv.slice(2);
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const state = encryptionOf(home);
if (to === 'on' && state === 'plain') await beginEncryption(home, secret, { clock: Date });
if (to === 'off' && state === 'encrypted') await beginDecryption(home, secret, { clock: Date });
process.stdout.write('0\n');
const onConvert = (done: number): void => void process.stdout.write(`${done + 1}\n`);
const library = await openLibrary(home, {
  workerHost: createNodeWorkerHost(),
  clock: Date,
  log,
  secret,
  onConvert,
  pool: { size: 1 },
});
process.stdout.write('done\n');
await library.close();
