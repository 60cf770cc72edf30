/** @file Electron's safeStorage as the app's key store; none where it would only pretend to encrypt. */
import type { KeyStore } from '../services/encryption/kept-keys.ts';

/** What is needed of Electron's safeStorage. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean;
  encryptString(text: string): Buffer;
  decryptString(bytes: Buffer): string;
  /** Linux only. */
  getSelectedStorageBackend?(): string;
}

/** Null = there is none: without a wallet or keyring Linux gives `basic_text`, a key that is written in Chromium's source. */
export function safeKeyStore(safe: SafeStorage, platform: NodeJS.Platform): KeyStore | null {
  if (!safe.isEncryptionAvailable()) return null;
  if (platform === 'linux' && ['basic_text', 'unknown'].includes(safe.getSelectedStorageBackend?.() ?? ''))
    return null;
  return {
    seal: (bytes) => Promise.resolve().then(() => safe.encryptString(Buffer.from(bytes).toString('base64'))),
    open: (bytes) =>
      Promise.resolve().then(() => Buffer.from(safe.decryptString(Buffer.from(bytes)), 'base64')),
  };
}
