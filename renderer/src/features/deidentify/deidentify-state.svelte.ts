/** @file What a person chose for de-identification: films with their boxes, options, and the job at work. */
import type {
  BlackBox,
  DeidentifyChoice,
  DeidentifyEvent,
  DeidentifyPreview,
  WritingFound,
} from '../../../../shared/contract/deidentify.ts';
import type { DeidentificationId, FilmId } from '../../../../shared/domain/ids.ts';
import { follow } from '../../rpc/stream.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { Action } from '../../state/action.svelte.ts';
import { Loaded } from '../../state/loaded.svelte.ts';

export interface ChosenFilm {
  readonly boxes: readonly BlackBox[];
  /** A person looked at the picture, with the boxes set. */
  readonly seen: boolean;
}

/** What the app saw of a film: places that may hold writing; null = it could not look. */
export type Looked = ReadonlyMap<FilmId, number | null>;

const UNTOUCHED: ChosenFilm = { boxes: [], seen: false };

export class DeidentifyState {
  chosen = $state.raw<ReadonlyMap<FilmId, ChosenFilm>>(new Map());
  film = $state<FilmId | null>(null);
  choice = $state<DeidentifyChoice>({
    shiftDates: false,
    keepPatientCharacteristics: false,
    keepDevice: false,
    keepOverlays: false,
  });
  folder = $state('');
  event = $state.raw<DeidentifyEvent | null>(null);
  looked = $state.raw<Looked>(new Map());
  /** The look over all chosen films at work. */
  look = $state.raw<{ readonly done: number; readonly total: number } | null>(null);
  /** A person was told what the look found, or ended it. */
  warned = $state(false);
  #stop: AbortController | null = null;
  readonly starting = new Action();
  readonly preview: Loaded<DeidentifyPreview>;
  readonly writing: Loaded<WritingFound>;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    const shown = (): FilmId => {
      if (this.film === null) throw new Error('no film is chosen');
      return this.film;
    };
    this.preview = new Loaded(async () => {
      const client = await connection.client();
      return await client.deidentify.preview({ filmId: shown(), choice: $state.snapshot(this.choice) });
    });
    this.writing = new Loaded(async () =>
      (await connection.client()).deidentify.writing({ filmId: shown() }),
    );
  }

  of(filmId: FilmId): ChosenFilm {
    return this.chosen.get(filmId) ?? UNTOUCHED;
  }

  get unseen(): number {
    return [...this.chosen.values()].filter(({ seen }) => !seen).length;
  }

  /** Chosen films in which the app saw what may be writing, or could not look, and whose picture no person looked at. */
  get suspected(): readonly FilmId[] {
    return [...this.chosen].flatMap(([filmId, { seen }]) =>
      seen || (this.looked.get(filmId) ?? (this.looked.has(filmId) ? 1 : 0)) === 0 ? [] : [filmId],
    );
  }

  /** Chosen films that neither a person nor the app looked at. */
  get unlooked(): readonly FilmId[] {
    return [...this.chosen].flatMap(([filmId, { seen }]) =>
      seen || this.looked.has(filmId) ? [] : [filmId],
    );
  }

  /** Films are looked over first; where one is suspected, a person is told before anything is written. */
  async begin(): Promise<void> {
    if (!this.warned) {
      await this.starting.run(() => this.#lookOver());
      if (this.starting.notice !== null) return;
      if (this.unlooked.length > 0 || this.suspected.length > 0) {
        this.warned = true;
        return;
      }
    }
    await this.start();
  }

  stopLooking(): void {
    this.#stop?.abort();
  }

  async #lookOver(): Promise<void> {
    const films = this.unlooked;
    if (films.length === 0) return;
    const stop = new AbortController();
    this.#stop = stop;
    try {
      for (const [done, filmId] of films.entries()) {
        if (stop.signal.aborted) return;
        this.look = { done, total: films.length };
        const client = await this.#connection.client();
        const places = await client.deidentify.writing({ filmId }, { signal: stop.signal }).then(
          ({ regions }) => regions.length,
          () => null,
        );
        // what is read while the look ends is not known
        if (!stop.signal.aborted) this.looked = new Map(this.looked).set(filmId, places);
      }
    } finally {
      this.look = null;
      this.#stop = null;
    }
  }

  toggle(filmId: FilmId): void {
    this.warned = false;
    const next = new Map(this.chosen);
    if (!next.delete(filmId)) next.set(filmId, UNTOUCHED);
    this.chosen = next;
  }

  add(filmIds: readonly FilmId[]): void {
    this.warned = false;
    this.chosen = new Map([...filmIds.map((id) => [id, UNTOUCHED] as const), ...this.chosen]);
  }

  clear(): void {
    this.warned = false;
    this.chosen = new Map();
  }

  /** Boxes that change have to be looked at again. A film that is worked on is chosen. */
  setBoxes(filmId: FilmId, boxes: readonly BlackBox[]): void {
    this.chosen = new Map(this.chosen).set(filmId, { boxes, seen: false });
  }

  setSeen(filmId: FilmId, seen: boolean): void {
    this.chosen = new Map(this.chosen).set(filmId, { ...this.of(filmId), seen });
  }

  async start(): Promise<void> {
    await this.starting.run(async () => {
      const client = await this.#connection.client();
      const films = [...this.chosen].map(([filmId, { boxes, seen }]) => ({
        filmId,
        boxes: [...boxes],
        seen,
      }));
      const { deidentificationId } = await client.deidentify.start({
        films,
        choice: $state.snapshot(this.choice),
        folder: this.folder.trim() === '' ? null : this.folder.trim(),
      });
      this.#watch(deidentificationId);
    });
  }

  /** Shows the one that is at work already, e.g. after the page was left. */
  async takeUp(): Promise<void> {
    const client = await this.#connection.client();
    const current = await client.deidentify.current({});
    if (current?.state === 'running') this.#watch(current.deidentificationId);
  }

  #watch(deidentificationId: DeidentificationId): void {
    void follow<DeidentifyEvent>(this.#connection, new AbortController().signal, {
      open: (host, signal) => host.deidentify.watch({ deidentificationId }, { signal }),
      onEvent: (event) => (this.event = event),
      endsWhenDone: true,
    });
  }

  async cancel(): Promise<void> {
    const { event } = this;
    if (event === null) return;
    const client = await this.#connection.client();
    await client.deidentify.cancel({ deidentificationId: event.deidentificationId });
  }
}
