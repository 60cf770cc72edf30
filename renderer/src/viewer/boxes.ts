/**
 * @file Boxes that readers drew, over the film: outline in the finding's colour, finding and reader at the corner. Lines and
 * letters keep their size on the screen whatever the zoom, and letters stay upright.
 */
import type { FilmBox } from '../../../shared/contract/library.ts';
import { findingColour } from '../../../shared/domain/findings.ts';

const LINE = 1.75;
const FONT = 11;
const PADDING = 4;
const HEIGHT = 16;

/** `context` is in film pixels when this is called and when it returns. @param dot canvas pixels a CSS pixel */
export function drawBoxes(context: CanvasRenderingContext2D, boxes: readonly FilmBox[], dot: number): void {
  const film = context.getTransform();
  for (const { finding, x, y, width, height } of boxes) {
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.setTransform(dot, 0, 0, dot, 0, 0); // the path keeps its place, the line its width
    context.lineWidth = LINE + 2;
    context.strokeStyle = 'rgb(0 0 0 / 55%)';
    context.stroke();
    context.lineWidth = LINE;
    context.strokeStyle = findingColour(finding);
    context.stroke();
    context.restore();
  }
  // No line runs over a name.
  const taken: { left: number; top: number; right: number }[] = [];
  for (const { finding, reader, x, y, width, height } of boxes) {
    context.save();
    context.setTransform(dot, 0, 0, dot, 0, 0);
    const corners = [
      [x, y],
      [x + width, y],
      [x, y + height],
      [x + width, y + height],
    ].map(([atX, atY]) => film.transformPoint(new DOMPoint(atX, atY)));
    const left = Math.min(...corners.map((corner) => corner.x)) / dot;
    let top = Math.max(0, Math.min(...corners.map((corner) => corner.y)) / dot - HEIGHT);
    const words = reader === null ? finding : `${finding} · ${reader}`;
    context.font = `${FONT}px system-ui, sans-serif`;
    const right = left + context.measureText(words).width + 2 * PADDING;
    // Several readers draw the same place: their names stand one under the other.
    while (taken.some((one) => Math.abs(one.top - top) < HEIGHT && one.left < right && left < one.right)) {
      top += HEIGHT;
    }
    taken.push({ left, top, right });
    context.fillStyle = findingColour(finding);
    context.fillRect(left, top, right - left, HEIGHT);
    context.fillStyle = '#111';
    context.textBaseline = 'middle';
    context.fillText(words, left + PADDING, top + HEIGHT / 2);
    context.restore();
  }
}
