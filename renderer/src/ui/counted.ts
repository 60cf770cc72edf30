/** @file A number with its noun. */

/** `1 patient`, `1,262 films`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}
