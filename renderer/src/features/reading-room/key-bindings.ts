/** @file Actions of the reading room with their words and keys: one table that the sheet shows and a person may change. */
import { WINDOW_PRESETS } from '../../../../shared/domain/lut.ts';
import type { Tool } from '../../viewer/tool.ts';

export interface KeyActions {
  readonly preset: (index: number) => void;
  /** One of `windowChoices`. */
  readonly window: (choice: string) => void;
  readonly invert: () => void;
  readonly reset: () => void;
  readonly fit: () => void;
  readonly zoom: (factor: number) => void;
  readonly turn: (quarters: number) => void;
  readonly flip: (axis: 'horizontal' | 'vertical') => void;
  readonly move: (step: number) => void;
  readonly frame: (step: number) => void;
  readonly mask: () => void;
  readonly overlay: () => void;
  readonly boxes: () => void;
  readonly planes: () => void;
  readonly link: () => void;
  readonly layout: () => void;
  readonly beside: () => void;
  readonly compare: () => void;
  readonly tags: () => void;
  readonly fullScreen: () => void;
  readonly tool: (tool: Tool) => void;
  /** Draws the tool's shape in the middle of the film. */
  readonly place: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly sheet: () => void;
  readonly close: () => void;
}

export interface KeyBinding {
  readonly id: string;
  readonly words: string;
  readonly keys: readonly string[];
  readonly run: (actions: Partial<KeyActions>) => (() => void) | undefined;
}

const ZOOM_STEP = 1.25;

const bind = <Name extends keyof KeyActions>(
  id: string,
  words: string,
  keys: readonly string[],
  name: Name,
  ...given: Parameters<KeyActions[Name]>
): KeyBinding => ({
  id,
  words,
  keys,
  run: (actions) => {
    const act = actions[name] as ((...values: Parameters<KeyActions[Name]>) => void) | undefined;
    return act === undefined ? undefined : () => act(...given);
  },
});

/** Names of keys as `keyOf` gives them. */
export const KEY_BINDINGS: readonly KeyBinding[] = [
  bind('next', 'Next film', ['ArrowRight', 'ArrowDown'], 'move', 1),
  bind('previous', 'Previous film', ['ArrowLeft', 'ArrowUp'], 'move', -1),
  bind('frame-next', 'Next frame of the chosen viewport', ['PageDown'], 'frame', 1),
  bind('frame-previous', 'Previous frame of the chosen viewport', ['PageUp'], 'frame', -1),
  ...WINDOW_PRESETS.map(({ name }, index) =>
    bind(`preset-${index}`, `Window: ${name.toLowerCase()}`, [String(index)], 'preset', index),
  ),
  bind('invert', 'Invert', ['I'], 'invert'),
  bind('zoom-in', 'Zoom in', ['+', '='], 'zoom', ZOOM_STEP),
  bind('zoom-out', 'Zoom out', ['-'], 'zoom', 1 / ZOOM_STEP),
  bind('turn-right', 'Turn right', ['R'], 'turn', 1),
  bind('turn-left', 'Turn left', ['Shift+R'], 'turn', -1),
  bind('flip-horizontal', 'Change left and right', ['H'], 'flip', 'horizontal'),
  bind('flip-vertical', 'Change top and bottom', ['Shift+H'], 'flip', 'vertical'),
  bind('reset', 'Reset how the film is shown', ['Space'], 'reset'),
  bind('undo', 'Undo', ['Ctrl+Z'], 'undo'),
  bind('redo', 'Redo', ['Ctrl+Shift+Z', 'Ctrl+Y'], 'redo'),
  bind('tool-window', 'Tool: window', ['W'], 'tool', 'window'),
  bind('tool-pan', 'Tool: move the film', ['Q'], 'tool', 'pan'),
  bind('tool-zoom', 'Tool: zoom', ['Z'], 'tool', 'zoom'),
  bind('tool-magnify', 'Tool: magnifier', ['G'], 'tool', 'magnify'),
  bind('tool-length', 'Tool: length', ['L'], 'tool', 'length'),
  bind('tool-angle', 'Tool: angle', ['N'], 'tool', 'angle'),
  bind('tool-ctr', 'Tool: cardiothoracic ratio', ['T'], 'tool', 'ctr'),
  bind('tool-rectangle', 'Tool: rectangle', ['S'], 'tool', 'rectangle'),
  bind('tool-ellipse', 'Tool: ellipse', ['E'], 'tool', 'ellipse'),
  bind('tool-freehand', 'Tool: outline by hand', ['F'], 'tool', 'freehand'),
  bind('tool-probe', 'Tool: probe', ['P'], 'tool', 'probe'),
  bind('tool-arrow', 'Tool: arrow note', ['J'], 'tool', 'arrow'),
  bind('place', 'Draw the tool’s shape in the middle', ['Enter'], 'place'),
  bind('overlay', 'Attention overlay on or off', ['A'], 'overlay'),
  bind('boxes', 'Readers’ boxes on or off', ['B'], 'boxes'),
  bind('planes', 'The film’s own graphics on or off', ['O'], 'planes'),
  bind('link', 'Link the viewports', ['K'], 'link'),
  bind('layout', 'One, two or four viewports', ['V'], 'layout'),
  bind('beside', 'Earlier film of the patient beside this one', ['U'], 'beside'),
  bind('compare', 'Compare attention of all models', ['C'], 'compare'),
  bind('tags', 'DICOM tags', ['D'], 'tags'),
  bind('full-screen', 'Full screen', ['Shift+F'], 'fullScreen'),
  bind('mask', 'Mask identity', ['M'], 'mask'),
  bind('sheet', 'This sheet', ['?'], 'sheet'),
];

/** What the mouse does, for the sheet. */
export const MOUSE_SHEET: readonly (readonly [gesture: string, does: string])[] = [
  ['Drag', 'The tool; without one the window: right is wider, down is darker'],
  ['Wheel, right drag', 'Zoom'],
  ['Middle or Shift drag', 'Move the film'],
  ['Double click', 'Fit to the viewport'],
  ['Tab, arrows', 'Reach a shape or handle, move it; Shift moves ten times as far'],
  ['Delete', 'Remove the selected shape'],
  ['Outline: drag a point', 'Move it; a double click on the line adds one, on a point removes it'],
  ['Outline: Page up/down, Enter, Delete', 'Go from point to point, add one after it, remove it'],
  ['Esc', 'Leave the tool, close what is open'],
];

/** Keys that a person gave to actions, by the action's id; the others have the keys of the table. */
export type OwnKeys = Readonly<Record<string, string>>;

/** What a person chose for the actions of one table: another table may use the same key for something else. */
export function ownKeys(bindings: readonly Pick<KeyBinding, 'id'>[], all: OwnKeys): OwnKeys {
  const ids = new Set(bindings.map(({ id }) => id));
  return Object.fromEntries(Object.entries(all).filter(([id]) => ids.has(id)));
}

/**
 * The keys that an action has: what a person chose, else the table's that nobody chose for something else. `own` is of this
 * table alone.
 */
export function keysOf({ id, keys }: Pick<KeyBinding, 'id' | 'keys'>, own: OwnKeys): readonly string[] {
  const chosen = own[id];
  if (chosen !== undefined) return [chosen];
  const taken = new Set(Object.values(own));
  return keys.filter((key) => !taken.has(key));
}

/** The key of an action as its button tells it; undefined when it has none. */
export function keyFor(id: string, own: OwnKeys): string | undefined {
  const binding = KEY_BINDINGS.find((one) => one.id === id);
  const key = binding === undefined ? undefined : keysOf(binding, own)[0];
  return key === undefined ? undefined : keyWords(key);
}

const SYMBOLS: Readonly<Record<string, string>> = {
  ArrowRight: '→',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowDown: '↓',
  '-': '−',
};

/** `Ctrl+Shift+Z`, `→`: a key as people read it. */
export function keyWords(key: string): string {
  return SYMBOLS[key] ?? key;
}

/** What of a keyboard event names the key. */
export interface PressedKey {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** The name of a pressed key; null for one that no action can have (a modifier alone, Tab, Escape, with Alt). */
export function keyOf(event: PressedKey): string | null {
  const { key } = event;
  if (event.altKey || ['Control', 'Shift', 'Meta', 'Alt', 'Tab', 'Escape', 'Dead'].includes(key)) return null;
  const letter = /^[a-z]$/i.test(key);
  const shift = event.shiftKey && (letter || key.length > 1) ? 'Shift+' : '';
  const name = letter ? key.toUpperCase() : key === ' ' ? 'Space' : key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${shift}${name}`;
}
