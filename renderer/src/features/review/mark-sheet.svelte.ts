/**
 * @file Marks on one film: what is drawn, and what each mark is said to be and how surely, with one undo for all of it. Readers
 * and adjudicators draw on one; whoever keeps the marks is told of every change.
 */
import type { Mark } from '../../../../shared/contract/review.ts';
import type { Shape } from '../../../../shared/domain/shape.ts';
import { ShapeSheet } from '../../viewer/shape-sheet.svelte.ts';
import { markLook } from './review-words.ts';

export type MarkSays = Omit<Mark, 'shape'>;

export class MarkSheet {
  readonly sheet: ShapeSheet;
  marks = $state.raw<readonly Mark[]>([]);
  /** What a new mark is said to be. */
  finding = $state('');
  /** Of every mark that was ever on the film: one that comes back by Undo is what it was. */
  #says: ReadonlyMap<string, MarkSays>;
  readonly #onchange: (marks: Mark[]) => void;

  constructor(marks: readonly Mark[], finding: string, onchange: (marks: Mark[]) => void) {
    this.marks = marks;
    this.finding = finding;
    this.#onchange = onchange;
    this.#says = new Map(marks.map(({ shape, ...says }) => [shape.id, says]));
    this.sheet = new ShapeSheet(
      marks.map(({ shape }) => shape),
      (shapes) => this.#drawn(shapes),
    );
    // What is shown follows the marks; one that is being drawn is said to be what the next one will be.
    this.sheet.look = ({ id }) =>
      markLook(this.marks.find(({ shape }) => shape.id === id) ?? this.#saysOf(id));
  }

  /** Says something else of a mark, as a step that can be taken back. */
  describe(shapeId: string, change: Partial<MarkSays>): void {
    if (this.sheet.frozen) return;
    const before = this.#saysOf(shapeId);
    const after = { ...before, ...change };
    this.finding = after.finding;
    this.#describe(shapeId, after);
    this.sheet.keep({
      words: change.finding === undefined ? 'Confidence changed' : 'Finding changed',
      undo: () => this.#describe(shapeId, before),
      redo: () => this.#describe(shapeId, after),
    });
  }

  /** Puts other marks in place; a step for Undo is kept by whoever does it. */
  put(marks: readonly Mark[]): void {
    this.#says = new Map([...this.#says, ...marks.map(({ shape, ...says }) => [shape.id, says] as const)]);
    this.sheet.put(marks.map(({ shape }) => shape));
  }

  #saysOf(shapeId: string): MarkSays {
    return this.#says.get(shapeId) ?? { finding: this.finding, confidence: null };
  }
  #drawn(shapes: readonly Shape[]): void {
    const fresh = shapes
      .filter(({ id }) => !this.#says.has(id))
      .map(({ id }) => [id, this.#saysOf(id)] as const);
    this.#says = new Map([...this.#says, ...fresh]);
    this.#say(shapes);
  }
  #describe(shapeId: string, says: MarkSays): void {
    this.#says = new Map([...this.#says, [shapeId, says]]);
    this.#say(this.sheet.shapes);
  }
  #say(shapes: readonly Shape[]): void {
    const marks = shapes.map((shape) => ({ shape, ...this.#saysOf(shape.id) }));
    this.marks = marks;
    this.#onchange(marks);
  }
}
