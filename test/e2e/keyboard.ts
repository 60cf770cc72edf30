/** @file A person without a mouse: the tab key until the focus is where it should be, then keys. */
import type { Page } from 'playwright-core';

/** More stops than any page has. */
const MOST_STOPS = 150;

/** What a screen reader calls the element with the focus, in short. */
const FOCUSED = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return '';
  const label = one.labels?.[0]?.textContent;
  return (one.getAttribute('aria-label') ?? label ?? one.textContent ?? '').trim().replace(/\\s+/g, ' ');
})()`;

/** Presses Tab until the element named `name` has the focus. @throws Error with the names on the way when none has */
export async function tabTo(page: Page, name: string | RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    const focused = await page.evaluate<string>(FOCUSED);
    if (typeof name === 'string' ? focused === name : name.test(focused)) return;
    passed.push(focused.slice(0, 40));
    await page.keyboard.press(key);
  }
  throw new Error(`the tab key never comes to ${String(name)}: ${passed.join(' | ')}`);
}
