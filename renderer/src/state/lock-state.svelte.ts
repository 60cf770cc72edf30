/** @file Whether the window is locked, and the watch on how long nobody touched it. The host holds the lock; this shows it. */
import type { LockState as HostLock } from '../../../shared/contract/lock.ts';
import type { ReaderId } from '../../../shared/domain/ids.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { Action } from './action.svelte.ts';

const LOOK_EVERY_MS = 5_000;
/** When any window of this browser was last touched, ms since 1970. */
const TOUCHED_KEY = 'chestlight:touched';
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;

/** Ms since a window was touched. A touch that lies ahead, as after a clock that was set back, counts as one of now. */
function untouchedMs(): number {
  const now = Date.now();
  const at = Number(localStorage.getItem(TOUCHED_KEY) ?? 0);
  if (at > now) localStorage.setItem(TOUCHED_KEY, String(now));
  return Math.max(0, now - at);
}

export class LockState {
  host = $state.raw<HostLock | null>(null);
  readonly changing = new Action();
  readonly #connection: Connection;
  readonly #beforeOpening: () => Promise<void>;
  #told = 0;
  /** What the page asked for when it was opened was refused: it is loaded anew once it may be. */
  #openedLocked = false;

  /** @param beforeOpening is waited for before the page can be seen again */
  constructor(connection: Connection, beforeOpening: () => Promise<void>) {
    this.#connection = connection;
    this.#beforeOpening = beforeOpening;
  }

  get locked(): boolean {
    return this.host?.locked === true;
  }

  async load(): Promise<void> {
    const state = await (await this.#connection.client()).lock.state({});
    if (this.host === null) this.#openedLocked = state.locked;
    await this.#take(state);
  }

  /** Watches for as long as the window lives. */
  run(signal: AbortSignal): void {
    const touched = (): void => {
      const now = Date.now();
      if (Math.abs(now - this.#told) < 1_000) return;
      this.#told = now;
      localStorage.setItem(TOUCHED_KEY, String(now));
    };
    touched();
    for (const name of TOUCHES) window.addEventListener(name, touched, { signal, passive: true });
    const timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    void this.load().catch(() => undefined); // a connection that is not there yet is shown elsewhere
  }

  /** Locks when it is time; learns what another window did to the lock. */
  async #look(): Promise<void> {
    const minutes = this.host?.minutes ?? 0;
    if (!this.locked && minutes > 0 && untouchedMs() > minutes * 60_000) {
      await this.#take(await (await this.#connection.client()).lock.lock({}));
    } else {
      await this.load();
    }
  }

  async #take(state: HostLock): Promise<void> {
    const opens = this.locked && !state.locked;
    if (opens) await this.#beforeOpening();
    this.host = state;
    if (opens && this.#openedLocked) location.reload();
  }

  async lockNow(): Promise<void> {
    await this.changing.run(async () => this.#take(await (await this.#connection.client()).lock.lock({})));
  }

  async unlock(readerId: ReaderId, pin: string): Promise<boolean> {
    return await this.changing.run(async () => {
      await this.#take(await (await this.#connection.client()).lock.unlock({ readerId, pin }));
    });
  }

  async setMinutes(readerId: ReaderId, pin: string, minutes: HostLock['minutes']): Promise<boolean> {
    return await this.changing.run(async () => {
      const client = await this.#connection.client();
      this.host = await client.lock.setMinutes({ readerId, pin, minutes: minutes as 0 });
    });
  }
}
