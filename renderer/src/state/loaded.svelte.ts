/** @file One value that the host is asked for: loading, there, or failed with a notice. Keeps the old value while it asks again. */
import { noticeOf, type Notice } from '../rpc/notice.ts';

export class Loaded<Value> {
  value = $state.raw<Value | null>(null);
  notice = $state.raw<Notice | null>(null);
  loading = $state(false);

  readonly #ask: () => Promise<Value>;
  #asked = 0;

  constructor(ask: () => Promise<Value>) {
    this.#ask = ask;
  }

  /** Forgets the value, and whatever was asked for and is still on its way. */
  clear(): void {
    this.#asked += 1;
    this.value = null;
    this.notice = null;
    this.loading = false;
  }

  /** Asks the host; an answer that a newer question has overtaken is dropped. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    try {
      const value = await this.#ask();
      if (asked !== this.#asked) return;
      this.value = value;
      this.notice = null;
    } catch (error) {
      if (asked === this.#asked) this.notice = noticeOf(error);
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  }
}
