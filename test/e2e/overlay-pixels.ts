/** @file Where a cell of an attention map must lie on the screen, and what colour is there. */
import type { Page } from 'playwright-core';

export type Rgb = readonly [red: number, green: number, blue: number];

/** Size of a viewport's canvas in CSS pixels; slot 0 is the left one. */
async function canvasSize(page: Page, slot: number): Promise<{ width: number; height: number }> {
  return page.evaluate(`(() => {
    const { width, height } = document.querySelectorAll('[data-film] canvas')[${slot}];
    return { width, height };
  })()`);
}

/** How the film lies in its viewport. */
export interface Placement {
  /** 1 = the film fits the shorter side of the viewport. */
  readonly zoom: number;
  /** From the viewport's centre to the film's, CSS pixels. */
  readonly shift: readonly [x: number, y: number];
}

/** Colour in the middle of a cell of a [grid, grid] map over a square film. */
export async function cellColour(
  page: Page,
  place: { readonly slot: number; readonly grid: number; readonly cell: number } & Placement,
): Promise<Rgb> {
  const { slot, grid, cell, zoom, shift } = place;
  const { width, height } = await canvasSize(page, slot);
  const side = Math.min(width, height) * zoom;
  const along = (at: number): number => ((at + 0.5) / grid - 0.5) * side;
  const x = Math.round(width / 2 + shift[0] + along(cell % grid));
  const y = Math.round(height / 2 + shift[1] + along(Math.floor(cell / grid)));
  if (x < 0 || y < 0 || x >= width || y >= height) throw new Error(`cell ${cell} is out of sight`);
  return page.evaluate<Rgb>(`(() => {
    const canvas = document.querySelectorAll('[data-film] canvas')[${slot}];
    return [...canvas.getContext('2d').getImageData(${x}, ${y}, 1, 1).data].slice(0, 3);
  })()`);
}

/**
 * How much lighter the borders of the tokens are than the film two pixels beside them, grey levels: the mean along the borders that run
 * down, the middle half of the film.
 */
export async function lightOnBorders(
  page: Page,
  place: { readonly slot: number; readonly grid: number } & Placement,
): Promise<number> {
  const { slot, grid, zoom, shift } = place;
  const { width, height } = await canvasSize(page, slot);
  const side = Math.min(width, height) * zoom;
  const lines = Array.from(
    { length: grid - 1 },
    (_, line) => width / 2 + shift[0] + ((line + 1) / grid - 0.5) * side,
  );
  const top = Math.round(height / 2 + shift[1] - side / 4);
  return page.evaluate<number>(`(() => {
    const context = document.querySelectorAll('[data-film] canvas')[${slot}].getContext('2d');
    const mean = (x) => {
      const { data } = context.getImageData(x, ${top}, 1, ${Math.round(side / 2)});
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += (data[at] + data[at + 1] + data[at + 2]) / 3;
      return sum / (data.length / 4);
    };
    // a line one pixel wide lies on one column or on two
    const lighter = ${JSON.stringify(lines)}.map((x) => {
      const left = Math.floor(x - 0.5);
      return mean(left) + mean(left + 1) - mean(left - 2) - mean(left + 3);
    });
    return lighter.reduce((sum, one) => sum + one, 0) / lighter.length;
  })()`);
}

/** Grey pixels are film; the overlay's colours are not grey. */
export function isGrey([red, green, blue]: Rgb): boolean {
  return Math.max(red, green, blue) - Math.min(red, green, blue) <= 2;
}

/** Largest difference of a channel. */
export function distance(a: Rgb, b: Rgb): number {
  return Math.max(...a.map((value, channel) => Math.abs(value - (b[channel] ?? 0))));
}
