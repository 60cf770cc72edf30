/** @file The time that a film is read: counted while it is in sight and the computer awake. */

const TICK_MS = 1000;
/** A longer pause between two ticks was none of reading: the computer slept. */
const ASLEEP_MS = 5000;

/**
 * Calls `spend` with seconds about once a second.
 * @param isSeen false while nobody can read: the window is put away, or locked
 * @returns what ends it
 */
export function countReading(spend: (seconds: number) => void, isSeen: () => boolean): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (isSeen() && now - last < ASLEEP_MS) spend((now - last) / 1000);
    last = now;
  }, TICK_MS);
  return () => clearInterval(timer);
}
