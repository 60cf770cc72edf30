/**
 * @file For the maker of a release: a new release key, and updates signed with it. The private key never comes near the repository
 * or a build machine with a network (docs/installing.md).
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';

import { fingerprintOf, newReleaseKey, releaseKeyFrom } from '../../main/files/release-key.ts';
import { writeUpdate } from '../../main/services/update/update-file.ts';
import { root } from '../setup/paths.mjs';
import { guarded, SetupError } from '../setup/run.mjs';
import { addKey, KEYS_FILE, readKeys } from './release-keys.mjs';

const HELP = `node resources/packaging/sign-update.mjs new-key KEY.pem [--name NAME]
    makes a release key, puts its public half into resources/keys/update-keys.json and prints the fingerprint
node resources/packaging/sign-update.mjs sign INSTALLER --key KEY.pem --version X.Y.Z --system linux-x64 --out OUT.chestlight-update [--notes TEXT]
    makes an update of an installer; systems: linux-x64, win32-x64, darwin-arm64
  --keys FILE      another list of public keys than resources/keys/update-keys.json
`;

/** What electron-builder names installers by, so that none is signed for a system that cannot run it. */
const ENDINGS = {
  'linux-x64': ['.AppImage', '.deb'],
  'win32-x64': ['.exe'],
  'darwin-arm64': ['.dmg', '.zip'],
};

const refuseToReplace = (path) => {
  if (existsSync(path)) throw new SetupError(`${path} is there already. Nothing was written.`);
};

/** A private key that lies among the sources is published one day. */
function refuseInside(path) {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) throw new SetupError(`The folder ${folder} does not exist. Nothing was written.`);
  const place = join(realpathSync(folder), basename(path));
  if (place.startsWith(realpathSync(root) + sep))
    throw new SetupError('A private key does not belong into this folder: name one on a stick of its own.');
}

function readKey(path) {
  try {
    return releaseKeyFrom(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SetupError(`${path} cannot be read as a release key: ${error.message}`);
  }
}

function newKey(path, { name = 'Chestlight releases', keys = KEYS_FILE }) {
  refuseToReplace(path);
  refuseInside(path);
  readKeys(keys); // before anything is written
  const pem = newReleaseKey();
  writeFileSync(path, pem, { mode: 0o600, flag: 'wx', flush: true });
  const { publicKey } = releaseKeyFrom(pem);
  const line = { name, publicKey: Buffer.from(publicKey).toString('hex') };
  process.stdout.write(`${JSON.stringify(line)}\nfingerprint ${fingerprintOf(publicKey)}\n`);
  addKey(line, keys);
}

async function sign(installer, { key, version, system, out, notes = '', keys = KEYS_FILE }) {
  if ([installer, key, version, system, out].includes(undefined)) throw new SetupError(HELP);
  refuseToReplace(out);
  const release = readKey(key);
  const hex = Buffer.from(release.publicKey).toString('hex');
  if (!readKeys(keys).some(({ publicKey }) => publicKey === hex)) {
    throw new SetupError(
      `${keys} does not have this key (fingerprint ${fingerprintOf(release.publicKey)}), so no installed Chestlight would take the update. Nothing was written.`,
    );
  }
  if (!basename(installer).includes(version))
    throw new SetupError(
      `${basename(installer)} does not look like version ${version}. Nothing was written.`,
    );
  const endings = ENDINGS[system];
  if (endings === undefined)
    throw new SetupError(
      `There is no system ${system}: ${Object.keys(ENDINGS).join(', ')}. Nothing was written.`,
    );
  if (!endings.some((ending) => basename(installer).endsWith(ending)))
    throw new SetupError(
      `${basename(installer)} is no installer for ${system} (${endings.join(', ')}). Nothing was written.`,
    );
  const about = { version, system, file: basename(installer).replaceAll(' ', '-'), notes };
  const statement = await writeUpdate(resolve(out), resolve(installer), about, release);
  process.stdout.write(`${JSON.stringify(statement)}\n`);
}

await guarded(async () => {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: text, version: text, system: text, out: text, notes: text, name: text, keys: text },
  });
  const [action, file] = positionals;
  if (action === 'new-key' && file !== undefined) newKey(file, values);
  else if (action === 'sign') await sign(file, values);
  else throw new SetupError(HELP);
  return 0;
});
