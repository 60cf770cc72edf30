/** @file Texts of the patient that turn up in fields which were to stay: such a field goes after all. */
import { formatTag } from '../data-set.ts';
import type { NewElement } from '../part10-writer.ts';
import type { Action } from './action.ts';

export interface Dropped {
  readonly elements: readonly NewElement[];
  /** The list of actions with what was dropped marked. */
  mark(actions: readonly Action[]): readonly Action[];
}

/** Parts of codes: words of public schemes, written anew. */
const CODES = new Set([0x00080100, 0x00080102, 0x00080104]);
const FREE_TEXT = new Set(['AE', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);

/** A private block that the site's list names: its creator is a maker. */
export function isVouchedFor(tag: number): boolean {
  return ((tag >>> 16) & 1) === 1;
}

/** @param gone texts of elements that are not kept */
export function dropIdentity(elements: readonly NewElement[], gone: readonly string[]): Dropped {
  const words = [...new Set(gone.map((text) => text.toLowerCase()))];
  const dropped = new Set<string>();
  const isClean = ({ tag, vr, value }: NewElement): boolean => {
    if (CODES.has(tag) || isVouchedFor(tag) || !FREE_TEXT.has(vr) || !(value instanceof Uint8Array))
      return true;
    const text = Buffer.from(value).toString('utf8').toLowerCase();
    const clean = !words.some((word) => text.includes(word));
    if (!clean) dropped.add(formatTag(tag));
    return clean;
  };
  const clean = (list: readonly NewElement[]): NewElement[] =>
    list
      .map((one) => (one.value instanceof Uint8Array ? one : { ...one, value: one.value.map(clean) }))
      .filter(isClean);
  const kept = clean(elements);
  return {
    elements: kept,
    mark: (actions) =>
      actions.map((action) =>
        dropped.has(action.tag) && action.treatment === 'kept'
          ? { ...action, treatment: 'removed', reason: 'holds-identity', after: '' }
          : action,
      ),
  };
}
