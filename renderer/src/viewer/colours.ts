/** @file TEMP. */
export const COLOUR_MAPS = ['inferno', 'viridis', 'cividis'] as const;
export type ColourMapName = (typeof COLOUR_MAPS)[number];
export function colourTable(_name: ColourMapName): Uint8Array {
  const table = new Uint8Array(768);
  for (let i = 0; i < 256; i++) {
    table[i * 3] = i;
    table[i * 3 + 1] = Math.max(0, i - 80);
    table[i * 3 + 2] = i < 128 ? i : 255 - i;
  }
  return table;
}
