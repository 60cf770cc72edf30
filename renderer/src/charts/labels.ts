/** @file Labels at the ends of curves: pushed apart so that none covers another. */

export interface EndLabel {
  readonly text: string;
  readonly colour: string;
  /** Where the curve ends, pixels from the top. */
  readonly y: number;
}

/** New places for the labels, at least `gap` apart, within `top` … `bottom`, as near to the ends as that allows. */
export function spread(labels: readonly EndLabel[], gap: number, top: number, bottom: number): EndLabel[] {
  const placed = [...labels].sort((a, b) => a.y - b.y).map((label) => ({ ...label }));
  let floor = top;
  for (const label of placed) {
    label.y = Math.max(label.y, floor);
    floor = label.y + gap;
  }
  let ceiling = bottom;
  for (const label of placed.reverse()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - gap;
  }
  return placed.reverse();
}
