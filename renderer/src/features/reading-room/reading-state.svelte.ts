/** @file What is on the light box: film, one or two models, overlay, links; scores as the host gives them. */
import type { AttentionMap, AttentionMethod, Prediction } from '../../../../shared/contract/inference.ts';
import type { FilmBox } from '../../../../shared/contract/library.ts';
import type { RunSummary } from '../../../../shared/contract/training.ts';
import { keptWords } from '../../../../shared/domain/kept-threshold.ts';
import type { FilmId, RunId } from '../../../../shared/domain/ids.ts';
import type { Connection } from '../../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../../rpc/notice.ts';
import type { ReaderState } from '../../state/reader-state.svelte.ts';
import type { RunsState } from '../../state/runs-state.svelte.ts';
import type { ShapeSheet } from '../../viewer/shape-sheet.svelte.ts';
import type { Tool } from '../../viewer/tool.ts';
import { ViewState } from '../../viewer/view-state.svelte.ts';
import type { OverlaySettings } from './overlay-settings.ts';
import { sheetsOfWindow, type AnnotationSheets } from './annotation-sheets.svelte.ts';

/** A place for a model: the first viewport (usually the teacher) and the second (usually a student). */
export type Slot = 'first' | 'second';

/** A prediction on its way, there, or refused. */
export interface Scores {
  readonly prediction: Prediction | null;
  readonly notice: Notice | null;
}

const WAITING: Scores = { prediction: null, notice: null };

export class ReadingState {
  filmId = $state<FilmId | null>(null);
  /** null = no model in that place. */
  chosen = $state<{ first: RunId | null; second: RunId | null }>({ first: null, second: null });
  linked = $state(true);
  labelsShown = $state(false);
  /** What readers drew is shown on request: a first reading is one's own. */
  boxesOn = $state(false);
  /** Graphics that a film brings with it belong to it: shown until somebody hides them. */
  planesOn = $state(true);
  overlay = $state<OverlaySettings>({
    on: false,
    method: 'rollout',
    head: null,
    target: 'abnormal',
    opacity: 0.65,
    colourMap: 'inferno',
    smooth: true,
    grid: false,
  });
  readonly views = { first: new ViewState(), second: new ViewState() };
  /** Of a film with several, from 0. */
  frame = $state(0);
  /** What the left mouse button does. */
  tool = $state<Tool>('window');
  /** What is drawn on each film. */
  readonly sheets: AnnotationSheets;

  /** Films whose scores a reader wanted to see although a model was not made for them. */
  #allTheSame = $state.raw<ReadonlySet<FilmId>>(new Set());
  #boxes = $state.raw<{ readonly filmId: FilmId; readonly list: readonly FilmBox[] } | null>(null);
  #scores = $state.raw<ReadonlyMap<string, Scores>>(new Map());
  /** Asks that were sent; kept so that a film is asked for once. */
  #asked = new Set<string>();
  readonly #connection: Connection;
  readonly #runs: RunsState;
  readonly #readers: Pick<ReaderState, 'token'>;

  constructor(connection: Connection, runs: RunsState, readers: Pick<ReaderState, 'token'>) {
    this.#connection = connection;
    this.#readers = readers;
    this.sheets = sheetsOfWindow(connection);
    this.#runs = runs;
  }

  readonly models = $derived.by<readonly RunSummary[]>(() =>
    this.#runs.all.filter(({ state, method }) => state === 'finished' && method !== 'pretrain'),
  );
  readonly first = $derived.by(() => this.#runs.get(this.chosen.first));
  readonly second = $derived.by(() => this.#runs.get(this.chosen.second));

  /** Shapes and steps of a film; null while they are on their way. */
  sheet(filmId: FilmId): ShapeSheet | null {
    return this.sheets.sheet(filmId);
  }

  run(slot: Slot): RunSummary | null {
    return slot === 'first' ? this.first : this.second;
  }

  view(slot: Slot): ViewState {
    return this.linked ? this.views.first : this.views[slot];
  }

  /** Boxes of the film that is shown; none while they are on their way. */
  get boxes(): readonly FilmBox[] {
    return this.#boxes !== null && this.#boxes.filmId === this.filmId ? this.#boxes.list : [];
  }

  async loadBoxes(): Promise<void> {
    const { filmId } = this;
    if (filmId === null) return;
    try {
      const { boxes } = await (await this.#connection.client()).library.film({ filmId });
      if (filmId === this.filmId) this.#boxes = { filmId, list: boxes };
    } catch {
      if (filmId === this.filmId) this.#boxes = null; // the strip above the film says what is wrong with it
    }
  }

  /** Puts a run where it belongs: a student beside its teacher, a teacher beside its best student. */
  chooseFor(run: RunSummary | null): void {
    const models = this.models;
    const student =
      run !== null && run.method !== 'teacher'
        ? run
        : bestOf(
            models.filter(
              (other) => other.method !== 'teacher' && (run === null || other.teacherRunId === run.id),
            ),
          );
    const teacher =
      run !== null && run.method === 'teacher'
        ? run
        : (models.find(({ id }) => id === student?.teacherRunId) ??
          models.find(
            ({ method, splitId }) =>
              method === 'teacher' && (student === null || splitId === student.splitId),
          ) ??
          null);
    this.chosen = { first: teacher?.id ?? null, second: student?.id ?? null };
  }

  /** Scores of the film by a place's model; asks for them when they are not there. */
  scores(slot: Slot): Scores {
    const key = this.#key(slot);
    if (key === null) return WAITING;
    // Scores with another map are the same scores: shown while this map is on its way.
    return this.#scores.get(key) ?? this.#scores.get(this.#bareKey(slot) ?? '') ?? WAITING;
  }

  /** What speaks against the film, by any model that has answered: its scores and maps are held back until a reader asks for them. */
  readonly unsuitable = $derived.by<readonly Slot[]>(() =>
    (['first', 'second'] as const).filter(
      (slot) => this.chosen[slot] !== null && this.scores(slot).prediction?.suitability.suitable === false,
    ),
  );
  /** All models of the film have answered or failed: what one lets be shown, another does not take back. */
  get settled(): boolean {
    return (['first', 'second'] as const).every((slot) => {
      const { prediction, notice } = this.scores(slot);
      return this.chosen[slot] === null || prediction !== null || notice !== null;
    });
  }
  get heldBack(): boolean {
    return this.unsuitable.length > 0 && this.filmId !== null && !this.#allTheSame.has(this.filmId);
  }
  showAllTheSame(): void {
    if (this.filmId !== null) this.#allTheSame = new Set([...this.#allTheSame, this.filmId]);
  }

  /** Thresholds of a place's model that are not the fitted ones, in words. */
  byHand(slot: Slot): readonly string[] {
    const { prediction } = this.scores(slot);
    if (prediction === null) return [];
    return [prediction.t2, ...prediction.t1].flatMap(({ name, kept }) =>
      kept === null ? [] : [`${name} ${keptWords(kept)}`],
    );
  }

  /** The attention map of a place, when the overlay is on, the map has come and the film is one for the model. */
  map(slot: Slot): AttentionMap | null {
    if (!this.overlay.on || !this.settled || this.heldBack) return null;
    const { method, head, target } = this.#wanted();
    return (
      this.scores(slot).prediction?.attention.find(
        (map) => map.method === method && map.head === head && map.target === target,
      ) ?? null
    );
  }

  /** Asks the host for what is shown now. Called whenever film, models or overlay change. */
  async ask(slot: Slot): Promise<void> {
    const key = this.#key(slot);
    const runId = this.chosen[slot];
    const { filmId } = this;
    if (key === null || runId === null || filmId === null || this.#asked.has(key)) return;
    this.#asked.add(key);
    const bareKey = this.#bareKey(slot) ?? key;
    try {
      const client = await this.#connection.client();
      // The map comes with the scores, also while it is not shown: switching it on then takes no time.
      const prediction = await client.inference.predict({
        runId,
        filmId,
        token: this.#readers.token,
        attention: [this.#wanted()],
      });
      const scores = { prediction, notice: null };
      this.#scores = new Map([...this.#scores, [key, scores], [bareKey, scores]]);
    } catch (error) {
      this.#asked.delete(key);
      const known = this.#scores.get(bareKey)?.prediction ?? null;
      const failed = { prediction: known, notice: noticeOf(error) };
      // It failed for every map, until one comes.
      const keys = known === null ? [key, bareKey] : [key];
      this.#scores = new Map([...this.#scores, ...keys.map((one) => [one, failed] as const)]);
    }
  }

  /** Asks again after a failure. */
  retry(slot: Slot): void {
    const key = this.#key(slot);
    if (key !== null) this.#asked.delete(key);
    void this.ask(slot);
  }

  #wanted(): { method: AttentionMethod; head: number | null; target: string | null } {
    const { method, head, target } = this.overlay;
    return { method, head: method === 'last' ? head : null, target: method === 'relevance' ? target : null };
  }

  #key(slot: Slot): string | null {
    const runId = this.chosen[slot];
    if (runId === null || this.filmId === null) return null;
    const { method, head, target } = this.#wanted();
    return `${runId}/${this.filmId}/${method},${head ?? 'mean'},${target ?? ''}`;
  }

  /** Of the newest scores whatever their map. */
  #bareKey(slot: Slot): string | null {
    const runId = this.chosen[slot];
    return runId === null || this.filmId === null ? null : `${runId}/${this.filmId}/`;
  }
}

/** The student with the best test AUROC; distilled before not distilled when both are unknown. */
function bestOf(students: readonly RunSummary[]): RunSummary | null {
  const rank = (run: RunSummary): number => run.test?.t1.value ?? run.test?.t2.value ?? 0;
  const order = (a: RunSummary, b: RunSummary): number =>
    Number(b.method === 'mlcak') - Number(a.method === 'mlcak') || rank(b) - rank(a);
  return [...students].sort(order)[0] ?? null;
}
