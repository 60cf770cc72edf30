/** @file An attention map as a picture to lay over a film: 224 × 224, colour by value, see-through where it is low. */
import sharp from 'sharp';

import type { AttentionMap } from '../../../shared/contract/inference.ts';
import { spread } from '../../../shared/domain/attention-scale.ts';
import { colourTable, overlayAlpha } from '../../../shared/domain/colour-map.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';

const OPACITY = 0.55;

/** RGBA PNG, 224 × 224: cells interpolated bilinearly, colour map inferno, from the weakest cell to the strongest. */
export async function attentionPng({
  grid,
  values,
}: Pick<AttentionMap, 'grid' | 'values'>): Promise<Uint8Array> {
  const colours = colourTable('inferno');
  const cells = Buffer.alloc(grid * grid);
  spread(values).forEach((share, index) => (cells[index] = Math.round(share * 255)));
  const smooth = await sharp(cells, { raw: { width: grid, height: grid, channels: 1 } })
    .resize(MODEL_SIDE, MODEL_SIDE, { kernel: 'linear', fit: 'fill' })
    .extractChannel(0)
    .raw()
    .toBuffer();
  const pixels = Buffer.alloc(MODEL_SIDE * MODEL_SIDE * 4);
  smooth.forEach((value, index) => {
    for (let channel = 0; channel < 3; channel++) {
      pixels[index * 4 + channel] = colours[value * 3 + channel] ?? 0;
    }
    pixels[index * 4 + 3] = Math.round(overlayAlpha(value / 255, OPACITY) * 255);
  });
  const picture = sharp(pixels, { raw: { width: MODEL_SIDE, height: MODEL_SIDE, channels: 4 } });
  return new Uint8Array(await picture.png({ compressionLevel: 6 }).toBuffer());
}
