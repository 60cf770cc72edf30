/** @file The film table: filters, sorting and the pages of rows that have been looked at. Any number of films. */
import type { FilmQuery, FilmRow } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { Connection } from '../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../rpc/notice.ts';

const PAGE_ROWS = 100;
/** Rows of one question while a film is looked for. */
const LOCATE_ROWS = 500;
/** Pages kept at most; the farthest ones are dropped first. */
const MAX_PAGES = 30;

export type FilmFilter = Pick<
  FilmQuery,
  'text' | 'finding' | 'abnormal' | 'view' | 'source' | 'part' | 'splitId' | 'sort' | 'descending'
>;

export const NO_FILTER: FilmFilter = {
  text: '',
  finding: null,
  abnormal: 'any',
  view: null,
  source: null,
  part: null,
  splitId: null,
  sort: 'name',
  descending: false,
};

export class FilmsState {
  filter = $state.raw<FilmFilter>(NO_FILTER);
  total = $state<number | null>(null);
  notice = $state.raw<Notice | null>(null);
  #pages = $state.raw<ReadonlyMap<number, readonly FilmRow[]>>(new Map());
  #asked = new Set<number>();
  /** Answers to an older filter are dropped. */
  #round = 0;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isFiltered(): boolean {
    const { text, finding, abnormal, view, source, part } = this.filter;
    return text !== '' || abnormal !== 'any' || [finding, view, source, part].some((value) => value !== null);
  }

  row(index: number): FilmRow | null {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS] ?? null;
  }

  /** Index of a film among the rows at hand, or -1. */
  indexOf(filmId: FilmId): number {
    for (const [page, rows] of this.#pages) {
      const at = rows.findIndex((row) => row.id === filmId);
      if (at >= 0) return page * PAGE_ROWS + at;
    }
    return -1;
  }

  /**
   * Index of a film among all that fit the filter: asks page by page until it is found, and makes its row known. -1 when it
   * does not fit, or when the filter has changed meanwhile.
   */
  async locate(filmId: FilmId): Promise<number> {
    const known = this.indexOf(filmId);
    if (known >= 0) return known;
    const round = this.#round;
    try {
      const client = await this.#connection.client();
      for (let offset = 0; round === this.#round; offset += LOCATE_ROWS) {
        const { rows, total } = await client.library.films({ ...this.filter, offset, limit: LOCATE_ROWS });
        const at = rows.findIndex((row) => row.id === filmId);
        if (at >= 0) {
          this.want(offset + at, offset + at);
          return offset + at;
        }
        if (offset + rows.length >= total || rows.length === 0) break;
      }
    } catch (error) {
      if (round === this.#round) this.notice = noticeOf(error);
    }
    return -1;
  }

  setFilter(change: Partial<FilmFilter>): void {
    this.filter = { ...this.filter, ...change };
    this.reload();
  }

  /** Asks again from the start; what is shown stays until the answer is there. */
  reload(): void {
    this.#round += 1;
    this.#asked = new Set();
    void this.#ask(0, true);
  }

  /** Makes sure that the rows `first` … `last` are there or on their way. */
  want(first: number, last: number): void {
    const from = Math.max(0, Math.floor(first / PAGE_ROWS));
    const to = Math.floor(Math.max(0, last) / PAGE_ROWS);
    for (let page = from; page <= to; page++) {
      if (!this.#pages.has(page)) void this.#ask(page, false);
    }
  }

  async #ask(page: number, fresh: boolean): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    const round = this.#round;
    try {
      const client = await this.#connection.client();
      const answer = await client.library.films({
        ...this.filter,
        offset: page * PAGE_ROWS,
        limit: PAGE_ROWS,
      });
      if (round !== this.#round) return;
      this.notice = null;
      this.total = answer.total;
      const kept = fresh ? [] : [...this.#pages].slice(-(MAX_PAGES - 1));
      this.#pages = new Map([...kept, [page, answer.rows]]);
      // A dropped page may be asked for again.
      this.#asked = new Set(this.#pages.keys());
    } catch (error) {
      this.#asked.delete(page);
      if (round === this.#round) this.notice = noticeOf(error);
    }
  }
}
