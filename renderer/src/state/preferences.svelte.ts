/** @file How this window looks on this machine: theme, rail, what was used last. Kept by the browser; nothing of the work. */

import { isReading, type Page } from './route.svelte.ts';

export type Theme = 'dark' | 'light' | 'system';

interface Stored {
  theme: Theme;
  /** null = folded where the window is narrow. */
  railCollapsed: boolean | null;
  /** The reading room has its own, for the film's sake. */
  readingRailCollapsed: boolean;
  /** Keys that a person gave to actions of the reading room and of reviews, by the action's id. */
  keys: Readonly<Record<string, string>>;
}

const KEY = 'chestlight:window';
const DEFAULTS: Stored = { theme: 'dark', railCollapsed: null, readingRailCollapsed: true, keys: {} };

export class Preferences {
  #values = $state<Stored>({ ...DEFAULTS, ...read() });
  #light = matchMedia('(prefers-color-scheme: light)');
  #systemIsLight = $state(false);
  #narrow = matchMedia('(max-width: 1180px)');
  #isNarrow = $state(this.#narrow.matches);

  constructor() {
    this.#systemIsLight = this.#light.matches;
    this.#light.addEventListener('change', (event) => (this.#systemIsLight = event.matches));
    this.#narrow.addEventListener('change', (event) => (this.#isNarrow = event.matches));
  }

  get theme(): Theme {
    return this.#values.theme;
  }
  set theme(theme: Theme) {
    this.#set({ theme });
  }

  /** The theme in force. */
  get shownTheme(): 'dark' | 'light' {
    if (this.#values.theme !== 'system') return this.#values.theme;
    return this.#systemIsLight ? 'light' : 'dark';
  }

  /** Hides names of files and patients everywhere; never kept over a restart. */
  identityMasked = $state(false);

  get keys(): Readonly<Record<string, string>> {
    return this.#values.keys;
  }
  set keys(keys: Readonly<Record<string, string>>) {
    this.#set({ keys });
  }

  railCollapsed(page: Page): boolean {
    if (isReading(page)) return this.#values.readingRailCollapsed;
    return this.#values.railCollapsed ?? this.#isNarrow;
  }
  collapseRail(page: Page, collapsed: boolean): void {
    this.#set(isReading(page) ? { readingRailCollapsed: collapsed } : { railCollapsed: collapsed });
  }

  #set(change: Partial<Stored>): void {
    this.#values = { ...this.#values, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // A browser that keeps nothing still works; the choice holds until the window closes.
    }
  }
}

function read(): Partial<Stored> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    const stored = value as Readonly<Record<string, unknown>>;
    return {
      ...(stored['theme'] === 'light' || stored['theme'] === 'system' ? { theme: stored['theme'] } : {}),
      ...(typeof stored['railCollapsed'] === 'boolean' ? { railCollapsed: stored['railCollapsed'] } : {}),
      ...(stored['readingRailCollapsed'] === false ? { readingRailCollapsed: false } : {}),
      ...(typeof stored['keys'] === 'object' && stored['keys'] !== null
        ? { keys: textsOf(stored['keys']) }
        : {}),
    };
  } catch {
    return {};
  }
}

/** The entries of an object that are short texts. */
function textsOf(value: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1].length <= 40,
    ),
  );
}
