/** @file Values that may stay, looked at by the syntax of their VR (PS3.5 6.2), and values that stand in for others. */

const DAY_MS = 86_400_000;

const SYNTAX: Readonly<Record<string, RegExp>> = {
  DS: /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/,
  IS: /^[+-]?\d{1,12}$/,
  AS: /^\d{3}[DWMY]$/,
  CS: /^[A-Z0-9 _]{1,16}$/,
  UI: /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/,
};

/** True when one value of `vr` is written as the standard says; empty is right. VRs without a syntax here are not. */
export function isWellFormed(vr: string, value: string): boolean {
  return value === '' || (value.length <= (vr === 'UI' ? 64 : 16) && (SYNTAX[vr]?.test(value) ?? false));
}

/** A UID that the standard itself gives: SOP classes, transfer syntaxes. */
export function isStandardUid(uid: string): boolean {
  return uid.startsWith('1.2.840.10008.') && isWellFormed('UI', uid);
}

/**
 * DA or DT moved by whole days; the time of a DT stays as written, its offset from UTC goes: it says where the film was taken, as
 * Timezone Offset From UTC does, which the profile removes (PS3.15 table E.1-1). Null: the value is no date.
 * @param value YYYYMMDD, also YYYY.MM.DD; for DT with a time behind
 */
export function shiftDate(value: string, days: number): string | null {
  const found = /^(\d{4})\.?(\d{2})\.?(\d{2})((?:\d{2}){0,3}(?:\.\d{1,6})?)(?:[+-]\d{4})?$/.exec(value);
  if (found === null) return null;
  const [, year, month, day, rest = ''] = found;
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const written = new Date(time);
  if (written.getUTCMonth() !== Number(month) - 1 || written.getUTCDate() !== Number(day)) return null;
  const moved = new Date(time + days * DAY_MS);
  if (moved.getUTCFullYear() < 1000) return null;
  return moved.toISOString().slice(0, 10).replaceAll('-', '') + rest;
}

/** TM as PS3.5 writes it. */
export function isTime(value: string): boolean {
  return /^([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?$/.test(value);
}

/** 90 years and above as 90 (a rare age tells who it is). Null: no age. */
export function cappedAge(value: string): string | null {
  const found = /^(\d{3})([DWMY])$/.exec(value);
  if (found === null) return null;
  return found[2] === 'Y' && Number(found[1]) > 90 ? '090Y' : value;
}

/** A value that says nothing, valid for its VR; null = there is none, the attribute has to go. */
export function dummyValue(vr: string): string | null {
  const dummies: Readonly<Record<string, string>> = {
    AE: 'REMOVED',
    CS: 'REMOVED',
    LO: 'REMOVED',
    LT: 'REMOVED',
    PN: 'REMOVED',
    SH: 'REMOVED',
    ST: 'REMOVED',
    UC: 'REMOVED',
    UT: 'REMOVED',
    AS: '000Y',
    DA: '19000101',
    TM: '000000',
    DT: '19000101000000',
    DS: '0',
    IS: '0',
  };
  return dummies[vr] ?? null;
}
