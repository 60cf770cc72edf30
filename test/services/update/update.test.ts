/** @file Updates from a stick: made by the tool, checked to the last byte, refused when older, strange or changed, kept after a copy. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  fingerprintOf,
  newReleaseKey,
  releaseKeyFrom,
  type ReleaseKey,
} from '../../../main/files/release-key.ts';
import { checkUpdate, type UpdateCheck } from '../../../main/services/update/check-update.ts';
import { keepUpdate } from '../../../main/services/update/keep-update.ts';
import { writeInstaller, writeUpdate } from '../../../main/services/update/update-file.ts';
import { ownUpdateKeys } from '../../../main/services/update/update-keys.ts';
import { compareVersions } from '../../../shared/domain/app-version.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { tempFolder, tempLibrary } from '../../helpers/temp-library.ts';

const release = releaseKeyFrom(newReleaseKey());
const hexOf = ({ publicKey }: ReleaseKey): string => Buffer.from(publicKey).toString('hex');
const rules: UpdateCheck = {
  keys: [{ name: 'Test releases', publicKey: hexOf(release) }],
  current: '1.4.0',
  system: 'linux-x64',
};
const INSTALLER = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 7) % 251));

async function made(about: Partial<Parameters<typeof writeUpdate>[2]> = {}, key = release): Promise<string> {
  const folder = tempFolder();
  const out = join(folder, 'new.chestlight-update');
  writeFileSync(join(folder, 'installer'), INSTALLER);
  const whole = {
    version: '1.5.0',
    system: 'linux-x64',
    file: 'Chestlight-1.5.0.AppImage',
    notes: 'Faster.',
    ...about,
  };
  await writeUpdate(out, join(folder, 'installer'), whole, key);
  return out;
}

async function refusal(path: string, check = rules): Promise<unknown> {
  const error: unknown = await checkUpdate(path, check).catch((caught: unknown) => caught);
  if (!(error instanceof ServiceError)) throw new Error(`expected a refusal, got ${JSON.stringify(error)}`);
  return error.detail['reason'] ?? error.code;
}

it('tells what it is, who signed it, and that it is newer', async () => {
  expect(await checkUpdate(await made(), rules)).toEqual({
    version: '1.5.0',
    current: '1.4.0',
    system: 'linux-x64',
    file: 'Chestlight-1.5.0.AppImage',
    bytes: 3000,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    notes: 'Faster.',
    signer: { name: 'Test releases', fingerprint: fingerprintOf(release.publicKey) },
  });
});

describe('is refused', () => {
  it.each([
    ['1.4.0', 'same'],
    ['1.3.9', 'older'],
    ['0.99.99', 'older'],
  ])('when it is %s', async (version, reason) => {
    expect(await refusal(await made({ version }))).toBe(reason);
  });

  it('when it is for another system', async () => {
    expect(await refusal(await made({ system: 'win32-x64' }))).toBe('other-system');
  });

  it('when a stranger signed it, naming the stranger’s fingerprint; and by a build without keys', async () => {
    const stranger = releaseKeyFrom(newReleaseKey());
    const path = await made({}, stranger);
    expect(await refusal(path)).toBe('unknown-signer');
    await expect(checkUpdate(path, rules)).rejects.toThrow(fingerprintOf(stranger.publicKey));
    expect(await refusal(await made(), { ...rules, keys: [] })).toBe('unknown-signer');
  });

  it('when it is no update, cut off, longer, a folder, or not there', async () => {
    const path = await made();
    const bytes = readFileSync(path);
    const folder = tempFolder();
    const file = (contents: Uint8Array): string => {
      writeFileSync(join(folder, 'x'), contents);
      return join(folder, 'x');
    };
    expect(await refusal(file(Buffer.from('PK\x03\x04')))).toBe('not-an-update');
    expect(await refusal(file(new Uint8Array()))).toBe('not-an-update');
    expect(await refusal(file(bytes.subarray(0, 60)))).toBe('not-an-update');
    expect(await refusal(file(bytes.subarray(0, bytes.length - 1)))).toBe('damaged');
    expect(await refusal(file(Buffer.concat([bytes, Buffer.from([0])])))).toBe('damaged');
    expect(await refusal(folder)).toMatch(/not-an-update|NOT_FOUND/);
    expect(await refusal(join(folder, 'none'))).toBe('NOT_FOUND');
  });

  it('when any one byte of it was changed', async () => {
    const bytes = readFileSync(await made());
    const path = join(tempFolder(), 'changed');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat(bytes.length - 1), fc.nat(500)),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ change;
          writeFileSync(path, changed);
          expect(await refusal(path)).toMatch(/damaged|not-an-update/);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('when its statement names a path, another ending, or more than it may', async () => {
    for (const file of ['../../x.AppImage', '/etc/x.deb', 'a\\b.exe', 'x.sh', '.AppImage', 'CON:x.exe'])
      await expect(made({ file })).rejects.toThrow();
    await expect(made({ version: '1.5' })).rejects.toThrow();
    await expect(made({ version: '../1.5.0' })).rejects.toThrow();
  });
});

it('is kept whole after a copy of the database; the person is told what to do; the trail tells of it', async () => {
  const { library, dir } = await tempLibrary();
  const folder = join(tempFolder(), 'updates');
  const { path, copy, steps } = await keepUpdate(library, await made(), rules, folder);
  expect(path).toBe(join(folder, '1.5.0', 'Chestlight-1.5.0.AppImage'));
  expect(readFileSync(path).equals(INSTALLER)).toBe(true);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(dir).some((name) => name.includes(copy))).toBe(true);
  expect(steps.join(' ')).toMatch(
    /Close Chestlight.*Start the new AppImage.*1\.5\.0 brings this library up to date/,
  );
  const acts = library.store.audit.after(0).map(({ action, subject }) => `${action} ${subject}`);
  expect(acts).toContain('update 1.5.0');
});

it('is not kept when it is refused, when the file was exchanged after the check, or when the library is read-only', async () => {
  const { library, dir } = await tempLibrary();
  const folder = join(tempFolder(), 'updates');
  const kept = () => (existsSync(folder) ? readdirSync(folder, { recursive: true }) : []);
  await expect(keepUpdate(library, await made({ version: '1.0.0' }), rules, folder)).rejects.toMatchObject({
    code: 'INCOMPATIBLE',
  });
  expect(kept()).toEqual([]);
  const { sha256 } = await checkUpdate(await made(), rules);
  const other = join(tempFolder(), 'other');
  writeFileSync(other, 'another installer');
  const about = { version: '1.5.0', system: 'linux-x64', file: 'C.deb', notes: '' };
  await writeUpdate(`${other}.update`, other, about, release);
  mkdirSync(folder);
  await expect(writeInstaller(`${other}.update`, sha256, join(folder, 'x'))).rejects.toMatchObject({
    code: 'UNREADABLE_FILE',
  });
  const second = await tempLibrary({ dir });
  await expect(keepUpdate(second.library, await made(), rules, folder)).rejects.toMatchObject({
    code: 'READ_ONLY',
  });
  expect(kept()).toEqual([]);
});

it('versions are compared by their numbers', () => {
  expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0);
  expect(compareVersions('0.1.0', '0.1.0')).toBe(0);
  expect(compareVersions('1.9.9', '2.0.0')).toBeLessThan(0);
  expect(() => compareVersions('1.0', '1.0.0')).toThrow();
});

it('the keys of this build are keys', () => {
  expect(ownUpdateKeys().every(({ publicKey }) => publicKey.length === 64)).toBe(true);
});
