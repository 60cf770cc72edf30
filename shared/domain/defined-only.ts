/** @file Settings that were named but left undefined keep the preset's value. */

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** `values` without those that are undefined. */
export function definedOnly<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
