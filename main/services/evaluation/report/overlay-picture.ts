/** @file An attention map over the film that it belongs to, as one opaque picture: what the window shows, on paper. */
import sharp from 'sharp';

import type { AttentionMap } from '../../../../shared/contract/inference.ts';
import { spread } from '../../../../shared/domain/attention-scale.ts';
import { colourTable, overlayAlpha, type ColourMapName } from '../../../../shared/domain/colour-map.ts';
import { MODEL_SIDE } from '../../../../shared/domain/geometry.ts';
import { bilinear } from '../../../../shared/domain/resample.ts';

export const REPORT_COLOUR_MAP: ColourMapName = 'inferno';
/** Of the strongest cell; the weakest is see-through. */
export const REPORT_OPACITY = 0.6;

/** Film [224 × 224] grey under the map from its weakest cell to its strongest, interpolated between cells. RGB, row-major [224 × 224 × 3]. */
export function blendOverlay(
  film: Uint8Array,
  { grid, values }: Pick<AttentionMap, 'grid' | 'values'>,
): Uint8Array {
  const smooth = bilinear(spread(values), grid, grid, MODEL_SIDE, MODEL_SIDE);
  const colours = colourTable(REPORT_COLOUR_MAP);
  const pixels = new Uint8Array(MODEL_SIDE * MODEL_SIDE * 3);
  smooth.forEach((raw, index) => {
    const value = Math.min(1, Math.max(0, raw));
    const alpha = overlayAlpha(value, REPORT_OPACITY);
    const entry = Math.round(value * 255) * 3;
    const grey = film[index] ?? 0;
    for (let channel = 0; channel < 3; channel++) {
      pixels[index * 3 + channel] = Math.round(grey * (1 - alpha) + (colours[entry + channel] ?? 0) * alpha);
    }
  });
  return pixels;
}

/** RGB PNG, 224 × 224. */
export async function overlayPng(
  film: Uint8Array,
  map: Pick<AttentionMap, 'grid' | 'values'>,
): Promise<Uint8Array> {
  const picture = sharp(blendOverlay(film, map), {
    raw: { width: MODEL_SIDE, height: MODEL_SIDE, channels: 3 },
  });
  return new Uint8Array(await picture.png({ compressionLevel: 9 }).toBuffer());
}
