/** @file PS3.15 Table E.1-1 read for a tag: which action it asks for under the options that were taken. */
import type { DeidentifyOptions } from './options.ts';
import { PROFILE_TABLE } from './profile-table.ts';

/**
 * D dummy value, Z empty, X removed, U new UID, K kept, C cleaned: a date is moved, other things are treated as without the
 * option, since free text is not cleaned here. `U*`: a sequence of references stays, with new UIDs inside.
 */
export type ProfileAction = 'D' | 'Z' | 'X' | 'U' | 'U*' | 'K' | 'shift';

interface Row {
  readonly basic: string;
  /** Action by option, e.g. `device` → `K`. */
  readonly options: ReadonlyMap<string, string>;
}

const ROWS: ReadonlyMap<string, Row> = new Map(
  PROFILE_TABLE.trim()
    .split('\n')
    .map((line) => {
      const [tag = '', basic = '', ...options] = line.split(' ');
      const pairs = options.map((option) => option.split('=') as [string, string]);
      return [tag, { basic, options: new Map(pairs) }];
    }),
);

/** Rows of the table; groups 50xx and 60xx count as one each. */
export const PROFILE_ROWS = ROWS.size;

function rowOf(tag: number): Row | undefined {
  const hex = tag.toString(16).padStart(8, '0').toUpperCase();
  const repeating = hex.startsWith('50') ? '50xxxxxx' : `60xx${hex.slice(4)}`;
  return ROWS.get(hex) ?? (/^[56]0/.test(hex) ? ROWS.get(repeating) : undefined);
}

/**
 * Of several actions that depend on the type of the attribute, Z comes before X before D: in the IODs of films none of them is
 * type 1, and an empty value is honest where a dummy looks like a fact.
 */
function basicAction(basic: string): ProfileAction {
  const choices = basic.split('/');
  const found = (['U*', 'Z', 'X', 'D', 'U'] as const).find((action) => choices.includes(action));
  if (found === undefined) throw new Error(`the profile table has an action that is not known: ${basic}`);
  return found;
}

/** Null: the table says nothing of this tag. */
export function profileAction(tag: number, options: DeidentifyOptions): ProfileAction | null {
  const row = rowOf(tag);
  if (row === undefined) return null;
  const taken = (option: string, wanted: boolean): boolean => wanted && row.options.get(option) === 'K';
  if (taken('device', options.keepDevice)) return row.options.has('dates') ? dated(options) : 'K';
  if (taken('patient', options.keepPatientCharacteristics)) return 'K';
  if (options.shiftDates && row.options.get('dates') === 'C') return 'shift';
  return basicAction(row.basic);
}

/** A date about the machine, such as its last calibration, is a date first. */
function dated(options: DeidentifyOptions): ProfileAction {
  return options.shiftDates ? 'shift' : 'X';
}
