/** @file SHA256SUMS beside the installers: what whoever installs one compares it with, by tools that every system has. */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export const SUMS = 'SHA256SUMS';
const INSTALLER = /\.(AppImage|deb|exe|dmg)$/;

async function sha256Of(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Writes the list of all installers of a folder, in the form that `sha256sum -c` reads. @returns its lines */
export async function writeChecksums(folder) {
  const names = readdirSync(folder)
    .filter((name) => INSTALLER.test(name))
    .sort();
  const lines = [];
  for (const name of names) lines.push(`${await sha256Of(join(folder, name))}  ${name}`);
  writeFileSync(join(folder, SUMS), lines.map((line) => `${line}\n`).join(''));
  return lines;
}
