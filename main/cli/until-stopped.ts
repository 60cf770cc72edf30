/** @file Ctrl-C and SIGTERM while a verb works for long: the first asks it to stop in order, more of them are only answered. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** One line for a person, on standard error. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs `work`; `stop` aborts at the first signal, and what `work` makes of it is its own. Until `work` has ended no signal ends
 * the process, so that a checkpoint is written whole.
 */
export async function untilStopped<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) tell('Stopping already: this waits for the step at hand, nothing is lost.');
    else stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Calls `onStop` once, at once when it was asked before. @returns takes the listener away */
export function whenStopped(stop: AbortSignal, onStop: () => void): () => void {
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  return () => stop.removeEventListener('abort', onStop);
}
