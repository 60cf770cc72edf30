/** @file Counts and lists in sentences that a person reads. */

const NAMES_IN_A_SENTENCE = 3;

/** `1 film`, `4 films`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `(6: a, b, c and 3 more)`. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_IN_A_SENTENCE).join(', ');
  const more = names.length - NAMES_IN_A_SENTENCE;
  return `(${names.length}: ${shown}${more > 0 ? ` and ${more} more` : ''})`;
}
