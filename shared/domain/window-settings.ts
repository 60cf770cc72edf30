/**
 * @file Settings as a file, for a second workstation: those of a window (theme, rail, keys) and those of a library. Written whole, read
 * strictly: a file that says anything else, or is of a newer version, is refused with the reason. Window and command line share it.
 */
import { whyNotLibrarySettings, type LibrarySettings } from './library-settings.ts';

export const THEMES = ['dark', 'light', 'system'] as const;
export type Theme = (typeof THEMES)[number];

export interface WindowSettings {
  readonly theme: Theme;
  /** null = folded where the window is narrow. */
  readonly railCollapsed: boolean | null;
  /** The reading room has its own, for the film's sake. */
  readonly readingRailCollapsed: boolean;
  /** Keys that a person gave to actions of the reading room and of reviews, by the action's id. */
  readonly keys: Readonly<Record<string, string>>;
}

/** 1 had no part `library`. */
const VERSION = 2;
const FORMAT = /^chestlight settings (\d{1,6})$/;
/** Characters of a key's name and of an action's id; entries; characters of a file. */
const MOST = { key: 40, keys: 500, file: 200_000 } as const;

/** @param library null = the file is the window's alone */
export function settingsText(settings: Partial<WindowSettings>, library: LibrarySettings | null): string {
  const format = `chestlight settings ${VERSION}`;
  return `${JSON.stringify({ format, ...settings, ...(library === null ? {} : { library }) }, null, 2)}\n`;
}

export type ReadSettings =
  | { readonly settings: Partial<WindowSettings>; readonly library: LibrarySettings | null }
  | { readonly problem: string };

const nothing = (why: string): ReadSettings => ({ problem: `${why} Nothing was changed.` });

type Values = Readonly<Record<string, unknown>>;

/** Why a value may not stand under a name, in words; null = it may. Names without an entry are not known. */
const RULES: Readonly<Record<keyof WindowSettings, (value: unknown) => string | null>> = {
  theme: (value) => (THEMES.some((theme) => theme === value) ? null : `is one of ${THEMES.join(', ')}`),
  railCollapsed: (value) => (value === null || typeof value === 'boolean' ? null : 'is true, false or null'),
  readingRailCollapsed: (value) => (typeof value === 'boolean' ? null : 'is true or false'),
  keys: (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'is a list of keys by action';
    const entries = Object.entries(value);
    if (entries.length > MOST.keys) return `has at most ${MOST.keys} entries`;
    const wrong = entries.find(
      ([action, key]) => typeof key !== 'string' || key.length > MOST.key || action.length > MOST.key,
    );
    return wrong === undefined ? null : `has no key for “${wrong[0].slice(0, MOST.key)}”`;
  },
};

/** What a settings file says; what it does not say is left out. */
export function readSettings(text: string): ReadSettings {
  if (text.length > MOST.file) return nothing('This file is too large for settings.');
  const values = parse(text);
  const version = FORMAT.exec(typeof values?.['format'] === 'string' ? values['format'] : '')?.[1];
  if (values === null || version === undefined) return nothing('This is not a settings file of Chestlight.');
  if (Number(version) > VERSION) {
    return nothing(
      `The settings have version ${version}, and this Chestlight reads version ${VERSION}. Update Chestlight.`,
    );
  }
  const { format: _format, library = null, ...said } = values;
  for (const [name, value] of Object.entries(said)) {
    if (!Object.hasOwn(RULES, name))
      return nothing(`The file has the setting “${name.slice(0, 40)}”, which is not known.`);
    const wrong = RULES[name as keyof WindowSettings](value);
    if (wrong !== null) return nothing(`The setting “${name}” of the file ${wrong}.`);
  }
  const wrong = library === null ? null : whyNotLibrarySettings(library);
  if (wrong !== null) return nothing(`The part “library” of the file ${wrong}.`);
  return { settings: said, library: library as LibrarySettings | null };
}

function parse(text: string): Values | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
