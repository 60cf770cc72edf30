/** @file How this window looks on this machine: theme, rail, what was used last. Kept by the browser; nothing of the work. */

import type { LibrarySettings } from '../../../shared/domain/library-settings.ts';
import { settingsText, type Theme, type WindowSettings } from '../../../shared/domain/window-settings.ts';
import { isReading, type Page } from './route.svelte.ts';

export type { Theme };
type Stored = WindowSettings;

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

  /** Everything but what is masked, as a file of its own. */
  asText(library: LibrarySettings): string {
    return settingsText(this.#values, library);
  }
  /** Takes what a file says of a window; what it does not say stays. */
  take(settings: Partial<WindowSettings>): void {
    this.#set(settings);
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
    return sound(parse(localStorage.getItem(KEY) ?? '{}') ?? {});
  } catch {
    return {}; // a browser that keeps nothing
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** What of it may be believed. */
function sound(stored: Readonly<Record<string, unknown>>): Partial<Stored> {
  const { theme, railCollapsed, readingRailCollapsed, keys } = stored;
  return {
    ...(theme === 'dark' || theme === 'light' || theme === 'system' ? { theme } : {}),
    ...(typeof railCollapsed === 'boolean' ? { railCollapsed } : {}),
    ...(typeof readingRailCollapsed === 'boolean' ? { readingRailCollapsed } : {}),
    ...(typeof keys === 'object' && keys !== null ? { keys: textsOf(keys) } : {}),
  };
}

/** The entries of an object that are short texts. */
function textsOf(value: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1].length <= 40,
    ),
  );
}
