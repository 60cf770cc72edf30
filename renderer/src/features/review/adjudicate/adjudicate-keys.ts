/** @file Actions while a film is adjudicated, with their words and keys. */
import type { Tool } from '../../../viewer/tool.ts';
import type { Binding, FixedActions } from '../review-keys.ts';

export interface AdjudicateActions extends FixedActions {
  readonly film: (step: number) => void;
  readonly nextOpen: () => void;
  readonly reason: () => void;
  readonly settle: () => void;
  readonly tool: (tool: Tool) => void;
  readonly place: () => void;
  readonly finding: () => void;
  readonly confidence: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly invert: () => void;
  readonly zoom: (factor: number) => void;
  readonly reset: () => void;
  readonly mask: () => void;
  readonly list: () => void;
  readonly sheet: () => void;
}

export const ADJUDICATE_GESTURES: readonly (readonly [gesture: string, does: string])[] = [
  ['1 … 9', 'Take the read of that reader as it was signed'],
  ['Tab, Space', 'Reach a cell of the table, take it'],
  ['Tab, arrows', 'Reach a mark or handle of the decision, move it; Shift moves ten times as far'],
  ['Delete', 'Remove the selected mark'],
  ['Outline: drag a point', 'Move it; a double click on the line adds one, on a point removes it'],
  ['Outline: Page up/down, Enter, Delete', 'Go from point to point, add one after it, remove it'],
  ['Wheel, right drag', 'Zoom all films'],
  ['Middle or Shift drag', 'Move all films'],
  ['Esc', 'Leave the tool or the field, close what is open'],
];

const bind = (
  id: string,
  words: string,
  keys: readonly string[],
  run: (actions: AdjudicateActions) => void,
): Binding<AdjudicateActions> => ({ id: `adjudicate-${id}`, words, keys, run });

export const ADJUDICATE_BINDINGS: readonly Binding<AdjudicateActions>[] = [
  bind('settle', 'Settle the film', ['Ctrl+Enter'], ({ settle }) => settle()),
  bind('reason', 'Write the reason', ['O'], ({ reason }) => reason()),
  bind('next-open', 'Next film to settle', ['U'], ({ nextOpen }) => nextOpen()),
  bind('film-next', 'Next film', ['ArrowRight'], ({ film }) => film(1)),
  bind('film-previous', 'Previous film', ['ArrowLeft'], ({ film }) => film(-1)),
  bind('rectangle', 'Mark: rectangle', ['S'], ({ tool }) => tool('rectangle')),
  bind('ellipse', 'Mark: ellipse', ['E'], ({ tool }) => tool('ellipse')),
  bind('freehand', 'Mark: outline by hand', ['F'], ({ tool }) => tool('freehand')),
  bind('point', 'Mark: point', ['T'], ({ tool }) => tool('point')),
  bind('place', 'Draw the tool’s shape in the middle', ['Enter'], ({ place }) => place()),
  bind('finding', 'Finding of the selected mark', ['L'], ({ finding }) => finding()),
  bind('confidence', 'Confidence of the selected mark, up and round', ['C'], ({ confidence }) =>
    confidence(),
  ),
  bind('undo', 'Undo', ['Ctrl+Z'], ({ undo }) => undo()),
  bind('redo', 'Redo', ['Ctrl+Shift+Z', 'Ctrl+Y'], ({ redo }) => redo()),
  bind('invert', 'Invert', ['I'], ({ invert }) => invert()),
  bind('zoom-in', 'Zoom in', ['+', '='], ({ zoom }) => zoom(1.25)),
  bind('zoom-out', 'Zoom out', ['-'], ({ zoom }) => zoom(1 / 1.25)),
  bind('reset', 'Reset how the films are shown', ['Space'], ({ reset }) => reset()),
  bind('mask', 'Mask identity', ['M'], ({ mask }) => mask()),
  bind('list', 'Back to the list', ['Q'], ({ list }) => list()),
  bind('sheet', 'This sheet', ['?'], ({ sheet }) => sheet()),
];
