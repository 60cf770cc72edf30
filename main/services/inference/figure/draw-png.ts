/** @file A drawing as a PNG of 300 dots an inch: marks as SVG, painted by the picture library. */
import sharp from 'sharp';

import type { Drawing, Mark } from './drawing.ts';

const DPI = 300;
const POINTS_PER_INCH = 72;
const FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

function escaped(text: string): string {
  // eslint-disable-next-line no-control-regex -- XML has no such characters, and a run's name is what a person typed
  const plain = text.replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ');
  return plain.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function svgOf(mark: Mark): string {
  switch (mark.kind) {
    case 'text':
      return `<text x="${mark.x}" y="${mark.y}" font-size="${mark.size}" font-weight="${mark.bold ? 'bold' : 'normal'}" fill="${mark.colour ?? '#14181d'}">${escaped(mark.text)}</text>`;
    case 'rect':
      return `<rect x="${mark.x}" y="${mark.y}" width="${mark.width}" height="${mark.height}" fill="${mark.fill ?? 'none'}" stroke="${mark.stroke ?? 'none'}" stroke-width="0.6"${mark.dashed ? ' stroke-dasharray="3 2"' : ''}/>`;
    case 'image':
      return '';
  }
}

/** Marks above the pictures stay above them: pictures are laid first, everything else over them. */
export async function drawPng({ width, height, marks }: Drawing): Promise<Uint8Array> {
  const scale = DPI / POINTS_PER_INCH;
  const across = Math.round(width * scale);
  const down = Math.round(height * scale);
  const pictures = await Promise.all(
    marks
      .filter((mark) => mark.kind === 'image')
      .map(async ({ x, y, width: wide, height: high, png }) => ({
        input: await sharp(png)
          .resize(Math.round(wide * scale), Math.round(high * scale), { fit: 'fill', kernel: 'cubic' })
          .png()
          .toBuffer(),
        left: Math.round(x * scale),
        top: Math.round(y * scale),
      })),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${across}" height="${down}" viewBox="0 0 ${width} ${height}" font-family="${FONTS}">${marks.map(svgOf).join('')}</svg>`;
  const paper = sharp({ create: { width: across, height: down, channels: 3, background: '#ffffff' } });
  const bytes = await paper
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .withMetadata({ density: DPI })
    .png({ compressionLevel: 8 })
    .toBuffer();
  return new Uint8Array(bytes);
}
