/** @file The shell's key store: what Electron's is taken for, and a library that the process beside the shell opens by it. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { expect, it, onTestFinished } from 'vitest';

import type { AppHost } from '../../main/electron/app-host.ts';
import { openBeside } from '../../main/electron/host-beside.ts';
import { asRpcPort } from '../../main/electron/node-port.ts';
import { safeKeyStore, type SafeStorage } from '../../main/electron/safe-key-store.ts';
import type { KeyStore } from '../../main/services/encryption/kept-keys.ts';
import { beginEncryption } from '../../main/services/library/encryption.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import { plainKeyStore } from '../helpers/plain-key-store.ts';
import { keptLog, tempFolder } from '../helpers/temp-library.ts';

const program = resolve(import.meta.dirname, '../../main/electron/beside-main.ts');
const secret = 'Lunge Herz Rippe Zwerchfell';

async function open(libraryDir: string, data: string, keyStore: KeyStore | null) {
  const host: AppHost = await openBeside({
    ...{ node: process.execPath, program, libraryDir, keyStore, log: keptLog() },
    rendererDir: join(libraryDir, '..', 'renderer'),
    env: { CHESTLIGHT_DATA: data },
  });
  onTestFinished(() => host.close());
  const { port1, port2 } = new MessageChannel();
  host.connect(asRpcPort(port2));
  onTestFinished(() => port1.close());
  const client: ContractClient = createORPCClient(new RPCLink({ port: port1 }));
  return { host, client };
}

it('keeps the key of a library where a person wants that, and lets it go', { timeout: 180_000 }, async () => {
  const libraryDir = join(tempFolder(), 'library');
  const data = tempFolder();
  await beginEncryption(libraryDir, secret, { clock: Date });
  const first = await open(libraryDir, data, plainKeyStore);
  expect(await first.client.encryption.status({})).toMatchObject({ shut: true });
  await expect(first.client.library.films({})).rejects.toMatchObject({ code: 'PASSPHRASE_NEEDED' });
  await first.client.encryption.unlock({ secret });
  expect(await first.client.encryption.status({})).toMatchObject({ shut: false, keyStore: 'offered' });
  await expect(first.client.encryption.remember({ secret: 'not this one' })).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
  });
  expect(await first.client.encryption.remember({ secret })).toMatchObject({ keyStore: 'kept' });
  await first.host.close();
  expect(readdirSync(join(data, 'keys'))).toHaveLength(1);

  const again = await open(libraryDir, data, plainKeyStore);
  expect(await again.client.encryption.status({})).toMatchObject({ shut: false, keyStore: 'kept' });
  expect((await again.client.library.films({})).total).toBe(0);
  await again.host.close();

  const refusing: KeyStore = { ...plainKeyStore, open: () => Promise.reject(new Error('locked')) };
  const refused = await open(libraryDir, data, refusing);
  expect(await refused.client.encryption.status({})).toMatchObject({ shut: true });
  await refused.client.encryption.unlock({ secret });
  expect(await refused.client.encryption.forget({})).toMatchObject({ keyStore: 'offered' });
  await refused.host.close();
  expect(readdirSync(join(data, 'keys'))).toEqual([]);

  const none = await open(libraryDir, data, null);
  expect(await none.client.encryption.status({})).toMatchObject({ shut: true });
});

function electronsStorage(change: Partial<SafeStorage> = {}): SafeStorage {
  return {
    isEncryptionAvailable: () => true,
    encryptString: (text) => Buffer.from(`sealed ${text}`),
    decryptString: (bytes) => bytes.toString().slice('sealed '.length),
    getSelectedStorageBackend: () => 'gnome_libsecret',
    ...change,
  };
}

it('takes Electron’s key store, but not where it only pretends to encrypt', async () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
  const store = safeKeyStore(electronsStorage(), 'linux');
  const sealed = (await store?.seal(key)) ?? new Uint8Array();
  expect(new Uint8Array((await store?.open(sealed)) ?? [])).toEqual(key);
  const basic = electronsStorage({ getSelectedStorageBackend: () => 'basic_text' });
  expect(safeKeyStore(basic, 'linux')).toBeNull();
  expect(safeKeyStore(basic, 'darwin')).not.toBeNull();
  expect(safeKeyStore(electronsStorage({ isEncryptionAvailable: () => false }), 'win32')).toBeNull();
});
