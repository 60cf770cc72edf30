/** @file A drawing as a PDF of one page: text stays text, pictures are embedded as they are. */
import PDFDocument from 'pdfkit';

import type { Drawing, Mark } from './drawing.ts';

/** The standard fonts of a PDF write Latin text (Windows-1252); other letters of a run's name become question marks. */
function latin(text: string): string {
  return text.replace(/[^\u0020-\u007e\u00a0-\u00ff–—‘’“”•…€]/gu, '?');
}

function draw(document: PDFKit.PDFDocument, mark: Mark): void {
  switch (mark.kind) {
    case 'text':
      document
        .font(mark.bold ? 'Helvetica-Bold' : 'Helvetica')
        .fontSize(mark.size)
        .fillColor(mark.colour ?? '#14181d')
        .text(latin(mark.text), mark.x, mark.y, { lineBreak: false, baseline: 'alphabetic' });
      return;
    case 'image':
      document.image(Buffer.from(mark.png), mark.x, mark.y, { width: mark.width, height: mark.height });
      return;
    case 'rect':
      document.rect(mark.x, mark.y, mark.width, mark.height).lineWidth(0.6);
      if (mark.dashed) document.dash(3, { space: 2 });
      if (mark.fill !== null && mark.stroke !== null) document.fillAndStroke(mark.fill, mark.stroke);
      else if (mark.fill !== null) document.fill(mark.fill);
      else document.stroke(mark.stroke ?? '#000000');
      document.undash();
  }
}

/** Pictures first, everything else over them, as in the PNG. */
export async function drawPdf({ width, height, title, marks }: Drawing, now: number): Promise<Uint8Array> {
  const document = new PDFDocument({
    size: [width, height],
    margin: 0,
    info: { Title: title, Creator: 'Chestlight', CreationDate: new Date(now) },
  });
  const chunks: Buffer[] = [];
  const written = new Promise<void>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve());
    document.on('error', reject);
  });
  for (const mark of marks) if (mark.kind === 'image') draw(document, mark);
  for (const mark of marks) if (mark.kind !== 'image') draw(document, mark);
  document.end();
  await written;
  return new Uint8Array(Buffer.concat(chunks));
}
