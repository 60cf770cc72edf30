/**
 * @file Who is at the window: the readers of this workstation, and the one who signed in with a PIN. The sign-in outlives a
 * reload of the page and ends with the window or the app.
 */
import { ORPCError } from '@orpc/client';

import type { KnownReader, SignedIn } from '../../../shared/contract/readers.ts';
import type { Reader } from '../../../shared/contract/review.ts';
import type { ReaderId } from '../../../shared/domain/ids.ts';
import { mayAct, type ReviewAct } from '../../../shared/domain/review.ts';
import { isElectronPage } from '../../../shared/contract/transport.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { Action } from './action.svelte.ts';
import { Loaded } from './loaded.svelte.ts';

const KEY = 'chestlight:reader';

export class ReaderState {
  readonly list: Loaded<{ readonly readers: readonly KnownReader[]; readonly needsOwner: boolean }>;
  /** null = nobody has signed in. */
  me = $state.raw<Reader | null>(null);
  /** False until it is known whether the sign-in of before a reload still holds. */
  checked = $state(false);
  /** True after the host has forgotten a sign-in that this window had. */
  wasSignedOut = $state(false);
  readonly signing = new Action();
  readonly managing = new Action();
  #token: string | null = sessionStorage.getItem(KEY);
  /** What was said and is not kept yet; the window asks before it closes over it. */
  readonly #unsaved = new Set<{ readonly isUnsaved: boolean }>();
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.list = new Loaded(async () => (await connection.client()).readers.list({}));
    window.addEventListener('beforeunload', (event) => {
      // Electron would neither ask nor say why the page stays.
      if (isElectronPage(location)) return;
      if ([...this.#unsaved].some(({ isUnsaved }) => isUnsaved)) event.preventDefault();
    });
  }

  /** Asks the host in the name of who is signed in. @throws what the host says; Error when nobody is signed in */
  async call<Answer>(ask: (client: Client, token: string) => Promise<Answer>): Promise<Answer> {
    try {
      const client = await this.#connection.client();
      if (this.#token === null) throw new Error('Nobody is signed in. Choose your name and enter your PIN.');
      return await ask(client, this.#token);
    } catch (error) {
      if (error instanceof ORPCError && error.code === 'SIGNED_OUT') this.#forget(true);
      throw error;
    }
  }

  /** Of who is signed in, for what may be asked by nobody too. */
  get token(): string | null {
    return this.#token;
  }

  may(act: ReviewAct): boolean {
    return this.me !== null && mayAct(this.me.role, act);
  }

  guard(reading: { readonly isUnsaved: boolean }): void {
    this.#unsaved.add(reading);
  }

  /** Asks for the readers, and whether the sign-in still holds. */
  async check(): Promise<void> {
    void this.list.load();
    const token = this.#token;
    try {
      const client = await this.#connection.client();
      const me = token === null ? null : await client.readers.whoAmI({ token });
      if (token !== this.#token) return;
      if (me !== null) this.me = me;
      else if (token !== null) this.#forget(this.me !== null);
      this.checked = true;
    } catch {
      // Without an answer the sign-in stays as it was; the next call says what is wrong.
      this.checked = this.me !== null || this.checked;
    }
  }

  signIn(readerId: ReaderId, pin: string): Promise<boolean> {
    return this.#sign(async (client) => client.readers.signIn({ readerId, pin }));
  }

  firstOwner(name: string, pin: string): Promise<boolean> {
    return this.#sign(async (client) => client.readers.firstOwner({ name, pin }));
  }

  async signOut(): Promise<void> {
    const token = this.#token;
    this.#forget(false);
    if (token !== null) await (await this.#connection.client()).readers.signOut({ token }).catch(() => null);
  }

  /** Something that an owner asks for about readers. */
  manage(work: (readers: Client['readers'], token: string) => Promise<unknown>): Promise<boolean> {
    return this.managing.run(async () => {
      await this.call((client, token) => work(client.readers, token));
      await this.list.load();
    });
  }

  async #sign(ask: (client: Client) => Promise<SignedIn>): Promise<boolean> {
    const done = await this.signing.run(async () => {
      const { token, reader } = await ask(await this.#connection.client());
      this.#token = token;
      this.me = reader;
      this.wasSignedOut = false;
      this.checked = true;
      sessionStorage.setItem(KEY, token);
    });
    void this.list.load();
    return done;
  }

  #forget(byHost: boolean): void {
    this.#token = null;
    this.me = null;
    this.wasSignedOut = byHost;
    sessionStorage.removeItem(KEY);
  }
}

type Client = Awaited<ReturnType<Connection['client']>>;
