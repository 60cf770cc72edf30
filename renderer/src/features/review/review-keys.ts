/** @file Keys of the review pages: a table of actions each, with keys that a person may change, and digits that stay. */
import { keyOf, keysOf, ownKeys, type OwnKeys } from '../reading-room/key-bindings.ts';
import { belongsToControl } from '../reading-room/keys.ts';

export interface Binding<Actions> {
  readonly id: string;
  readonly words: string;
  readonly keys: readonly string[];
  readonly run: (actions: Actions) => void;
}

/** What every such page has beside its table. */
export interface FixedActions {
  /** A digit from 1 to 9 was pressed, here from 0. */
  readonly digit: (index: number) => void;
  /** Escape. */
  readonly close: () => void;
}

const DIGIT = /^[1-9]$/;

/** Handles a key unless the control that has the focus needs it; true when it was ours. */
export function handleBoundKey<Actions extends FixedActions>(
  event: KeyboardEvent,
  bindings: readonly Binding<Actions>[],
  actions: Actions,
  own: OwnKeys,
): boolean {
  if (event.defaultPrevented) return false;
  const key = keyOf(event);
  // Ctrl+Enter from a field is meant; everything else that is typed stays in it.
  if (event.key !== 'Escape' && key !== 'Ctrl+Enter' && belongsToControl(event)) return false;
  if (event.key === 'Escape') {
    // A list or a dialog that is open closes itself.
    if (event.target instanceof Element && event.target.closest('[role="listbox"], [role="dialog"]'))
      return false;
    actions.close();
    return true;
  }
  if (key !== null && DIGIT.test(key)) {
    actions.digit(Number(key) - 1);
    return true;
  }
  const chosen = ownKeys(bindings, own);
  const binding = key === null ? undefined : bindings.find((one) => keysOf(one, chosen).includes(key));
  if (binding === undefined) return false;
  binding.run(actions);
  event.preventDefault();
  return true;
}
