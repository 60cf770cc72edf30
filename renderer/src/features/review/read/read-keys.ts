/** @file Actions while a film of a session is read, with their words and keys: one table that the sheet shows. */
import type { Tool } from '../../../viewer/tool.ts';
import type { Binding, FixedActions } from '../review-keys.ts';

export interface ReadActions extends FixedActions {
  readonly question: (step: number) => void;
  readonly film: (step: number) => void;
  readonly nextToDo: () => void;
  readonly sign: () => void;
  readonly reveal: () => void;
  readonly takeUp: () => void;
  readonly finding: () => void;
  readonly confidence: () => void;
  readonly note: () => void;
  readonly verdictNote: () => void;
  readonly keyImage: () => void;
  readonly modelFinding: (step: number) => void;
  readonly judge: (verdict: 'accept' | 'reject' | 'edit') => void;
  readonly tool: (tool: Tool) => void;
  readonly place: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** null = the next one. */
  /** The next one. */
  readonly preset: () => void;
  /** One of `windowChoices`. */
  readonly window: (choice: string) => void;
  readonly invert: () => void;
  readonly zoom: (factor: number) => void;
  readonly turn: (quarters: number) => void;
  readonly flip: (axis: 'horizontal' | 'vertical') => void;
  readonly reset: () => void;
  readonly mask: () => void;
  readonly sheet: () => void;
  readonly worklist: () => void;
}

const ZOOM_STEP = 1.25;

const bind = (
  id: string,
  words: string,
  keys: readonly string[],
  run: (actions: ReadActions) => void,
): Binding<ReadActions> => ({ id: `review-${id}`, words, keys, run });

/** What cannot be given other keys, for the sheet. */
export const READ_GESTURES: readonly (readonly [gesture: string, does: string])[] = [
  ['1 … 9', 'Answer the question in turn; the next one follows'],
  ['Tab, arrows', 'Reach a mark or handle, move it; Shift moves ten times as far'],
  ['Delete', 'Remove the selected mark'],
  ['Outline: drag a point', 'Move it; a double click on the line adds one, on a point removes it'],
  ['Outline: Page up/down, Enter, Delete', 'Go from point to point, add one after it, remove it'],
  ['Drag', 'The tool; without one the window'],
  ['Wheel, right drag', 'Zoom'],
  ['Middle or Shift drag', 'Move the film'],
  ['Esc', 'Leave the tool or the field, close what is open'],
];

export const READ_BINDINGS: readonly Binding<ReadActions>[] = [
  bind('question-next', 'Next question', ['ArrowDown'], ({ question }) => question(1)),
  bind('question-previous', 'Previous question', ['ArrowUp'], ({ question }) => question(-1)),
  bind('sign', 'Sign', ['Ctrl+Enter'], ({ sign }) => sign()),
  bind('reveal', 'Reveal the model', ['V'], ({ reveal }) => reveal()),
  bind('take-up', 'Take a signed read up again', ['Shift+U'], ({ takeUp }) => takeUp()),
  bind('to-do', 'Next film to do', ['U'], ({ nextToDo }) => nextToDo()),
  bind('film-next', 'Next film', ['ArrowRight'], ({ film }) => film(1)),
  bind('film-previous', 'Previous film', ['ArrowLeft'], ({ film }) => film(-1)),
  bind('model-next', 'Next finding of the model', ['PageDown'], ({ modelFinding }) => modelFinding(1)),
  bind('model-previous', 'Previous finding of the model', ['PageUp'], ({ modelFinding }) => modelFinding(-1)),
  bind('accept', 'Accept the model’s finding', ['A'], ({ judge }) => judge('accept')),
  bind('reject', 'Reject the model’s finding', ['X'], ({ judge }) => judge('reject')),
  bind('edit', 'Edit: draw in place of the model’s finding', ['D'], ({ judge }) => judge('edit')),
  bind('verdict-note', 'Why the model’s finding is accepted or not', ['N'], ({ verdictNote }) =>
    verdictNote(),
  ),
  bind('rectangle', 'Mark: rectangle', ['S'], ({ tool }) => tool('rectangle')),
  bind('ellipse', 'Mark: ellipse', ['E'], ({ tool }) => tool('ellipse')),
  bind('freehand', 'Mark: outline by hand', ['F'], ({ tool }) => tool('freehand')),
  bind('point', 'Mark: point', ['T'], ({ tool }) => tool('point')),
  bind('place', 'Draw the tool’s shape in the middle', ['Enter'], ({ place }) => place()),
  bind('finding', 'Finding of the selected mark', ['L'], ({ finding }) => finding()),
  bind('confidence', 'Confidence of the selected mark, up and round', ['C'], ({ confidence }) =>
    confidence(),
  ),
  bind('note', 'Write the note', ['O'], ({ note }) => note()),
  bind('key-image', 'Key image', ['K'], ({ keyImage }) => keyImage()),
  bind('undo', 'Undo', ['Ctrl+Z'], ({ undo }) => undo()),
  bind('redo', 'Redo', ['Ctrl+Shift+Z', 'Ctrl+Y'], ({ redo }) => redo()),
  bind('window', 'Tool: window', ['W'], ({ tool }) => tool('window')),
  bind('magnify', 'Tool: magnifier', ['G'], ({ tool }) => tool('magnify')),
  bind('preset', 'Next window preset', ['P'], ({ preset }) => preset()),
  bind('invert', 'Invert', ['I'], ({ invert }) => invert()),
  bind('zoom-in', 'Zoom in', ['+', '='], ({ zoom }) => zoom(ZOOM_STEP)),
  bind('zoom-out', 'Zoom out', ['-'], ({ zoom }) => zoom(1 / ZOOM_STEP)),
  bind('turn', 'Turn right', ['R'], ({ turn }) => turn(1)),
  bind('flip', 'Change left and right', ['H'], ({ flip }) => flip('horizontal')),
  bind('reset', 'Reset how the film is shown', ['Space'], ({ reset }) => reset()),
  bind('mask', 'Mask identity', ['M'], ({ mask }) => mask()),
  bind('worklist', 'Back to the worklist', ['Q'], ({ worklist }) => worklist()),
  bind('sheet', 'This sheet', ['?'], ({ sheet }) => sheet()),
];
