/** @file Keys of a page that are heard wherever the focus is. Every page that listens on the window listens through this. */
import type { App } from './app.ts';

/** A listener that acts unless the window is shut: what is pressed then is meant for the screen over the page. */
export function pageKeys(
  app: Pick<App, 'isShut'>,
  act: (event: KeyboardEvent) => unknown,
): (event: KeyboardEvent) => void {
  return (event) => {
    if (!app.isShut) act(event);
  };
}
