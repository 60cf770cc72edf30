/** @file One frame of a film as displayed, small enough to print, with what a reader drew over it. */
import sharp from 'sharp';

import type { FilmId } from '../../../shared/domain/ids.ts';
import { findingColour } from '../../../shared/domain/findings.ts';
import { uprightSize } from '../../../shared/domain/geometry.ts';
import { applyDisplayLut, buildDisplayLut } from '../../../shared/domain/lut.ts';
import { areaAverage, toGreyBytes } from '../../../shared/domain/resample.ts';
import { boundsOf, type Shape } from '../../../shared/domain/shape.ts';
import { html, type Html } from '../evaluation/report/html.ts';
import type { FilmBytes } from '../library/film-bytes.ts';

/** Long side, pixels: sharp at the width of a printed page. */
const LONGEST = 1000;
/** Two to a page at most. */
const TALLEST_MM = 110;
const ARRAYS = { uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array } as const;

export interface FramePicture {
  /** Data URL. */
  readonly href: string;
  /** Height : width of one pixel of the film. */
  readonly aspect: number;
}

/** @throws ServiceError UNREADABLE_FILE, NOT_FOUND */
export async function framePicture(
  filmBytes: FilmBytes,
  filmId: FilmId,
  frame: number,
): Promise<FramePicture> {
  const image = await filmBytes.viewerImage(filmId, frame);
  const bytes = Uint8Array.from(await filmBytes.frame(filmId, frame));
  const stored = new ARRAYS[image.elementType](bytes.buffer);
  const [voi] = image.voiLuts;
  if (voi === undefined) throw new Error('a film has at least one window');
  const chain = { modality: image.modalityLut, voi, invert: image.invert };
  const shown = applyDisplayLut(buildDisplayLut(chain, image.minStored, image.maxStored), stored);
  const factor = Math.min(1, LONGEST / Math.max(image.rows, image.cols));
  const width = Math.max(1, Math.round(image.cols * factor));
  const height = Math.max(1, Math.round(image.rows * factor));
  const grey = toGreyBytes(areaAverage(shown, image.cols, image.rows, width, height));
  const picture = sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
  const data = (await picture.jpeg({ quality: 88 }).toBuffer()).toString('base64');
  return { href: `data:image/jpeg;base64,${data}`, aspect: image.pixelAspect };
}

function outline({ kind, points }: Shape): Html {
  const path = points.map(({ x, y }) => `${x},${y}`).join(' ');
  const { x, y, width, height } = boundsOf(points);
  if (kind === 'rectangle') return html`<rect x="${x}" y="${y}" width="${width}" height="${height}" />`;
  if (kind === 'ellipse') {
    return html`<ellipse
      cx="${x + width / 2}"
      cy="${y + height / 2}"
      rx="${width / 2}"
      ry="${height / 2}"
    />`;
  }
  if (kind === 'freehand') return html`<polygon points="${path}" />`;
  if (kind === 'point' || kind === 'probe') return html`<circle cx="${x}" cy="${y}" r="0.8%" />`;
  return html`<polyline points="${path}" />`;
}

/** Picture and marks in the film's own coordinates; the marks keep their width at any size. */
export function markedPicture(
  { href, aspect }: FramePicture,
  { rows, cols }: { readonly rows: number; readonly cols: number },
  marks: readonly { readonly finding: string; readonly shape: Shape }[],
  words: string,
): Html {
  const { width, height } = uprightSize(rows, cols, aspect);
  const shape = `aspect-ratio: ${width} / ${height}; max-width: ${(TALLEST_MM * width) / height}mm`;
  return html`<svg
    viewBox="0 0 ${cols} ${rows}"
    preserveAspectRatio="none"
    style="${shape}"
    role="img"
    aria-label="${words}"
  >
    <image href="${href}" x="0" y="0" width="${cols}" height="${rows}" preserveAspectRatio="none" />
    ${marks.map(
      ({ finding, shape }) =>
        html`<g fill="none" stroke="${findingColour(finding)}" stroke-width="2" class="mark"
          >${outline(shape)}</g
        >`,
    )}
  </svg>`;
}
