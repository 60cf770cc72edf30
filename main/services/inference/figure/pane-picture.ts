/** @file One pane of a figure: the film as it opens, or as a model saw it, under an attention map in the film's geometry. */
import sharp, { type Sharp } from 'sharp';

import type { Resolution } from '../../../../shared/domain/recipe.ts';
import { colourTable, overlayAlpha, type ColourMapName } from '../../../../shared/domain/colour-map.ts';
import { uprightSize } from '../../../../shared/domain/geometry.ts';
import type { FilmId } from '../../../../shared/domain/ids.ts';
import { buildDisplayLut, isUsableVoi, type VoiLut } from '../../../../shared/domain/lut.ts';
import { bilinear } from '../../../../shared/domain/resample.ts';
import type { FilmBytes } from '../../library/film-bytes.ts';

/** Long side of a pane, pixels: 300 dots an inch over its 1.3 inches, with room. */
const PANE_PX = 480;

/** Grey [height × width], upright. */
export interface PaneFilm {
  readonly grey: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PaneOverlay {
  /** Row-major [grid · grid], 0..1. */
  readonly shares: readonly number[];
  readonly grid: number;
  readonly colourMap: ColourMapName;
  readonly opacity: number;
}

function sizeOf(rows: number, cols: number, aspect: number): { width: number; height: number } {
  const upright = uprightSize(rows, cols, aspect);
  const scale = PANE_PX / Math.max(upright.width, upright.height);
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: side(upright.width), height: side(upright.height) };
}

/** The film with its own window, as the viewer opens it. @throws ServiceError UNREADABLE_FILE, NOT_FOUND */
export async function originalFilm(films: FilmBytes, filmId: FilmId): Promise<PaneFilm> {
  const source = await films.viewerImage(filmId, 0);
  const bytes = await films.frame(filmId, 0);
  const { rows, cols, elementType, minStored, maxStored } = source;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at: Readonly<Record<typeof elementType, (index: number) => number>> = {
    uint8: (index) => view.getUint8(index),
    int8: (index) => view.getInt8(index),
    uint16: (index) => view.getUint16(index * 2, true),
    int16: (index) => view.getInt16(index * 2, true),
  };
  const stored = at[elementType];
  const width = Math.max(1, maxStored - minStored);
  const whole: VoiLut = { kind: 'window', center: minStored + width / 2, width, function: 'LINEAR_EXACT' };
  const voi = source.voiLuts.find(isUsableVoi) ?? whole;
  const lut = buildDisplayLut(
    { modality: source.modalityLut, voi, invert: source.invert },
    minStored,
    maxStored,
  );
  const last = lut.grey.length - 1;
  const grey = Uint8Array.from({ length: rows * cols }, (_, index) => {
    const entry = Math.min(last, Math.max(0, stored(index) - lut.first));
    return lut.grey[entry] ?? 0;
  });
  const size = sizeOf(rows, cols, source.pixelAspect);
  return await resized(sharp(grey, { raw: { width: cols, height: rows, channels: 1 } }), size, 'lanczos3');
}

/** What a model of this resolution saw, its pixels kept visible, in the film's own shape. */
export async function inputFilm(
  films: FilmBytes,
  filmId: FilmId,
  resolution: Resolution,
  { width, height }: Pick<PaneFilm, 'width' | 'height'>,
): Promise<PaneFilm> {
  return await resized(sharp(await films.input(filmId, resolution)), { width, height }, 'nearest');
}

async function resized(
  picture: Sharp,
  { width, height }: { width: number; height: number },
  kernel: 'lanczos3' | 'nearest',
): Promise<PaneFilm> {
  const grey = await picture
    .resize(width, height, { fit: 'fill', kernel })
    .toColourspace('b-w')
    .extractChannel(0)
    .raw()
    .toBuffer();
  return { grey: new Uint8Array(grey), width, height };
}

/** RGB, row-major [height × width × 3]: the map's grid stretches over the whole film. */
export function blendPane({ grey, width, height }: PaneFilm, overlay: PaneOverlay | null): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const smooth =
    overlay === null ? null : bilinear(overlay.shares, overlay.grid, overlay.grid, width, height);
  const colours = colourTable(overlay?.colourMap ?? 'inferno');
  grey.forEach((value, index) => {
    const share = Math.min(1, Math.max(0, smooth?.[index] ?? 0));
    const alpha = overlay === null ? 0 : overlayAlpha(share, overlay.opacity);
    const entry = Math.round(share * 255) * 3;
    for (let channel = 0; channel < 3; channel++) {
      pixels[index * 3 + channel] = Math.round(value * (1 - alpha) + (colours[entry + channel] ?? 0) * alpha);
    }
  });
  return pixels;
}

/** RGB PNG. */
export async function panePng(film: PaneFilm, overlay: PaneOverlay | null): Promise<Uint8Array> {
  const { width, height } = film;
  const picture = sharp(blendPane(film, overlay), { raw: { width, height, channels: 3 } });
  return new Uint8Array(await picture.png({ compressionLevel: 9 }).toBuffer());
}
