/**
 * @file For the maker of a release: a new release key, and updates signed with it. The private key never comes near the repository
 * or a build machine with a network (docs/installing.md).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { fingerprintOf, newReleaseKey, releaseKeyFrom } from '../../main/files/release-key.ts';
import { writeUpdate } from '../../main/services/update/update-file.ts';
import { guarded, SetupError } from '../setup/run.mjs';

const HELP = `node resources/packaging/sign-update.mjs new-key KEY.pem
    makes a release key and prints the line for resources/keys/update-keys.json
node resources/packaging/sign-update.mjs sign INSTALLER --key KEY.pem --version X.Y.Z --system linux-x64 --out OUT.chestlight-update [--notes TEXT]
    makes an update of an installer; systems: linux-x64, win32-x64, darwin-arm64
`;

const refuseToReplace = (path) => {
  if (existsSync(path)) throw new SetupError(`${path} is there already. Nothing was written.`);
};

function newKey(path) {
  refuseToReplace(path);
  const pem = newReleaseKey();
  writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
  const { publicKey } = releaseKeyFrom(pem);
  const line = { name: 'Chestlight releases', publicKey: Buffer.from(publicKey).toString('hex') };
  process.stdout.write(`${JSON.stringify(line)}\nfingerprint ${fingerprintOf(publicKey)}\n`);
}

async function sign(installer, { key, version, system, out, notes = '' }) {
  if ([installer, key, version, system, out].includes(undefined)) throw new SetupError(HELP);
  refuseToReplace(out);
  const about = { version, system, file: basename(installer).replaceAll(' ', '-'), notes };
  const statement = await writeUpdate(
    resolve(out),
    resolve(installer),
    about,
    releaseKeyFrom(readFileSync(key, 'utf8')),
  );
  process.stdout.write(`${JSON.stringify(statement)}\n`);
}

await guarded(async () => {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: text, version: text, system: text, out: text, notes: text },
  });
  const [action, file] = positionals;
  if (action === 'new-key' && file !== undefined) newKey(file);
  else if (action === 'sign') await sign(file, values);
  else throw new SetupError(HELP);
  return 0;
});
