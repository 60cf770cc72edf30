/** @file One event about work in progress that is replaced as the work goes on, and those who watch it, woken on change. */

interface Told {
  readonly seq: number;
  readonly state: string;
}

export class ToldEvent<Event extends Told> {
  #current: Event;
  readonly #wakers = new Set<() => void>();

  constructor(first: Event) {
    this.#current = first;
  }

  get current(): Event {
    return this.#current;
  }

  /** `wake` false: watchers hear of it with the next one. */
  tell(change: Partial<Omit<Event, 'seq'>>, wake = true): void {
    this.#current = { ...this.#current, ...change, seq: this.#current.seq + 1 };
    if (wake) for (const waker of [...this.#wakers]) waker();
  }

  /** Every event from now on until the work ends or `signal` aborts; the present one comes first. */
  async *watch(signal: AbortSignal): AsyncGenerator<Event, void> {
    let seen = 0;
    while (!signal.aborted) {
      const told = this.#current; // the work may end while the watcher is busy with this one
      if (told.seq > seen) {
        seen = told.seq;
        yield told;
        if (told.state !== 'running') return;
        continue;
      }
      await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
