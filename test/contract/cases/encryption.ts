/** @file Cases of the contract of encryption. Nobody opens the world's library again under the tests: the answers are what counts. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeKeys } from '../../../main/files/key-slots.ts';
import { ENCRYPTION_FILE } from '../../../main/services/library/encryption.ts';
import type { World } from '../world.ts';
import type { Cases } from './case.ts';
import { NO_TOKEN, owner } from './readers.ts';

const secret = 'Lunge Herz Rippe Zwerchfell';
const other = 'Sternum Clavicula Hilus';

/** Runs `work` while a key file lies in the library's folder. */
async function withKeys<T>(world: World, work: () => Promise<T>): Promise<T> {
  const path = join(world.parts.library.files.dir, ENCRYPTION_FILE);
  writeFileSync(path, (await makeKeys(secret)).file);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

export const encryptionCases: Cases['encryption'] = {
  status: { valid: ({ client }) => client.encryption.status({}), reads: true, bad: [], refused: [] },
  unlock: {
    valid: ({ client }) => client.encryption.unlock({ secret }),
    bad: [{}, { secret: '' }, { secret: 7 }],
    refused: [],
  },
  begin: {
    valid: async ({ client, world }) =>
      client.encryption.begin({ passphrase: secret, token: (await owner(world)).token }),
    bad: [{}, { passphrase: 'short', token: null }, { passphrase: secret }],
    refused: [{ input: () => ({ passphrase: secret, token: NO_TOKEN }), code: 'SIGNED_OUT' }],
  },
  end: {
    valid: async ({ client, world }) => client.encryption.end({ secret, token: (await owner(world)).token }),
    bad: [{}, { secret: '', token: null }],
    refused: [{ input: () => ({ secret, token: NO_TOKEN }), code: 'SIGNED_OUT' }],
  },
  remember: {
    valid: ({ client, world }) => withKeys(world, () => client.encryption.remember({ secret })),
    bad: [{}, { secret: '' }],
    refused: [{ input: () => ({ secret }), code: 'CONFLICT' }],
  },
  forget: { valid: ({ client }) => client.encryption.forget({}), bad: [], refused: [] },
  changePassphrase: {
    valid: ({ client, world }) =>
      withKeys(world, () => client.encryption.changePassphrase({ secret, passphrase: other })),
    bad: [{}, { secret, passphrase: 'short' }],
    refused: [{ input: () => ({ secret, passphrase: other }), code: 'CONFLICT' }],
  },
  changeRecoveryKey: {
    valid: ({ client, world }) => withKeys(world, () => client.encryption.changeRecoveryKey({ secret })),
    bad: [{}, { secret: '' }],
    refused: [{ input: () => ({ secret }), code: 'CONFLICT' }],
  },
  confirmRecoveryKey: {
    valid: ({ client, world }) => withKeys(world, () => client.encryption.confirmRecoveryKey({})),
    bad: [],
    refused: [{ input: () => ({}), code: 'CONFLICT' }],
  },
};
