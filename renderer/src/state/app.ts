/** @file The window's state in one place, handed down as Svelte context. main.ts makes it. */
import { getContext, setContext } from 'svelte';

import { Connection } from '../rpc/connection.svelte.ts';
import { EncryptionState } from './encryption-state.svelte.ts';
import { LibraryState } from './library-state.svelte.ts';
import { LockState } from './lock-state.svelte.ts';
import { Preferences } from './preferences.svelte.ts';
import { ReaderState } from './reader-state.svelte.ts';
import { Route } from './route.svelte.ts';
import { RunsState } from './runs-state.svelte.ts';
import { StatusState } from './status-state.svelte.ts';
import { StudyState } from './study-state.svelte.ts';

export class App {
  readonly connection = new Connection();
  readonly route = new Route();
  readonly preferences = new Preferences();
  readonly status = new StatusState();
  readonly encryption = new EncryptionState(this.connection);
  readonly lock = new LockState(this.connection, () => this.#beforeOpening());
  readonly library = new LibraryState(this.connection);
  readonly runs = new RunsState(this.connection);
  readonly study = new StudyState(this.connection);
  readonly readers = new ReaderState(this.connection);

  /** Nothing of the page may be seen or reached: it waits for a passphrase, a PIN, or for somebody to keep the recovery key. */
  get isShut(): boolean {
    return this.encryption.shut || this.lock.locked || this.encryption.asksRecovery;
  }

  /** Starts everything that goes on for as long as the page lives. */
  start(signal: AbortSignal): void {
    void this.connection.run();
    void this.status.run(this.connection, signal);
    this.encryption.run();
    this.lock.run(signal);
    void this.runs.run(signal);
    void this.library.run();
    void this.study.refresh();
    this.status.onReopened(() => {
      this.library.refresh();
      void this.study.refresh();
      void this.readers.check(); // sign-ins ended with the library that was closed
    });
    this.status.onChange((status, before) => {
      const now = status.running;
      const then = before?.running ?? null;
      if (now?.kind === 'study' || then?.kind === 'study') void this.study.refresh();
      if (now?.kind === 'import') void this.#findImport();
      else if (then?.kind === 'import') this.library.refresh();
    });
  }

  /** Somebody else may be back: a sign-in that their PIN has ended is forgotten, and what its reader had before them is left. */
  async #beforeOpening(): Promise<void> {
    const had = this.readers.me !== null;
    await this.readers.check();
    const { page } = this.route;
    if (had && this.readers.me === null && (page === 'read' || page === 'adjudicate'))
      this.route.go('review');
  }

  async #findImport(): Promise<void> {
    if (this.library.importRuns) return;
    const client = await this.connection.client();
    const current = await client.library.currentImport({}).catch(() => null);
    if (current?.state === 'running') this.library.follow(current.importId);
  }
}

const KEY = Symbol('app');

/** Called once, at the root. */
export function provideApp(app: App): App {
  return setContext(KEY, app);
}

/** The window's state; for components below the root. */
export function useApp(): App {
  return getContext<App>(KEY);
}
