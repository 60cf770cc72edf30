/**
 * @file What lies over the page (a question, a list, a panel) and the screens that shut the window: the former close when the latter come.
 * They are no part of the page, so they would stay in sight of the keyboard, and a question would keep the focus.
 */
import { getContext, setContext, untrack } from 'svelte';

const KEY = Symbol('shut');

/** Called once, at the root. */
export function provideShut(isShut: () => boolean): void {
  setContext(KEY, isShut);
}

/**
 * Closes what a component has opened as soon as the window is shut. Called while the component is made.
 * @returns whether it is shut
 */
export function closeWhenShut(close: () => void): () => boolean {
  const isShut = getContext<() => boolean>(KEY);
  $effect(() => {
    if (isShut()) untrack(close);
  });
  return isShut;
}
