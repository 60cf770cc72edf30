/** @file Whether an update may be taken: whole, signed by a known key, for this system, newer than what runs. */
import { compareVersions } from '../../../shared/domain/app-version.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { fingerprintOf } from '../../files/release-key.ts';
import { plainVault, type LibraryVault } from '../../files/vault.ts';
import { readUpdate, type UpdateStatement } from './update-file.ts';
import type { UpdateKey } from './update-keys.ts';

export interface UpdateFacts extends Pick<
  UpdateStatement,
  'version' | 'system' | 'file' | 'bytes' | 'sha256' | 'notes'
> {
  /** The version that runs. */
  readonly current: string;
  readonly signer: { readonly name: string; readonly fingerprint: string };
}

export interface UpdateCheck {
  readonly keys: readonly UpdateKey[];
  /** The version that runs. */
  readonly current: string;
  /** As Node names it, e.g. linux-x64. */
  readonly system: string;
}

const refuse = (reason: string, message: string, detail: Readonly<Record<string, string>> = {}): never => {
  throw new ServiceError('INCOMPATIBLE', message, { reason, ...detail });
};

/** @throws ServiceError NOT_FOUND, UNREADABLE_FILE, INCOMPATIBLE saying what is wrong; nothing is written */
export async function checkUpdate(
  path: string,
  { keys, current, system }: UpdateCheck,
  vault: LibraryVault = plainVault(),
): Promise<UpdateFacts> {
  const { statement, publicKey } = await readUpdate(path, vault);
  const fingerprint = fingerprintOf(publicKey);
  const hex = Buffer.from(publicKey).toString('hex');
  const key = keys.find((one) => one.publicKey === hex);
  if (key === undefined) {
    const why =
      keys.length === 0
        ? 'This build of Chestlight came without a key of its makers, so it takes no updates from files'
        : 'Its signer is not one that this build of Chestlight knows';
    return refuse(
      'unknown-signer',
      `${why}. The update is signed by ${fingerprint}. Nothing was kept; install the new version yourself if you trust where it comes from.`,
      { fingerprint },
    );
  }
  if (statement.system !== system) {
    return refuse(
      'other-system',
      `This update is for ${statement.system}; this computer is ${system}. Choose the file for this system.`,
    );
  }
  const order = compareVersions(statement.version, current);
  if (order <= 0) {
    const what = order === 0 ? 'the version that runs already' : `older than ${current}, which runs here`;
    return refuse(
      order === 0 ? 'same' : 'older',
      `The update is ${statement.version}, ${what}. Nothing was changed: a library that a newer version has opened is not taken back.`,
    );
  }
  const { version, file, bytes, sha256, notes } = statement;
  return { version, current, system, file, bytes, sha256, notes, signer: { name: key.name, fingerprint } };
}
