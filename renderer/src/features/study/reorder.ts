/** @file A list of keys with one of them moved: by one place, or to where another stands. Pure. */

export type Move = { readonly by: -1 | 1 } | { readonly onto: string };

/** The keys in their new order; null when nothing would change. */
export function moved(keys: readonly string[], key: string, move: Move): string[] | null {
  const from = keys.indexOf(key);
  const to = 'by' in move ? from + move.by : keys.indexOf(move.onto);
  if (from < 0 || to < 0 || to >= keys.length || from === to) return null;
  const rest = keys.filter((other) => other !== key);
  return [...rest.slice(0, to), key, ...rest.slice(to)];
}
