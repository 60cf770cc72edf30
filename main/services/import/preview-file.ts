/**
 * @file The file of a preview: a line of JSON that says how the film's values become grey, then the picture. It has no word
 * that stands in the film. The decoding process packs it, film-bytes.ts unpacks it.
 */
import { z } from 'zod';

import { viewerImage } from '../../../shared/contract/library.ts';
import type { ViewerFrame } from '../../dicom/viewer-frame.ts';

/** Raised when main/dicom makes other greys or another description of the same film: older previews are then made anew. */
const PREVIEW_VERSION = 'chestlight-preview/1';
/** A table of 65,536 entries takes less. */
const MAX_HEAD_BYTES = 2_000_000;
const NEWLINE = 0x0a;

const described = viewerImage.omit({
  filmId: true,
  frame: true,
  href: true,
  colour: true,
  overlays: true,
});
const head = z.object({ version: z.literal(PREVIEW_VERSION), film: described });

/** What a film looks like, without whose it is and where its bytes are. */
export type DescribedFilm = z.infer<typeof described>;

export interface Preview {
  readonly film: DescribedFilm;
  /** JPEG in greys. */
  readonly picture: Uint8Array;
}

export function packPreview(
  frame: ViewerFrame,
  size: Pick<DescribedFilm, 'rows' | 'cols' | 'frames'>,
  picture: Uint8Array,
): Uint8Array {
  const { elementType, minStored, maxStored, invert, modalityLut, voiLuts, spacing, pixelAspect } = frame;
  const film = {
    ...size,
    elementType,
    minStored,
    maxStored,
    invert,
    modalityLut: withoutWords(modalityLut),
    voiLuts: voiLuts.map(withoutWords),
    spacing,
    pixelAspect,
  };
  const line = new TextEncoder().encode(`${JSON.stringify({ version: PREVIEW_VERSION, film })}\n`);
  const packed = new Uint8Array(line.length + picture.length);
  packed.set(line);
  packed.set(picture, line.length);
  return packed;
}

/** An explanation is free text of the film. */
function withoutWords<Lut extends object>(lut: Lut): Omit<Lut, 'explanation'> {
  return { ...lut, explanation: undefined };
}

/** null for a file of another version or one that is damaged. */
export function unpackPreview(file: Uint8Array): Preview | null {
  const end = file.subarray(0, MAX_HEAD_BYTES).indexOf(NEWLINE);
  if (end < 0) return null;
  try {
    const read = head.safeParse(JSON.parse(new TextDecoder().decode(file.subarray(0, end))));
    return read.success ? { film: read.data.film, picture: file.subarray(end + 1) } : null;
  } catch {
    return null; // not JSON: as good as no preview, and made anew
  }
}
