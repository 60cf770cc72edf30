/** @file A token bucket: how many requests a second the loopback host takes, with a burst. */

import type { Clock } from '../services/service-types.ts';

export interface RateLimit {
  /** Sustained per second. */
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  #level: number;
  #at: number;

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#level = limit.burst;
    this.#at = clock.now();
  }

  /** Takes one; false when there is none left. */
  take(): boolean {
    const now = this.#clock.now();
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#limit.perSecond;
    this.#level = Math.min(this.#limit.burst, this.#level + earned);
    this.#at = now;
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }
}
