/**
 * @file What is drawn on one film, with undo and redo of shapes and of how the film is looked at. Whoever keeps shapes hands
 * them in and is told of every change; the viewer keeps nothing.
 */
import type { Point } from '../../../shared/domain/geometry.ts';
import { isTooSmall, type Shape, type ShapeKind } from '../../../shared/domain/shape.ts';
import { isComplete, moved, pointsOf, pressed, released, standardPoints, type Drawing } from './drawing.ts';
import { added, EMPTY_HISTORY, redo, undo, withoutViews, type History, type Step } from './history.ts';
import { SHAPE_WORDS } from './shape-words.ts';
import type { ViewSnapshot, ViewState } from './view-state.svelte.ts';

/** How a shape looks where it says something else than its measures. */
export interface ShapeLook {
  readonly colour: string;
  readonly lines: readonly string[];
}

export class ShapeSheet {
  shapes = $state.raw<readonly Shape[]>([]);
  selected = $state<string | null>(null);
  /** The shape that is being drawn. */
  drawing = $state.raw<Drawing | null>(null);
  /** Nothing can be drawn, changed or taken back but how the film is looked at. */
  frozen = $state(false);
  /** null = a shape shows its measures. */
  look = $state.raw<((shape: Shape) => ShapeLook | null) | null>(null);
  #history = $state.raw<History>(EMPTY_HISTORY);
  readonly #onchange: (shapes: readonly Shape[]) => void;

  constructor(shapes: readonly Shape[] = [], onchange: (shapes: readonly Shape[]) => void = () => undefined) {
    this.shapes = shapes;
    this.#onchange = onchange;
  }

  /** What Undo would take back; null when there is nothing. */
  readonly undoWords = $derived(this.#history.done.at(-1)?.words ?? null);
  readonly redoWords = $derived(this.#history.undone.at(-1)?.words ?? null);

  /** When that was done; 0 when there is nothing. */
  readonly undoAt = $derived(this.#history.done.at(-1)?.at ?? 0);
  readonly redoAt = $derived(this.#history.undone.at(-1)?.at ?? 0);

  undo(): void {
    this.drawing = null;
    if (this.#mayTake(this.#history.done)) this.#history = undo(this.#history);
  }
  redo(): void {
    if (this.#mayTake(this.#history.undone)) this.#history = redo(this.#history);
  }
  /** Of what is frozen only how it is looked at. */
  #mayTake(steps: readonly Step[]): boolean {
    return !this.frozen || steps.at(-1)?.ofView === true;
  }

  /** Puts other shapes in place as a step that can be taken back. Changes with the same `gesture` in a row are one step. */
  change(next: readonly Shape[], words: string, gesture: string | null = null): void {
    if (this.frozen) return;
    const before = this.shapes;
    this.put(next);
    this.keep({ words, undo: () => this.put(before), redo: () => this.put(next), gesture });
  }

  /** Keeps a step that has just been done by whoever keeps the shapes. */
  keep(step: Omit<Step, 'gesture'> & { readonly gesture?: string | null }): void {
    this.#history = added(this.#history, { gesture: null, ...step });
  }

  /** Keeps a change of how the film is looked at that has just been made. */
  viewChanged(view: ViewState, before: ViewSnapshot, words: string, gesture: string | null = null): void {
    const after = view.snapshot;
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    const steps = { undo: () => view.restore(before), redo: () => view.restore(after) };
    this.keep({ words, ...steps, gesture, ofView: true });
  }

  /** The page that showed the film is left: nothing is half drawn or chosen, and how it was looked at is gone. */
  putAway(): void {
    this.drawing = null;
    this.selected = null;
    this.#history = withoutViews(this.#history);
  }

  replace(shape: Shape, words: string, gesture: string | null = null): void {
    this.change(
      this.shapes.map((one) => (one.id === shape.id ? shape : one)),
      words,
      gesture,
    );
  }

  remove(id: string): void {
    const shape = this.shapes.find((one) => one.id === id);
    if (shape === undefined) return;
    const rest = this.shapes.filter((one) => one.id !== id);
    this.change(rest, `${SHAPE_WORDS[shape.kind]} removed`);
    this.selected = null;
  }

  clear(): void {
    if (this.shapes.length > 0) this.change([], 'All shapes removed');
    this.selected = null;
  }

  press(kind: ShapeKind, at: Point, frame: number): void {
    if (this.frozen) return;
    this.drawing = pressed(this.drawing?.kind === kind ? this.drawing : null, kind, at);
    this.#finish(frame, 0);
  }
  drag(at: Point): void {
    if (this.drawing !== null) this.drawing = moved(this.drawing, at);
  }
  /** @param least what is smaller was a slip, film pixels */
  release(at: Point, frame: number, least: number): void {
    if (this.drawing === null) return;
    this.drawing = released(this.drawing, at, least);
    this.#finish(frame, least);
  }
  cancel(): void {
    this.drawing = null;
  }

  /** Draws a shape of a standard size: the way without a mouse. */
  place(kind: ShapeKind, at: Point, reach: number, frame: number): void {
    this.#add(kind, standardPoints(kind, at, reach), frame);
  }

  #finish(frame: number, least: number): void {
    const { drawing } = this;
    if (drawing === null || !isComplete(drawing)) return;
    this.drawing = null;
    const points = pointsOf(drawing, Math.max(0.25, least / 3));
    const shape = { kind: drawing.kind, points };
    if (drawing.kind === 'freehand' && points.length < 3) return;
    if (!isTooSmall(shape, Math.max(0.5, least))) this.#add(drawing.kind, points, frame);
  }

  #add(kind: ShapeKind, points: readonly Point[], frame: number): void {
    const id = `s-${crypto.randomUUID()}`;
    this.change([...this.shapes, { id, kind, frame, points, text: '' }], `${SHAPE_WORDS[kind]} drawn`);
    this.selected = id;
  }

  /** Puts other shapes in place without a step. */
  put(shapes: readonly Shape[]): void {
    this.shapes = shapes;
    if (!shapes.some(({ id }) => id === this.selected)) this.selected = null;
    this.#onchange(shapes);
  }
}

type Sheets = readonly (ShapeSheet | null)[];
const newest = (sheets: Sheets, at: 'undoAt' | 'redoAt'): ShapeSheet | null =>
  sheets.reduce((one, other) => ((other?.[at] ?? 0) > (one?.[at] ?? 0) ? other : one), null);

/** Of films side by side the one that Undo is for: what was done last goes first. null = there is nothing. */
export const sheetToUndo = (...sheets: Sheets): ShapeSheet | null => newest(sheets, 'undoAt');
/** The one that Redo is for: what was taken back last comes first. */
export const sheetToRedo = (...sheets: Sheets): ShapeSheet | null => newest(sheets, 'redoAt');
