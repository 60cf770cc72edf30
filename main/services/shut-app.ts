/** @file The app of an encrypted library that waits for its passphrase: it answers how it stands and takes the passphrase, no more. */
import { contract } from '../../shared/contract/index.ts';
import type { App, ByteSources, Services } from './app.ts';
import { createShutEncryptionService, shut, type Reopen } from './encryption/encryption-service.ts';

/** Names of every service and its methods: one a procedure of the contract. */
export function methodNames(): readonly (readonly [keyof Services, readonly string[]])[] {
  return (Object.keys(contract) as (keyof typeof contract)[]).map((name) => [
    name,
    Object.keys(contract[name]),
  ]);
}

const BYTES: Readonly<Record<keyof ByteSources, true>> = {
  frame: true,
  colour: true,
  overlay: true,
  thumbnail: true,
  preview: true,
  input: true,
  firstBatch: true,
  weights: true,
  attention: true,
  report: true,
  figure: true,
  export: true,
  support: true,
  upload: true,
};
export const BYTE_NAMES = Object.keys(BYTES) as (keyof ByteSources)[];

const refusing = (names: readonly string[]): Readonly<Record<string, () => Promise<never>>> =>
  Object.fromEntries(names.map((name) => [name, () => Promise.resolve().then(shut)]));

/** @param dir the library's folder */
export function shutApp(dir: string, reopen: Reopen): App {
  const services = Object.fromEntries(methodNames().map(([name, methods]) => [name, refusing(methods)]));
  return {
    services: { ...(services as unknown as Services), encryption: createShutEncryptionService(dir, reopen) },
    bytes: refusing(BYTE_NAMES) as unknown as ByteSources,
    isBusy: () => false,
    close: () => Promise.resolve(),
  };
}
