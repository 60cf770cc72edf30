/**
 * @file An update on a stick: one file with an installer for one system, and a signed statement of what it is. Mark, length of the
 * statement, statement (JSON), public key, signature, installer. Nothing in it is a path, and nothing is unpacked.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

import { z } from 'zod';

import { APP_VERSION } from '../../../shared/domain/app-version.ts';
import { errorCode } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { plainVault, type LibraryVault } from '../../files/vault.ts';
import { isSigned, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type ReleaseKey } from '../../files/release-key.ts';

const MARK = Buffer.from('CLUPDAT1');
const LENGTH_BYTES = 4;
const MAX_STATEMENT_BYTES = 64 * 1024;
const MAX_INSTALLER_BYTES = 2 * 1024 ** 3;
const CHUNK_BYTES = 1024 * 1024;

export const updateStatement = z.strictObject({
  format: z.literal(1),
  version: z.string().regex(APP_VERSION),
  /** As Node names them, e.g. linux-x64. */
  system: z.string().regex(/^(linux|win32|darwin)-(x64|arm64)$/),
  /** Name of the installer: letters, digits, dots, dashes and underscores, and one of the endings that are made. */
  file: z
    .string()
    .max(120)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.(AppImage|deb|exe|dmg)$/),
  bytes: z.number().int().positive().max(MAX_INSTALLER_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What is new, in a few sentences. */
  notes: z.string().max(4000),
});
export type UpdateStatement = z.infer<typeof updateStatement>;

export interface UpdateHeader {
  readonly statement: UpdateStatement;
  readonly publicKey: Uint8Array;
  /** Where the installer begins. */
  readonly start: number;
}

/** An update as it lies in the library, where the vault opens it, or elsewhere. */
interface UpdateFile {
  readonly size: number;
  readAt(at: number, into: Uint8Array): Promise<number>;
}

function unreadable(reason: string, message: string): ServiceError {
  return new ServiceError('UNREADABLE_FILE', message, { reason });
}

const noUpdate = (): ServiceError =>
  unreadable('not-an-update', 'This file is not an update of Chestlight. It was not opened.');
const damaged = (): ServiceError =>
  unreadable(
    'damaged',
    'The update is damaged: its contents are not what was signed. Nothing was kept. Copy it to the stick again.',
  );

async function exactly(file: UpdateFile, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const bytesRead = await file.readAt(position, buffer);
  if (bytesRead < length) throw noUpdate();
  return buffer;
}

/** The statement of an update, which the holder of `publicKey` has signed. @throws ServiceError UNREADABLE_FILE */
async function readHeader(file: UpdateFile): Promise<UpdateHeader> {
  const head = await exactly(file, MARK.length + LENGTH_BYTES, 0);
  const length = head.readUInt32LE(MARK.length);
  if (!head.subarray(0, MARK.length).equals(MARK) || length === 0 || length > MAX_STATEMENT_BYTES) {
    throw noUpdate();
  }
  const rest = await exactly(file, length + PUBLIC_KEY_BYTES + SIGNATURE_BYTES, head.length);
  const text = rest.subarray(0, length);
  const publicKey = new Uint8Array(rest.subarray(length, length + PUBLIC_KEY_BYTES));
  const signature = new Uint8Array(rest.subarray(length + PUBLIC_KEY_BYTES));
  if (!isSigned(text, { publicKey, signature })) throw damaged();
  const parsed = updateStatement.safeParse(parseJson(text));
  if (!parsed.success) throw noUpdate();
  const start = head.length + rest.length;
  if (file.size !== start + parsed.data.bytes) throw damaged();
  return { statement: parsed.data, publicKey, start };
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return null;
  }
}

/** Opens the file for as long as `work` takes. @throws ServiceError NOT_FOUND, UNREADABLE_FILE */
async function withUpdate<T>(
  vault: LibraryVault,
  path: string,
  work: (file: UpdateFile, header: UpdateHeader) => Promise<T>,
): Promise<T> {
  try {
    const size = await vault.size(path);
    const file: UpdateFile = { size, readAt: (at, into) => vault.readAt(path, at, into) };
    return await work(file, await readHeader(file));
  } catch (error) {
    const cause = errorCode(error);
    if (cause === 'EISDIR') throw noUpdate();
    if (cause === null || !['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(cause)) throw error;
    const message =
      'The update does not exist or may not be read. Check the stick and choose the file again.';
    throw new ServiceError('NOT_FOUND', message, { cause });
  }
}

/** The bytes of the installer. @throws ServiceError UNREADABLE_FILE at the end when they are not what was signed */
async function* installer(file: UpdateFile, { statement, start }: UpdateHeader): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for (let done = 0; done < statement.bytes;) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, statement.bytes - done));
    const bytesRead = await file.readAt(start + done, chunk);
    if (bytesRead === 0) throw damaged();
    const read = chunk.subarray(0, bytesRead);
    hash.update(read);
    done += bytesRead;
    yield read;
  }
  if (hash.digest('hex') !== statement.sha256) throw damaged();
}

/**
 * Reads an update to its end and checks it against what was signed; who signed is for the caller to judge.
 * @throws ServiceError NOT_FOUND, UNREADABLE_FILE
 */
export async function readUpdate(path: string, vault: LibraryVault = plainVault()): Promise<UpdateHeader> {
  return await withUpdate(vault, path, async (file, header) => {
    const bytes = installer(file, header);
    while (!(await bytes.next()).done);
    return header;
  });
}

/**
 * Writes the installer of an update to `target`: the one whose hash was checked before, whole or absent.
 * @throws ServiceError NOT_FOUND, UNREADABLE_FILE also when the file was exchanged since, DISK_FULL
 */
export async function writeInstaller(
  path: string,
  sha256: string,
  target: string,
  vault: LibraryVault = plainVault(),
): Promise<void> {
  await withUpdate(vault, path, async (file, header) => {
    if (header.statement.sha256 !== sha256) throw damaged();
    await writeFileAtomic(target, installer(file, header), { mode: 0o700 });
  });
}

/** Writes an update: what the release's maker does. `about` is all of the statement that is not read from the installer. */
export async function writeUpdate(
  out: string,
  installerPath: string,
  about: Pick<UpdateStatement, 'version' | 'system' | 'file' | 'notes'>,
  key: ReleaseKey,
): Promise<UpdateStatement> {
  const handle = await open(installerPath, 'r');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({
      autoClose: false,
      start: 0,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const statement = updateStatement.parse({ format: 1, ...about, bytes, sha256: hash.digest('hex') });
    const text = Buffer.from(JSON.stringify(statement));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(text.length);
    const head = Buffer.concat([MARK, length, text, key.publicKey, key.sign(text)]);
    async function* contents(): AsyncGenerator<Uint8Array> {
      yield head;
      yield* handle.createReadStream({ autoClose: false, start: 0 }) as AsyncIterable<Buffer>;
    }
    await writeFileAtomic(out, contents(), { mode: 0o644 });
    return statement;
  } finally {
    await handle.close();
  }
}
