/** @file Where the window is: hash routes such as `#/reading/film-…?run=run-…`. The address is the only place that holds it. */

export const PAGES = [
  'library',
  'teacher',
  'students',
  'study',
  'evaluate',
  'reading',
  'attention',
  'review',
  'read',
  'adjudicate',
  'export',
  'settings',
] as const;
export type Page = (typeof PAGES)[number];

/** The entry of the rail that a page belongs to. */
export function railPage(page: Page): Page {
  if (page === 'attention') return 'reading';
  return page === 'read' || page === 'adjudicate' ? 'review' : page;
}

/** Pages around one film: they need the whole width. */
export function isReading(page: Page): boolean {
  return page === 'reading' || page === 'attention' || page === 'read' || page === 'adjudicate';
}

export class Route {
  page = $state<Page>('library');
  /** What follows the page's name, without slashes at the ends: `films`, `film-…`. */
  rest = $state('');
  /** Query of the hash. */
  query = $state.raw(new URLSearchParams());

  constructor() {
    this.#read();
    window.addEventListener('hashchange', () => this.#read());
  }

  /** Goes to a page; the browser's back button returns. */
  go(page: Page, rest = '', query: Readonly<Record<string, string | null | undefined>> = {}): void {
    location.hash = hashOf(page, rest, query);
  }

  /** Changes the address without a step in the history: for selections within a page. */
  replace(page: Page, rest = '', query: Readonly<Record<string, string | null | undefined>> = {}): void {
    history.replaceState(null, '', hashOf(page, rest, query));
    this.#read();
  }

  #read(): void {
    const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    const [first = '', ...rest] = path.split('/');
    this.page = PAGES.find((name) => name === first) ?? 'library';
    this.rest = rest.map(decodeURIComponent).join('/');
    this.query = new URLSearchParams(query);
  }
}

/** The address of a page, for links. */
export function hashOf(
  page: Page,
  rest = '',
  query: Readonly<Record<string, string | null | undefined>> = {},
): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const search = new URLSearchParams(given).toString();
  const path = rest === '' ? page : `${page}/${rest.split('/').map(encodeURIComponent).join('/')}`;
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}
