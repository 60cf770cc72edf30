/** @file The keyboard of the reading room: what each key does, in one table that the sheet shows. */

export interface KeyActions {
  readonly preset: (index: number) => void;
  readonly invert: () => void;
  readonly reset: () => void;
  readonly zoom: (factor: number) => void;
  readonly move: (step: number) => void;
  readonly mask: () => void;
  readonly overlay: () => void;
  readonly boxes: () => void;
  readonly link: () => void;
  readonly compare: () => void;
  readonly sheet: () => void;
  readonly close: () => void;
}

export const KEY_SHEET: readonly (readonly [keys: string, does: string])[] = [
  ['← →', 'Previous, next film'],
  ['0 … 5', 'Window presets, relative to the film’s own'],
  ['I', 'Invert'],
  ['Space', 'Reset window, zoom and place'],
  ['+ −', 'Zoom'],
  ['A', 'Attention overlay on or off'],
  ['B', 'Readers’ boxes on or off'],
  ['K', 'Link the viewports'],
  ['C', 'Compare attention of all models'],
  ['M', 'Mask identity'],
  ['?', 'This sheet'],
  ['Drag', 'Window: right is wider, down is darker'],
  ['Wheel, right drag', 'Zoom'],
  ['Middle or Shift drag', 'Move the film'],
  ['Double click', 'Fit to the viewport'],
];

const ZOOM_STEP = 1.25;

/** Handles a key unless it belongs to a control or the page has no such action; true when it was ours. */
export function handleKey(event: KeyboardEvent, actions: Partial<KeyActions>): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || belongsToControl(event)) return false;
  const { key } = event;
  if (/^[0-5]$/.test(key)) actions.preset?.(Number(key));
  else if (key === 'ArrowRight' || key === 'ArrowDown') actions.move?.(1);
  else if (key === 'ArrowLeft' || key === 'ArrowUp') actions.move?.(-1);
  else if (key === '+' || key === '=') actions.zoom?.(ZOOM_STEP);
  else if (key === '-') actions.zoom?.(1 / ZOOM_STEP);
  else if (key === ' ') actions.reset?.();
  else if (key === '?') actions.sheet?.();
  else if (key === 'Escape') actions.close?.();
  else {
    const letters: Record<string, (() => void) | undefined> = {
      i: actions.invert,
      m: actions.mask,
      a: actions.overlay,
      b: actions.boxes,
      k: actions.link,
      c: actions.compare,
    };
    const act = letters[key.toLowerCase()];
    if (act === undefined) return false;
    act();
  }
  event.preventDefault();
  return true;
}

/** Typing, choosing and pressing stay with the control that has the focus. */
function belongsToControl(event: KeyboardEvent): boolean {
  const { target, key } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.closest('input, textarea, [role="combobox"], [role="listbox"], [role="slider"], [role="dialog"]')
  )
    return true;
  const pressable = target.closest('button, a, [role="checkbox"], [role="radio"], summary') !== null;
  if (pressable && (key === ' ' || key === 'Enter')) return true;
  return key.startsWith('Arrow') && target.closest('[role="radiogroup"], [role="tablist"]') !== null;
}
