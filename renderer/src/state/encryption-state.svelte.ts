/** @file Whether the library waits for its passphrase, and how it is encrypted. The host holds both; this shows it. */
import type { EncryptionStatus } from '../../../shared/contract/encryption.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { Action } from './action.svelte.ts';

const LOOK_EVERY_MS = 1_000;

export class EncryptionState {
  host = $state.raw<EncryptionStatus | null>(null);
  readonly changing = new Action();
  /** The window opened on a library whose recovery key nobody has said to keep. */
  asksRecovery = $state(false);
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get shut(): boolean {
    return this.host?.shut === true;
  }

  async load(): Promise<void> {
    this.host = await (await this.#connection.client()).encryption.status({});
  }

  /** Asked when the window opens; it does not become shut later. */
  run(): void {
    const asked = this.load().then(() => (this.asksRecovery = this.host?.recoveryKept === false));
    void asked.catch(() => undefined); // a connection that is not there yet is shown elsewhere
  }

  /** What the page asked for before was refused: it is loaded anew once the library is open. */
  async unlock(secret: string): Promise<boolean> {
    return await this.#following(async () => {
      this.host = await (await this.#connection.client()).encryption.unlock({ secret });
      location.reload();
    });
  }

  /** @returns the recovery key, null when it failed */
  async begin(passphrase: string, token: string | null): Promise<string | null> {
    let recoveryKey: string | null = null;
    await this.#following(async () => {
      const client = await this.#connection.client();
      ({ recoveryKey } = await client.encryption.begin({ passphrase, token }));
    });
    return recoveryKey;
  }

  async end(secret: string, token: string | null): Promise<boolean> {
    return await this.#following(async () => {
      await (await this.#connection.client()).encryption.end({ secret, token });
    });
  }

  /** The system's key store opens the library on this computer from now on. */
  async remember(secret: string): Promise<boolean> {
    return await this.changing.run(async () => {
      this.host = await (await this.#connection.client()).encryption.remember({ secret });
    });
  }

  async forget(): Promise<boolean> {
    return await this.changing.run(async () => {
      this.host = await (await this.#connection.client()).encryption.forget({});
    });
  }

  async changePassphrase(secret: string, passphrase: string): Promise<boolean> {
    return await this.changing.run(async () =>
      (await this.#connection.client()).encryption.changePassphrase({ secret, passphrase }),
    );
  }

  /** @returns the new recovery key, null when it failed */
  async changeRecoveryKey(secret: string): Promise<string | null> {
    let made: string | null = null;
    await this.changing.run(async () => {
      const client = await this.#connection.client();
      made = (await client.encryption.changeRecoveryKey({ secret })).recoveryKey;
    });
    return made;
  }

  /** Somebody has the recovery key on paper. */
  async confirmRecoveryKey(): Promise<boolean> {
    return await this.changing.run(async () => {
      this.host = await (await this.#connection.client()).encryption.confirmRecoveryKey({});
      this.asksRecovery = false;
    });
  }

  /** Tells how far a conversion is while `work` waits for it. */
  async #following(work: () => Promise<void>): Promise<boolean> {
    const timer = setInterval(() => void this.load().catch(() => undefined), LOOK_EVERY_MS);
    try {
      return await this.changing.run(work);
    } finally {
      clearInterval(timer);
      await this.load().catch(() => undefined);
    }
  }
}
