/** @file An operating point that somebody set by hand, in words: window, command line and reports say the same. */

export interface KeptByHand {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly by: string;
  /** What validation had chosen; null = nothing could be chosen. */
  readonly fitted: number | null;
}

/** "set by hand on 2026-03-01 by Ana, fitted was .371". */
export function keptWords({ at, by, fitted }: KeptByHand): string {
  const day = new Date(at).toISOString().slice(0, 10);
  const was = fitted === null ? 'none could be fitted' : `fitted was ${fitted.toFixed(3).replace(/^0/, '')}`;
  return `set by hand on ${day} by ${by}, ${was}`;
}
