/** @file A key store for tests: turns bits over, so that what it sealed is not what it was given. */
import type { KeyStore } from '../../main/services/encryption/kept-keys.ts';

const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);

export const plainKeyStore: KeyStore = {
  seal: (bytes) => Promise.resolve(turned(bytes)),
  open: (bytes) => Promise.resolve(turned(bytes)),
};
