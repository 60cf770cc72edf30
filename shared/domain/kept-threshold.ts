/** @file An operating point that somebody set by hand, in words: window, command line and reports say the same. */

/** Who set it is not told by a model from elsewhere. */
export const SET_ELSEWHERE = 'where the model was made';

export interface KeptByHand {
  /** Milliseconds since 1970; null = it came with a model from elsewhere. */
  readonly at: number | null;
  readonly by: string;
  /** What validation had chosen; null = nothing could be chosen. */
  readonly fitted: number | null;
}

/** "set by hand on 2026-03-01 by Ana, fitted was .371"; "set by hand where the model was made, fitted was .371". */
export function keptWords({ at, by, fitted }: KeptByHand): string {
  const was = fitted === null ? 'none could be fitted' : `fitted was ${fitted.toFixed(3).replace(/^0/, '')}`;
  const who = at === null ? SET_ELSEWHERE : `on ${new Date(at).toISOString().slice(0, 10)} by ${by}`;
  return `set by hand ${who}, ${was}`;
}

/** From which score on a task is called positive: what somebody set by hand, else what was fitted; null = neither. */
export function thresholdInForce(
  kept: { readonly threshold: number } | null | undefined,
  fitted: { readonly threshold: number } | null | undefined,
): number | null {
  return kept?.threshold ?? fitted?.threshold ?? null;
}
