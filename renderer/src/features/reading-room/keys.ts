/** @file From a pressed key to its action, unless the key belongs to the control that has the focus. */
import { KEY_BINDINGS, keyOf, keysOf, ownKeys, type KeyActions, type OwnKeys } from './key-bindings.ts';

/** Handles a key unless it belongs to a control or the page has no such action; true when it was ours. */
export function handleKey(event: KeyboardEvent, actions: Partial<KeyActions>, own: OwnKeys = {}): boolean {
  if (event.defaultPrevented || belongsToControl(event)) return false;
  if (event.key === 'Escape') {
    actions.close?.();
    return actions.close !== undefined;
  }
  const key = keyOf(event);
  if (key === null) return false;
  const chosen = ownKeys(KEY_BINDINGS, own);
  const act = KEY_BINDINGS.find((binding) => keysOf(binding, chosen).includes(key))?.run(actions);
  if (act === undefined) return false;
  act();
  event.preventDefault();
  return true;
}

/** Typing, choosing and pressing stay with the control that has the focus. */
export function belongsToControl(event: KeyboardEvent): boolean {
  const { target, key } = event;
  if (!(target instanceof Element)) return false;
  if (
    target.closest('input, textarea, [role="combobox"], [role="listbox"], [role="slider"], [role="dialog"]')
  )
    return true;
  const pressable = target.closest('button, a, [role="checkbox"], [role="radio"], summary') !== null;
  if (pressable && (key === ' ' || key === 'Enter')) return true;
  return key.startsWith('Arrow') && target.closest('[role="radiogroup"], [role="tablist"]') !== null;
}
