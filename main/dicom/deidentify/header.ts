/**
 * @file A film's header → the header that may leave: every element, also in sequences, by PS3.15 Table E.1-1, then by the list of
 * what a picture needs; private elements by the site's list of safe ones. What is on none of the lists goes.
 */
import { formatTag, sequenceItems, TAG, type DataSet, type Element } from '../data-set.ts';
import { textElement, type NewDataSet, type NewElement } from '../part10-writer.ts';
import type { TagDictionary } from '../tag-list.ts';
import { characterSets, displayValue, stringValue } from '../values.ts';
import type { Action, Outcome, Reason } from './action.ts';
import { CODE_MEANINGS, KEPT_ATTRIBUTES, PUBLIC_SCHEMES, REFERENCE_ATTRIBUTES } from './kept-attributes.ts';
import type { DeidentifyOptions } from './options.ts';
import { profileAction, type ProfileAction } from './profile.ts';
import { keptText, textValues, treatByProfile, treatKept, type Substitutes } from './treat-element.ts';
import { isWellFormed } from './values.ts';

export interface HeaderRules extends Substitutes {
  readonly options: DeidentifyOptions;
  readonly dictionary: TagDictionary;
  /** Attributes that are written anew: what the film says of them is not looked at. */
  readonly rewritten: (tag: number) => boolean;
}

export interface CleanHeader {
  readonly elements: readonly NewElement[];
  readonly actions: readonly Action[];
  /** Texts that stood in elements which are not kept: none of them may turn up in what is. */
  readonly gone: readonly string[];
}

interface Work {
  readonly rules: HeaderRules;
  readonly actions: Action[];
  readonly gone: string[];
}

const IDENTITY_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

export function cleanHeader(dataSet: DataSet, rules: HeaderRules): CleanHeader {
  const work: Work = { rules, actions: [], gone: [] };
  const elements = cleanDataSet(dataSet, work, 0, [], 'top');
  return { elements, actions: work.actions, gone: work.gone };
}

/** Where a data set stands: at the top, in a sequence that keeps some attributes, in one that goes. */
type Place = 'top' | ReadonlySet<number> | 'removed';

function cleanDataSet(
  dataSet: DataSet,
  work: Work,
  depth: number,
  outerSets: readonly string[],
  place: Place,
): NewDataSet {
  const own = characterSets(dataSet);
  const sets = own.length > 0 ? own : outerSets;
  const result: NewElement[] = [];
  for (const element of dataSet.elements.values()) {
    const { tag } = element;
    if ((tag & 0xffff) === 0 || tag === TAG.pixelData) continue;
    if (place === 'top' && work.rules.rewritten(tag)) {
      collect(dataSet, element, vrOf(element, work), sets, work);
      continue;
    }
    const outcome = treat(dataSet, element, sets, work, depth, place);
    if (outcome.element !== null) result.push(outcome.element);
  }
  return result;
}

function treat(
  dataSet: DataSet,
  element: Element,
  sets: readonly string[],
  work: Work,
  depth: number,
  place: Place,
): Outcome {
  const vr = vrOf(element, work);
  const at = work.actions.length;
  const items = isSequence(element, vr) ? sequenceItems(dataSet, element.tag) : null;
  const belongs = place === 'top' || (place !== 'removed' && place.has(element.tag));
  const outcome =
    items === null
      ? treatValue(dataSet, element, vr, sets, work, belongs)
      : treatSequence(element, items, sets, work, depth, belongs);
  const remains = outcome.treatment === 'kept' || outcome.treatment === 'moved';
  if (!remains) collect(dataSet, element, vr, sets, work);
  if (place !== 'removed')
    work.actions.splice(at, 0, actionOf(dataSet, element, vr, sets, work, depth, outcome, items));
  return outcome;
}

function actionOf(
  dataSet: DataSet,
  element: Element,
  vr: string,
  sets: readonly string[],
  work: Work,
  depth: number,
  { treatment, reason, after }: Outcome,
  items: readonly DataSet[] | null,
): Action {
  const before = items === null ? displayValue(dataSet, element, vr, sets) : itemCount(items.length);
  const keyword = work.rules.dictionary(element.tag)?.keyword ?? null;
  const shown = treatment === 'kept' && after === '' ? before : after;
  return { tag: formatTag(element.tag), keyword, vr, depth, treatment, reason, before, after: shown };
}

function itemCount(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}

function isPrivate(tag: number): boolean {
  return ((tag >>> 16) & 1) === 1;
}

/** The standard's VR where the file writes none or UN. */
function vrOf(element: Element, work: Work): string {
  if (element.vr !== null && element.vr !== 'UN') return element.vr;
  return work.rules.dictionary(element.tag)?.vr ?? 'UN';
}

function isSequence(element: Element, vr: string): boolean {
  return vr === 'SQ' || element.items !== undefined;
}

/** A VR that is not the standard's makes the value unreadable by its rules. */
function fitsDictionary(tag: number, vr: string, work: Work): boolean {
  const known = work.rules.dictionary(tag)?.vr;
  const words = ['US', 'SS', 'OW'];
  return known === undefined || known === vr || (words.includes(known) && words.includes(vr));
}

const removed = (reason: Reason): Outcome => ({ element: null, treatment: 'removed', reason, after: '' });

function treatValue(
  dataSet: DataSet,
  element: Element,
  vr: string,
  sets: readonly string[],
  work: Work,
  belongs: boolean,
): Outcome {
  const { tag } = element;
  const { options } = work.rules;
  if (!belongs) return removed('not-needed');
  if (isPrivate(tag)) return treatPrivate(dataSet, element, sets, options);
  const action = profileAction(tag, options);
  if (action !== null) {
    if (action !== 'X' && !fitsDictionary(tag, vr, work)) return removed('odd-value');
    const plain: Exclude<ProfileAction, 'U*'> = action === 'U*' ? 'X' : action;
    return treatByProfile(plain, tag, vr, textValues(dataSet, element, vr, sets), work.rules);
  }
  const kept = KEPT_ATTRIBUTES.get(tag);
  if (kept === undefined) return removed('not-needed');
  if (!fitsDictionary(tag, vr, work)) return removed('odd-value');
  return treatKept(dataSet, element, kept, textValues(dataSet, element, vr, sets), options.keepDevice);
}

function treatSequence(
  element: Element,
  items: readonly DataSet[],
  sets: readonly string[],
  work: Work,
  depth: number,
  belongs: boolean,
): Outcome {
  const { tag } = element;
  const action = belongs && !isPrivate(tag) ? profileAction(tag, work.rules.options) : 'X';
  const rule = action === null ? KEPT_ATTRIBUTES.get(tag)?.rule : undefined;
  const within = (place: Place): NewDataSet[] =>
    items.map((item) => cleanDataSet(item, work, depth + 1, sets, place)).filter((item) => item.length > 0);
  if (action === 'U*') return sequence(tag, within(REFERENCE_ATTRIBUTES), 'profile');
  if (rule?.kind === 'items') return sequence(tag, within(rule.tags), 'picture');
  within('removed');
  if (action === 'K') return sequence(tag, items.flatMap(publicCode), 'profile');
  if (rule?.kind === 'codes') return sequence(tag, items.flatMap(publicCode), 'picture');
  if (action === 'Z') return sequence(tag, [], 'profile');
  return removed(isPrivate(tag) ? 'private' : action === null ? 'not-needed' : 'profile');
}

function sequence(tag: number, value: readonly NewDataSet[], reason: Reason): Outcome {
  const element = { tag, vr: 'SQ', value };
  return value.length === 0
    ? { element, treatment: 'emptied', reason, after: '' }
    : { element, treatment: 'kept', reason, after: itemCount(value.length) };
}

/** A coded concept of a public scheme (PS3.3 8.8) with a meaning of our own; others are left out. */
function publicCode(item: DataSet): NewDataSet[] {
  const scheme = stringValue(item, 0x00080102) ?? '';
  const value = stringValue(item, 0x00080100) ?? '';
  if (PUBLIC_SCHEMES.get(scheme)?.test(value) !== true) return [];
  return [
    [
      textElement(0x00080100, 'SH', value),
      textElement(0x00080102, 'SH', scheme),
      textElement(0x00080104, 'LO', CODE_MEANINGS.get(value) ?? value),
    ],
  ];
}

/** Private elements go, but those that the site's list names, under the creator that it names, if their values are plain. */
function treatPrivate(
  dataSet: DataSet,
  element: Element,
  sets: readonly string[],
  { safePrivate }: DeidentifyOptions,
): Outcome {
  const { tag } = element;
  const group = tag >>> 16;
  const low = tag & 0xffff;
  const isCreator = low >= 0x10 && low <= 0xff;
  const block = isCreator ? low : low >> 8;
  const creatorElement = dataSet.elements.get(((group << 16) | block) >>> 0);
  if (creatorElement === undefined) return removed('private');
  const [creator = ''] = textValues(dataSet, creatorElement, 'LO', sets);
  const safe = safePrivate.filter((one) => one.creator === creator && one.group === group);
  if (isCreator) return safe.length > 0 ? keptText(tag, 'LO', [creator]) : removed('private');
  const vr = element.vr ?? 'UN';
  if (!safe.some((one) => one.element === (low & 0xff)) || !SAFE_VRS.has(vr)) return removed('private');
  const values = textValues(dataSet, element, vr, sets);
  return values.every((value) => isWellFormed(vr, value)) ? keptText(tag, vr, values) : removed('odd-value');
}

/** Numbers and words: other private values cannot be looked through. */
const SAFE_VRS = new Set(['CS', 'DS', 'IS']);

/** Notes a text that must not remain: names by their parts, other values whole. */
function collect(dataSet: DataSet, element: Element, vr: string, sets: readonly string[], work: Work): void {
  const low = element.tag & 0xffff;
  if (isPrivate(element.tag) && low >= 0x10 && low <= 0xff) return; // names a maker, not a patient
  if (!IDENTITY_VRS.has(vr)) return;
  for (const value of textValues(dataSet, element, vr, sets)) {
    const parts = vr === 'PN' ? value.split(/[\^=]/) : [value];
    const shortest = vr === 'PN' ? 2 : 4; // a name of two letters is one; a number of three is anything
    work.gone.push(...parts.map((part) => part.trim()).filter((part) => part.length >= shortest));
  }
}
