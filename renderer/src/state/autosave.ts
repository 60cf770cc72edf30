/**
 * @file Sends what a reader says to the host as soon as it is said. Exactly one version is on its way at a time; after a lost
 * answer the same version is sent again under the same id, so nothing is kept twice and nothing is called saved that is not.
 */

/** What is told to the reader. `saved` is said only after the host has answered. */
export type SaveStatus =
  | { readonly state: 'saved'; readonly at: number | null }
  | { readonly state: 'saving' }
  | { readonly state: 'failed'; readonly error: unknown; readonly failure: Failure };

/** What a failed send means: send it again, give this one up, or send nothing more. */
export type Failure = 'retry' | 'refused' | 'stuck';

/** What the host says when it has kept a version: the newest one's number, and when. */
export interface Kept {
  readonly newest: number;
  readonly savedAt: number;
}

export interface AutosaveOptions<Said, Answer extends Kept> {
  /** Keeps one version; `after` is the number of the version it follows. */
  readonly send: (said: Said, id: string, after: number) => Promise<Answer>;
  readonly newId: () => string;
  readonly onStatus: (status: SaveStatus) => void;
  readonly onKept: (said: Said, id: string, kept: Answer) => void;
  readonly failure: (error: unknown) => Failure;
  /** What was said is given up: the host will not keep it. @returns true when it counts as unsaved from then on */
  readonly onRefused: (said: Said, error: unknown) => boolean;
}

/** A pause in typing after which a version is sent. */
export const PAUSE_MS = 250;
/** Without a pause it is sent after this long, counted from the first change that is not sent. */
export const LONGEST_MS = 700;
const RETRY_MS = 1000;

export class Autosave<Said, Answer extends Kept> {
  readonly #options: AutosaveOptions<Said, Answer>;
  #after: number;
  /** Newest thing said that is not on its way yet. */
  #pending: { readonly said: Said; readonly since: number } | null = null;
  #sending: { readonly said: Said; readonly id: string } | null = null;
  #running: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #refused = false;

  /** @param after number of the newest version that is kept; 0 = none */
  constructor(after: number, options: AutosaveOptions<Said, Answer>) {
    this.#after = after;
    this.#options = options;
  }

  /** True while something was said that the host has not answered for. */
  get isUnsaved(): boolean {
    return this.#pending !== null || this.#sending !== null || this.#refused;
  }

  /** Number of the newest version that the host is known to have kept. */
  get newest(): number {
    return this.#after;
  }

  put(said: Said): void {
    if (this.#stopped) return;
    const since = this.#pending?.since ?? Date.now();
    this.#pending = { said, since };
    this.#options.onStatus({ state: 'saving' });
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(PAUSE_MS, since + LONGEST_MS - Date.now()));
    this.#timer = setTimeout(() => void this.#run(), wait);
  }

  /** Sends what is left now. True when everything that was said is kept; false when it is not, which the status says. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    await this.#run();
    // Said while the last version was being answered for.
    if (this.#pending !== null && this.#sending === null) await this.#run();
    return !this.isUnsaved;
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.#stopped) return;
      if (this.#sending === null) {
        if (this.#pending === null) return;
        this.#sending = { said: this.#pending.said, id: this.#options.newId() };
        this.#pending = null;
      }
      const { said, id } = this.#sending;
      try {
        const kept = await this.#options.send(said, id, this.#after);
        this.#after = kept.newest;
        this.#sending = null;
        this.#refused = false;
        this.#options.onKept(said, id, kept);
        if (this.#pending === null) this.#options.onStatus({ state: 'saved', at: kept.savedAt });
      } catch (error) {
        const failure = this.#options.failure(error);
        if (failure === 'retry') this.#timer = setTimeout(() => void this.#run(), RETRY_MS);
        else if (failure === 'stuck') this.stop();
        this.#options.onStatus({ state: 'failed', error, failure });
        if (failure !== 'refused') return;
        this.#sending = null;
        if (this.#options.onRefused(said, error)) this.#refused = true;
      }
    }
  }
}
