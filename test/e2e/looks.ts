/**
 * @file How a page looks: nothing wider than the window from 1024 pixels to 4K, no serious finding of axe in dark and light, and
 * pictures of each at 1366 × 768 and on a 4K screen at twice the size.
 */
import type { CDPSession, Page } from 'playwright-core';
import { expect } from 'vitest';

import { seriousViolations } from './accessibility.ts';
import { PATIENCE, type AppWindow } from './window.ts';

const SIZE = { width: 1366, height: 768 };

interface Size {
  readonly width: number;
  readonly height: number;
}

const TWO_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

/** A page is told of another density along with another size only. */
export async function setDensity(screen: CDPSession, size: Size, deviceScaleFactor: number): Promise<void> {
  for (const width of [size.width - 1, size.width]) {
    const metrics = { ...size, width, deviceScaleFactor, mobile: false };
    await screen.send('Emulation.setDeviceMetricsOverride', metrics);
    // Seen by the page before the next: two at once come to no other size.
    await screen.send('Runtime.evaluate', { expression: TWO_FRAMES, awaitPromise: true });
  }
}

/**
 * Ends what `setDensity` had set. The browser drops a session's size with it, and playwright sends a size only where it differs from
 * the last one it sent.
 */
export async function endDensity(page: Page, screen: CDPSession, size: Size): Promise<void> {
  await setDensity(screen, size, 1);
  await screen.detach();
  await page.setViewportSize({ ...size, width: size.width - 1 });
  await page.setViewportSize(size);
}

/** Leaves the window at 1366 × 768, dark. */
export async function looksRight(window: AppWindow, name: string): Promise<void> {
  const { page } = window;
  const fits = async (width: number): Promise<void> => {
    const widest = (): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth');
    await expect.poll(widest, PATIENCE).toBeLessThanOrEqual(width);
  };
  const looked = async (how: string, taken?: () => Promise<Buffer>): Promise<void> => {
    expect(await seriousViolations(page), `${name}, ${how}`).toEqual([]);
    await window.picture(`${name}-${how}`, await taken?.());
  };
  const themed = (theme: string): Promise<unknown> =>
    page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
  await page.mouse.move(1, 1);
  await page.setViewportSize({ width: 1024, height: 700 });
  await fits(1024);
  const screen = await page.context().newCDPSession(page);
  const large = { width: 1920, height: 1080 };
  await page.setViewportSize(large);
  await setDensity(screen, large, 2);
  await fits(large.width);
  // playwright's own pictures take the screen's density back
  const dense = async (): Promise<Buffer> => {
    const { data } = await screen.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  };
  for (const theme of ['light', 'dark']) {
    await themed(theme);
    await looked(`4k-${theme}`, dense);
  }
  await endDensity(page, screen, SIZE);
  await fits(SIZE.width);
  for (const theme of ['light', 'dark']) {
    await themed(theme);
    await looked(theme);
  }
}
