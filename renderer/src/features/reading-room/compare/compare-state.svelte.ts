/** @file The attention figure of one film in the window: a run a pane, one method for all, predictions one after the other. */
import type {
  AttentionMap,
  FigureFormat,
  FigureRequest,
  Prediction,
} from '../../../../../shared/contract/inference.ts';
import type { RunSummary } from '../../../../../shared/contract/training.ts';
import {
  chooseFigureRuns,
  FIGURE_CELLS,
  paneLetter,
  type FigureCell,
} from '../../../../../shared/domain/attention-figure.ts';
import {
  scaleFor,
  scaleMaps,
  type MapScale,
  type ScaledMap,
} from '../../../../../shared/domain/attention-scale.ts';
import type { FilmId, RunId } from '../../../../../shared/domain/ids.ts';
import type { Connection } from '../../../rpc/connection.svelte.ts';
import { noticeOf, type Notice } from '../../../rpc/notice.ts';
import type { ReaderState } from '../../../state/reader-state.svelte.ts';
import type { RunsState } from '../../../state/runs-state.svelte.ts';
import { FilmGreys } from '../../../viewer/film-greys.ts';
import { ViewState } from '../../../viewer/view-state.svelte.ts';
import type { OverlaySettings } from '../overlay-settings.ts';

/** A model's pane, (B) to (H). */
export interface ModelPane {
  readonly index: number;
  readonly letter: string;
  /** What the paper shows here. */
  readonly cell: FigureCell;
  readonly run: RunSummary | null;
  /** Scores of the film by the run; null while they are on their way. */
  readonly prediction: Prediction | null;
  readonly map: AttentionMap | null;
  /** The map's colours; with a shared range only once every map is there, so that no colour changes its meaning. */
  readonly scaled: ScaledMap | null;
  readonly notice: Notice | null;
}

export class CompareState {
  filmId = $state<FilmId | null>(null);
  /** A run a pane; null = empty. */
  chosen = $state.raw<readonly (RunId | null)[]>(FIGURE_CELLS.map(() => null));
  overlay = $state<OverlaySettings>({
    on: true,
    method: 'last',
    head: null,
    target: 'abnormal',
    opacity: 0.65,
    colourMap: 'inferno',
    smooth: true,
    grid: false,
  });
  scale = $state<MapScale>('shared');
  base = $state<FigureRequest['base']>('film');
  /** Findings that the film is labelled with. */
  labels = $state.raw<readonly string[]>([]);
  /** The finding whose score stands below the panes; null = the first that the film is labelled with. */
  wantedFinding = $state<string | null>(null);
  readonly view = new ViewState();
  readonly greys = new FilmGreys();

  /** By run and film. */
  #scores = $state.raw<ReadonlyMap<string, Prediction>>(new Map());
  /** By run, film, method, head and target. */
  #maps = $state.raw<ReadonlyMap<string, AttentionMap | Notice>>(new Map());
  /** A newer question takes the place of the rest of an older one. */
  #round = 0;
  readonly #connection: Connection;
  readonly #runs: RunsState;
  readonly #readers: Pick<ReaderState, 'token'>;

  constructor(connection: Connection, runs: RunsState, readers: Pick<ReaderState, 'token'>) {
    this.#connection = connection;
    this.#readers = readers;
    this.#runs = runs;
  }

  readonly models = $derived.by<readonly RunSummary[]>(() =>
    this.#runs.all.filter(({ state, method }) => state === 'finished' && method !== 'pretrain'),
  );
  /** The range in force: relevance has no unit that models share. */
  readonly scaleInForce = $derived(scaleFor(this.overlay.method, this.scale));

  readonly panes = $derived.by<readonly ModelPane[]>(() => {
    const answers = this.chosen.map((id) => (id === null ? null : this.#maps.get(this.#mapKey(id))) ?? null);
    const maps = answers.map((answer) => (answer !== null && 'values' in answer ? answer : null));
    const coming = this.chosen.some((id, index) => id !== null && answers[index] === null);
    const held = coming && this.scaleInForce === 'shared';
    const there = held ? [] : maps.filter((map) => map !== null);
    const scaled = new Map(scaleMaps(there, this.scaleInForce).map((one, index) => [there[index], one]));
    return FIGURE_CELLS.map((cell, index) => {
      const id = this.chosen[index] ?? null;
      const answer = answers[index] ?? null;
      const map = maps[index] ?? null;
      return {
        index,
        letter: paneLetter(index + 1),
        cell,
        run: this.#runs.get(id),
        prediction: id === null ? null : (this.#scores.get(`${id}/${this.filmId}`) ?? null),
        map,
        scaled: map === null ? null : (scaled.get(map) ?? null),
        notice: answer !== null && 'code' in answer ? answer : null,
      };
    });
  });

  /** What any of the models scores, in the order of the first. */
  readonly findings = $derived.by<readonly string[]>(() => [
    ...new Set(this.panes.flatMap(({ prediction }) => prediction?.t1.map(({ name }) => name) ?? [])),
  ]);
  readonly finding = $derived.by<string | null>(
    () => this.wantedFinding ?? this.labels.find((name) => this.findings.includes(name)) ?? null,
  );
  /** The one range of all panes, where they share one. */
  readonly range = $derived.by<ScaledMap | null>(() =>
    this.scaleInForce === 'own' ? null : (this.panes.find(({ scaled }) => scaled !== null)?.scaled ?? null),
  );

  /** The teacher, students without distillation and MLCAK students that belong together. @param wanted shown for sure */
  chooseAll(wanted: RunSummary | null): void {
    this.chosen = chooseFigureRuns(this.models, wanted?.method === 'pretrain' ? null : wanted);
  }

  choose(pane: number, runId: RunId | null): void {
    this.chosen = this.chosen.with(pane, runId);
  }

  /** Asks the host for what is not there yet, pane by pane. Called whenever film, runs or method change. */
  async ask(): Promise<void> {
    const round = ++this.#round;
    const { filmId } = this;
    if (filmId === null) return;
    for (const runId of new Set(this.chosen)) {
      if (runId === null) continue;
      const key = this.#mapKey(runId);
      const known = this.#maps.get(key);
      if (known !== undefined && 'values' in known) continue;
      const answer = await this.#predict(runId, filmId);
      this.#maps = new Map([...this.#maps, [key, answer]]);
      if (round !== this.#round) return;
    }
  }

  /** What the figure's file is drawn from; null without a film. */
  request(format: FigureFormat): FigureRequest | null {
    const { filmId, scale, base, finding } = this;
    const { colourMap, opacity } = this.overlay;
    if (filmId === null) return null;
    const runIds = [...this.chosen];
    const shown = { ...this.#wanted(), scale, base, finding, colourMap, opacity };
    return { films: [filmId], runIds, ...shown, format };
  }

  async #predict(runId: RunId, filmId: FilmId): Promise<AttentionMap | Notice> {
    try {
      const client = await this.#connection.client();
      const prediction = await client.inference.predict({
        runId,
        filmId,
        token: this.#readers.token,
        attention: [this.#wanted()],
      });
      this.#scores = new Map([...this.#scores, [`${runId}/${filmId}`, prediction]]);
      const [map] = prediction.attention;
      if (map === undefined) throw new Error('The answer came without its attention map.');
      return map;
    } catch (error) {
      return noticeOf(error);
    }
  }

  #wanted(): Pick<AttentionMap, 'method' | 'head' | 'target'> {
    const { method, head, target } = this.overlay;
    return { method, head: method === 'last' ? head : null, target: method === 'relevance' ? target : null };
  }

  #mapKey(runId: RunId): string {
    const { method, head, target } = this.#wanted();
    return `${runId}/${this.filmId}/${method},${head ?? 'mean'},${target ?? ''}`;
  }
}
