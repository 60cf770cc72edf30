/**
 * @file What stands in each viewport: the film that is read, once for each model, and other films of its patient. Linked ones
 * share zoom and place; each film has a window of its own.
 */
import type { PatientFilm, ViewerImage } from '../../../../shared/contract/library.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { ViewState, type ScreenPlace } from '../../viewer/view-state.svelte.ts';
import { besideOrder, type Layout } from './panes.ts';
import type { ReadingState, Slot } from './reading-state.svelte.ts';

export type Pane =
  | { readonly kind: 'model'; readonly slot: Slot }
  | { readonly kind: 'film'; readonly filmId: FilmId }
  | { readonly kind: 'empty' };

export class PanesState {
  /** null = one for each model. */
  layout = $state<Layout | null>(null);
  /** The viewport that tools and keys act on. */
  #active = $state(0);
  #films = $state.raw<{ readonly of: FilmId; readonly list: readonly PatientFilm[] } | null>(null);
  #chosen = $state.raw<ReadonlyMap<number, FilmId>>(new Map());
  #sources = $state.raw<ReadonlyMap<FilmId, ViewerImage>>(new Map());
  readonly #views = new Map<FilmId, ViewState>();
  /** Frames of films beside the one that is read, from 0; the first where none is named. */
  #frames = $state.raw<ReadonlyMap<FilmId, number>>(new Map());
  #startedFor: FilmId | null = null;
  readonly #reading: ReadingState;
  readonly #connection: Connection;

  constructor(reading: ReadingState, connection: Connection) {
    this.#reading = reading;
    this.#connection = connection;
  }

  /** Films of the patient, the current one too; empty while they are on their way. */
  get films(): readonly PatientFilm[] {
    return this.#films !== null && this.#films.of === this.#reading.filmId ? this.#films.list : [];
  }

  readonly #slots = $derived.by<readonly Slot[]>(() => {
    const { first, second } = this.#reading;
    return first !== null && second !== null ? ['first', 'second'] : [second === null ? 'first' : 'second'];
  });

  readonly panes = $derived.by<readonly Pane[]>(() => {
    const { filmId } = this.#reading;
    const slots = this.#slots;
    const count = this.layout ?? slots.length;
    const given = new Set(this.#chosen.values());
    const beside = filmId === null ? [] : besideOrder(this.films, filmId).filter(({ id }) => !given.has(id));
    return Array.from({ length: count }, (_, index): Pane => {
      const chosen = this.#chosen.get(index);
      if (index > 0 && chosen !== undefined) return { kind: 'film', filmId: chosen };
      const slot = slots[index];
      if (slot !== undefined) return { kind: 'model', slot };
      const next = beside.shift();
      return next === undefined ? { kind: 'empty' } : { kind: 'film', filmId: next.id };
    });
  });

  get active(): number {
    return Math.min(this.#active, this.panes.length - 1);
  }
  set active(index: number) {
    this.#active = index;
  }

  readonly #pane = $derived.by<Pane | undefined>(() => this.panes[this.active]);
  /** Film of the active viewport. */
  readonly filmId = $derived.by<FilmId | null>(() =>
    this.#pane?.kind === 'film' ? this.#pane.filmId : this.#reading.filmId,
  );
  readonly view = $derived.by<ViewState>(() =>
    this.#pane === undefined ? this.#reading.views.first : this.viewOf(this.#pane),
  );
  readonly source = $derived.by<ViewerImage | null>(() =>
    this.filmId === null ? null : (this.#sources.get(this.filmId) ?? null),
  );

  viewOf(pane: Pane): ViewState {
    if (pane.kind === 'model') return this.#reading.view(pane.slot);
    if (pane.kind === 'empty') return this.#reading.views.first;
    const known = this.#views.get(pane.filmId);
    if (known !== undefined) return known;
    const made = new ViewState();
    this.#views.set(pane.filmId, made);
    return made;
  }

  /** Which frame of a film is shown, from 0. */
  frameOf(filmId: FilmId): number {
    return filmId === this.#reading.filmId ? this.#reading.frame : (this.#frames.get(filmId) ?? 0);
  }
  /** Shows a frame of a film, as far as it has that many. */
  showFrame(filmId: FilmId, frame: number): void {
    const last = (this.sourceOf(filmId)?.frames ?? 1) - 1;
    const next = Math.min(last, Math.max(0, frame));
    if (filmId === this.#reading.filmId) this.#reading.frame = next;
    else this.#frames = new Map([...this.#frames, [filmId, next]]);
  }

  sourceOf(filmId: FilmId): ViewerImage | null {
    return this.#sources.get(filmId) ?? null;
  }
  describe(filmId: FilmId, source: ViewerImage | null): void {
    const next = new Map(this.#sources);
    if (source === null) next.delete(filmId);
    else next.set(filmId, source);
    this.#sources = next;
  }

  /** Puts a film of the patient into a viewport; null gives it back what stands there by itself. */
  choose(index: number, filmId: FilmId | null): void {
    const next = new Map(this.#chosen);
    if (filmId === null) next.delete(index);
    else next.set(index, filmId);
    this.#chosen = next;
  }

  /** How many viewports and which films were put into them: what can be taken back. */
  get arrangement(): {
    readonly layout: Layout | null;
    readonly chosen: readonly (readonly [number, FilmId])[];
  } {
    return { layout: this.layout, chosen: [...this.#chosen] };
  }
  set arrangement({ layout, chosen }) {
    this.layout = layout;
    this.#chosen = new Map(chosen);
  }

  /** The film that is best looked at beside this one, and only that; or away with it. */
  toggleBeside(): void {
    const { filmId } = this.#reading;
    const [first] = filmId === null ? [] : besideOrder(this.films, filmId);
    if (this.layout === 2 && this.panes[1]?.kind === 'film') {
      this.layout = null;
      this.#chosen = new Map();
    } else if (first !== undefined) {
      this.layout = 2;
      this.#chosen = new Map([[1, first.id]]);
    }
    this.#active = 0;
  }

  /** Another film is read: what was chosen for the one before is gone. */
  async start(): Promise<void> {
    const { filmId } = this.#reading;
    if (filmId !== this.#startedFor) {
      this.#startedFor = filmId;
      this.#active = 0;
      this.#chosen = new Map();
      this.#views.clear();
      this.#frames = new Map();
    }
    if (filmId === null) return;
    try {
      const list = await (await this.#connection.client()).library.patientFilms({ filmId });
      if (filmId === this.#reading.filmId) this.#films = { of: filmId, list };
    } catch {
      // Without them the film is read alone; the strip above it says what is wrong with it.
      if (filmId === this.#reading.filmId) this.#films = { of: filmId, list: [] };
    }
  }

  /** Zoom and place that linked viewports had when they were last the same. */
  #placed: ScreenPlace | null = null;
  readonly #linked = new WeakSet<ViewState>();

  /** Gives the zoom and place of the viewport that was changed to the others. Call whenever one may have changed. */
  followEachOther(): void {
    const filled = this.panes.filter(({ kind }) => kind !== 'empty');
    const views = [...new Set(filled.map((pane) => this.viewOf(pane)))];
    if (!this.#reading.linked || views.length < 2) return;
    // A film that has just come takes the place of the others; it does not give them its own.
    const known = views.filter((view) => this.#linked.has(view));
    const changed = (known.length > 0 ? known : views)
      .map(({ screenPlace }) => screenPlace)
      .find((place) => !same(place, this.#placed));
    const placed = changed ?? this.#placed;
    if (placed === null) return;
    this.#placed = placed;
    for (const view of views) {
      this.#linked.add(view);
      if (!same(view.screenPlace, placed)) view.screenPlace = placed;
    }
  }
}

/** But for the rounding of a turn that is no quarter. */
function same(a: ScreenPlace, b: ScreenPlace | null): boolean {
  return b !== null && [a.zoom - b.zoom, a.x - b.x, a.y - b.y].every((off) => Math.abs(off) < 1e-9);
}
