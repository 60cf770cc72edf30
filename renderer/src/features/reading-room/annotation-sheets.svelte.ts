/**
 * @file What is drawn on each film: fetched when the film is first looked at, saved within a second of every change. A film whose
 * shapes have not come yet cannot be drawn on. Steps of drawing can be taken back for as long as the window is open.
 */
import { ORPCError } from '@orpc/client';

import type { SavedAnnotation } from '../../../../shared/contract/annotations.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';
import type { Shape } from '../../../../shared/domain/shape.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../../rpc/notice.ts';
import { ShapeSheet } from '../../viewer/shape-sheet.svelte.ts';
import { Autosave, type Failure, type Kept } from '../../state/autosave.ts';

interface KeptSheet {
  readonly sheet: ShapeSheet | null;
  /** Why shapes could not be read or kept; null = all is well. */
  readonly problem: Notice | null;
  /** Only reading them again helps: nothing that can still be kept is lost by it. */
  readonly again: boolean;
}

type Saving = Autosave<readonly Shape[], Kept>;

const NOTHING: KeptSheet = { sheet: null, problem: null, again: false };
/** Answers that stay the same however often the host is asked. */
const REFUSED: readonly string[] = ['NOT_FOUND', 'BAD_INPUT', 'BAD_REQUEST', 'READ_ONLY'];

function failureOf(error: unknown): Failure {
  if (!(error instanceof ORPCError)) return 'retry';
  const { code } = error as ORPCError<string, unknown>;
  if (code === 'CONFLICT') return 'stuck';
  return REFUSED.includes(code) ? 'refused' : 'retry';
}

/** Films whose steps are kept while the page is away: the ones that were looked at last. */
const MOST_PUT_AWAY = 100;

interface PutAway {
  readonly sheet: ShapeSheet;
  readonly saving: Saving;
}

/** One for each window: it outlives its pages. */
const OF_WINDOW = new WeakMap<Connection, AnnotationSheets>();

export function sheetsOfWindow(connection: Connection): AnnotationSheets {
  const known = OF_WINDOW.get(connection) ?? new AnnotationSheets(connection);
  OF_WINDOW.set(connection, known);
  return known;
}

export class AnnotationSheets {
  #kept = $state.raw<ReadonlyMap<FilmId, KeptSheet>>(new Map());
  readonly #asked = new Set<FilmId>();
  readonly #saving = new Map<FilmId, Saving>();
  /** Of pages that were left, oldest first. */
  readonly #putAway = new Map<FilmId, PutAway>();
  /** Saving that a page which was left still has to do: the next page waits for it before it reads. */
  #leaving: Promise<unknown> = Promise.resolve();
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** null while the shapes of a film are on their way, and when they could not be read. */
  sheet(filmId: FilmId): ShapeSheet | null {
    if (!this.#asked.has(filmId)) {
      this.#asked.add(filmId);
      queueMicrotask(() => void this.#open(filmId));
    }
    return (this.#kept.get(filmId) ?? NOTHING).sheet;
  }

  /** What is wrong, and whether reading the shapes again helps. */
  trouble(filmId: FilmId): Pick<KeptSheet, 'problem' | 'again'> {
    return this.#kept.get(filmId) ?? NOTHING;
  }

  /** Another film is read: how the films were looked at is gone, what was drawn can still be taken back. */
  putAway(): void {
    for (const { sheet } of this.#kept.values()) sheet?.putAway();
  }

  /** Reads a film's shapes anew, as they are kept. */
  reopen(filmId: FilmId): void {
    this.#saving.get(filmId)?.stop();
    this.#put(filmId, NOTHING);
    void this.#open(filmId);
  }

  /** Saves what is not saved yet. Call when the page is left; the next one asks for every film anew. */
  leave(): void {
    this.#leaving = Promise.all([...this.#saving.values()].map((saving) => saving.flush()));
    for (const [filmId, saving] of this.#saving) {
      const sheet = this.#kept.get(filmId)?.sheet ?? null;
      this.#putAway.delete(filmId);
      if (sheet === null) continue;
      sheet.putAway();
      this.#putAway.set(filmId, { sheet, saving });
    }
    for (const filmId of [...this.#putAway.keys()].slice(0, -MOST_PUT_AWAY)) this.#putAway.delete(filmId);
    this.#saving.clear();
    this.#asked.clear();
    this.#kept = new Map();
  }

  async #open(filmId: FilmId): Promise<void> {
    await this.#leaving;
    try {
      const { shapes, version } = await (await this.#connection.client()).annotations.of({ filmId });
      const before = this.#putAway.get(filmId);
      this.#putAway.delete(filmId);
      if (before !== undefined && before.saving.newest === version) {
        const { sheet, saving } = before;
        this.#saving.set(filmId, saving);
        this.#put(filmId, { sheet, problem: null, again: false });
        if (saving.isUnsaved) saving.put(sheet.shapes); // tried again, and told if it fails again
        return;
      }
      // Drawn on elsewhere meanwhile: its steps do not lead from what there is now.
      before?.saving.stop();
      const saving = this.#autosave(filmId, version);
      this.#saving.set(filmId, saving);
      const sheet = new ShapeSheet(shapes, (next) => saving.put(next));
      this.#put(filmId, { sheet, problem: null, again: false });
    } catch (error) {
      this.#put(filmId, { sheet: null, problem: noticeOf(error), again: true });
    }
  }

  #autosave(filmId: FilmId, version: number): Saving {
    const tell = (problem: Notice | null, again = false): void =>
      this.#put(filmId, { sheet: this.#kept.get(filmId)?.sheet ?? null, problem, again });
    return new Autosave<readonly Shape[], Kept>(version, {
      send: async (shapes, _id, after) => {
        const { annotations } = await this.#connection.client();
        const saved: SavedAnnotation = await annotations.save({ filmId, shapes: copied(shapes), after });
        return { newest: saved.version, savedAt: saved.changedAt };
      },
      newId: () => '',
      onKept: () => undefined,
      onRefused: () => true, // tried again when the film is opened again
      onStatus: (status) => {
        if (status.state === 'failed') tell(noticeOf(status.error), status.failure === 'stuck');
        else if (status.state === 'saved') tell(null);
      },
      failure: failureOf,
    });
  }

  #put(filmId: FilmId, kept: KeptSheet): void {
    this.#kept = new Map([...this.#kept, [filmId, kept]]);
  }
}

function copied(shapes: readonly Shape[]): Shape[] {
  return shapes.map((shape) => ({ ...shape, points: [...shape.points] }));
}
