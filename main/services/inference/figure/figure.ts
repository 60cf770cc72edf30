/** @file The attention figure as a file: gathered, laid out, drawn as PNG or PDF, kept in the library under its hash. */
import { join } from 'node:path';

import sharp from 'sharp';

import { byteRoutes } from '../../../../shared/contract/bytes.ts';
import type { FigureFormat, FigureRequest } from '../../../../shared/contract/inference.ts';
import { colourTable, overlayAlpha } from '../../../../shared/domain/colour-map.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import { sha256Of } from '../../../files/artifacts.ts';
import type { LibraryFiles } from '../../../files/library-files.ts';
import { openable } from '../../evaluation/report/write-report.ts';
import type { CallContext, Clock } from '../../service-types.ts';
import { drawPdf } from './draw-pdf.ts';
import { drawPng } from './draw-png.ts';
import { gatherFigure, type FigureSources } from './gather-figure.ts';
import { layOut } from './lay-out.ts';

/** What lies under the bar's see-through end: a middle grey, as a film. */
const BAR_GREY = 85;
const BAR_STEPS = 256;

async function colourBar({ colourMap, opacity }: FigureRequest): Promise<Uint8Array> {
  const colours = colourTable(colourMap);
  const pixels = Uint8Array.from({ length: BAR_STEPS * 3 }, (_, index) => {
    const step = Math.floor(index / 3);
    const alpha = overlayAlpha(step / (BAR_STEPS - 1), opacity);
    return Math.round(BAR_GREY * (1 - alpha) + (colours[index] ?? 0) * alpha);
  });
  const strip = sharp(pixels, { raw: { width: BAR_STEPS, height: 1, channels: 3 } });
  return new Uint8Array(
    await strip
      .resize(BAR_STEPS * 2, 16, { fit: 'fill', kernel: 'nearest' })
      .png()
      .toBuffer(),
  );
}

/** The figure's bytes; nothing is kept. @throws ServiceError NOT_FOUND, CONFLICT, BAD_INPUT, CANCELLED, UNREADABLE_FILE */
export async function drawFigure(
  sources: FigureSources,
  clock: Clock,
  request: FigureRequest,
  context: CallContext,
): Promise<Uint8Array> {
  const data = await gatherFigure(sources, request, context);
  const now = clock.now();
  const drawing = layOut(data, request, await colourBar(request), now);
  return request.format === 'pdf' ? await drawPdf(drawing, now) : await drawPng(drawing);
}

const pathOf = ({ reportsDir }: LibraryFiles, sha256: string, format: FigureFormat): string =>
  join(reportsDir, `${sha256}.${format}`);

/** @throws ServiceError READ_ONLY, DISK_FULL */
export async function keepFigure(files: LibraryFiles, bytes: Uint8Array, format: FigureFormat) {
  const sha256 = sha256Of(bytes);
  const path = pathOf(files, sha256, format);
  await files.writeAtomic(path, bytes);
  return { href: byteRoutes.figure(sha256, format), path: openable(files, path), sha256 };
}

/** @throws ServiceError NOT_FOUND when there is none or it is not what was written */
export async function readFigure(
  files: LibraryFiles,
  sha256: string,
  format: FigureFormat,
): Promise<Uint8Array> {
  const bytes = await files.vault.read(pathOf(files, sha256, format)).catch(() => null);
  if (bytes !== null && sha256Of(bytes) === sha256) return bytes;
  throw new ServiceError('NOT_FOUND', 'There is no such figure in this library. Save it again.');
}
