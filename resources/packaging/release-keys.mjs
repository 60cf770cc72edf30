/**
 * @file The public halves of release keys, resources/keys/update-keys.json: read and checked, one added, and asked for before
 * installers are made. Plain JavaScript, so that any Node may pack.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../setup/paths.mjs';
import { SetupError } from '../setup/run.mjs';

export const KEYS_FILE = join(root, 'resources', 'keys', 'update-keys.json');

const isKey = (one) =>
  typeof one?.name === 'string' &&
  one.name.length > 0 &&
  one.name.length <= 120 &&
  typeof one.publicKey === 'string' &&
  /^[0-9a-f]{64}$/.test(one.publicKey);

/** `[{ name, publicKey }]`, public keys in hex. @throws SetupError */
export function readKeys(file = KEYS_FILE) {
  let keys;
  try {
    keys = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SetupError(`${file} cannot be read as a list of release keys: ${error.message}`);
  }
  if (!Array.isArray(keys) || !keys.every(isKey))
    throw new SetupError(
      `${file} is no list of release keys: each has a name and a public key of 64 digits.`,
    );
  if (new Set(keys.map(({ publicKey }) => publicKey)).size !== keys.length)
    throw new SetupError(`${file} names a release key twice.`);
  return keys;
}

/** Adds the public half of a key; the file is the old one or the new one. @throws SetupError */
export function addKey({ name, publicKey }, file = KEYS_FILE) {
  const keys = readKeys(file);
  if (!isKey({ name, publicKey })) throw new SetupError('A release key has a name of 1 to 120 letters.');
  if (keys.some((one) => one.publicKey === publicKey)) throw new SetupError(`${file} has this key already.`);
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, 'w');
  try {
    writeSync(handle, `${JSON.stringify([...keys, { name, publicKey }], null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
}

/** The keys whose updates the packages will take. @throws SetupError when there is none */
export function needReleaseKey(file = KEYS_FILE) {
  const keys = readKeys(file);
  if (keys.length > 0) return keys;
  throw new SetupError(
    `No installers are made: ${file} has no release key, so what is installed could never take an update from a file.
Make one with "node resources/packaging/sign-update.mjs new-key KEY.pem" (docs/installing.md), or make packages for trial with --trial.`,
  );
}
