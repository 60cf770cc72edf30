/**
 * @file Packs the app of this system as `npm run package` does, with a folder that stands in for Electron's own files (its
 * binary is a shell script that carries the mark where electron-builder sets the fuses).
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');

export const PACKAGE = join(root, 'resources', 'packaging', 'package.mjs');

/** Where electron-builder finds the fuses in Electron's binary: mark, version 1, count, one letter each. */
const FUSES = Buffer.concat([
  Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
  Buffer.from([1, 9]),
  Buffer.from('101101100'),
]);

export interface PackedApp {
  /** The folder that an installer would put on the disk. */
  readonly dir: string;
  /** What lies in it as the app: package.json, main/, node_modules/ … */
  readonly app: string;
  /** The binary with the fuses. */
  readonly binary: string;
  /** Everything of the test, to be removed. */
  readonly remove: () => void;
}

function standIn(folder: string): void {
  const { devDependencies } = z
    .object({ devDependencies: z.object({ electron: z.string() }) })
    .parse(createRequire(import.meta.url)(join(root, 'package.json')));
  mkdirSync(join(folder, 'resources'), { recursive: true });
  writeFileSync(join(folder, 'version'), devDependencies.electron);
  writeFileSync(join(folder, 'LICENSE'), 'stands in for the licence of Electron');
  writeFileSync(join(folder, 'electron'), Buffer.concat([Buffer.from('#!/bin/sh\nexit 1\n'), FUSES]));
  chmodSync(join(folder, 'electron'), 0o755);
}

/** Packs into a folder whose path has spaces and letters of several scripts, outside of the checkout. */
export function packApp(): PackedApp {
  const folder = mkdtempSync(join(tmpdir(), 'Chestlight für Łódź 胸部 '));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const electron = join(folder, 'electron');
  standIn(electron);
  const output = join(folder, 'packed here');
  const { status, stderr } = spawnSync(
    process.execPath,
    [PACKAGE, '--dir', '--electron', electron, '--output', output],
    // Files of packages are linked instead of copied where the disk allows it.
    { encoding: 'utf8', env: { ...process.env, USE_HARD_LINKS: 'true' } },
  );
  if (status !== 0) {
    remove();
    throw new Error(`packing failed (exit ${status}):\n${stderr}`);
  }
  const dir = join(output, 'linux-unpacked');
  return { dir, app: join(dir, 'resources', 'app'), binary: join(dir, 'chestlight'), remove };
}
