/** @file The film as the model sees it with its attention on top: one picture to keep or to print. */
import sharp from 'sharp';

import type { AttentionMap } from '../../../shared/contract/inference.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';
import { attentionPng } from './attention-png.ts';

/** @param image [224 × 224] grey. @returns PNG of 224 × 224 */
export async function overlayPng(
  image: Uint8Array,
  map: Pick<AttentionMap, 'grid' | 'values'>,
): Promise<Uint8Array> {
  const film = sharp(image, { raw: { width: MODEL_SIDE, height: MODEL_SIDE, channels: 1 } }).toColourspace(
    'srgb',
  );
  const overlay = await attentionPng(map);
  return new Uint8Array(
    await film
      .composite([{ input: Buffer.from(overlay) }])
      .png()
      .toBuffer(),
  );
}
