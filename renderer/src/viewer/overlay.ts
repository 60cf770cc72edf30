/**
 * @file An attention map painted over the film. The model's input is the whole film stretched to a square, so the map's grid
 * stretches over the whole film.
 */
import type { AttentionMap } from '../../../shared/contract/inference.ts';
import { spread } from '../../../shared/domain/attention-scale.ts';
import { overlayAlpha } from '../../../shared/domain/colour-map.ts';
import { colourTable, type ColourMapName } from './colours.ts';

export interface OverlayStyle {
  readonly colourMap: ColourMapName;
  /** 0..1; the alpha of the strongest cell; the weakest is see-through. */
  readonly opacity: number;
  /** Interpolates between cells; off shows the cells as they are. */
  readonly smooth: boolean;
  /** Draws the borders of the tokens. */
  readonly grid: boolean;
}

export { overlayAlpha as alphaOf };

/** What lies over a film. `context` is in film pixels; `scale` is screen pixels per film pixel. */
export interface FilmLayer {
  draw(context: CanvasRenderingContext2D, columns: number, rows: number, scale: number): void;
}

/** What a model saw in the film's place, pixel by pixel, and what lies over that. */
export class InputLayer implements FilmLayer {
  readonly #input: CanvasImageSource;
  readonly #over: FilmLayer | null;

  constructor(input: CanvasImageSource, over: FilmLayer | null) {
    this.#input = input;
    this.#over = over;
  }

  draw(context: CanvasRenderingContext2D, columns: number, rows: number, scale: number): void {
    context.save();
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#input, 0, 0, columns, rows);
    context.restore();
    this.#over?.draw(context, columns, rows, scale);
  }
}

/** A map in colours, ready to be drawn onto a film of any size. */
export class PaintedOverlay implements FilmLayer {
  readonly #cells = document.createElement('canvas');
  readonly #side: number;
  readonly #style: OverlayStyle;

  /** @param shares 0..1 a cell; else from the map's weakest cell to its strongest */
  constructor(
    map: Pick<AttentionMap, 'grid' | 'values'>,
    style: OverlayStyle,
    shares: readonly number[] = spread(map.values),
  ) {
    this.#side = map.grid;
    this.#style = style;
    this.#cells.width = map.grid;
    this.#cells.height = map.grid;
    const context = this.#cells.getContext('2d');
    if (context === null) return;
    const data = context.createImageData(map.grid, map.grid);
    const colours = colourTable(style.colourMap);
    shares.forEach((share, index) => {
      const at = Math.round(share * 255) * 3;
      data.data[index * 4] = colours[at] ?? 0;
      data.data[index * 4 + 1] = colours[at + 1] ?? 0;
      data.data[index * 4 + 2] = colours[at + 2] ?? 0;
      data.data[index * 4 + 3] = Math.round(overlayAlpha(share, style.opacity) * 255);
    });
    context.putImageData(data, 0, 0);
  }

  draw(context: CanvasRenderingContext2D, columns: number, rows: number, scale: number): void {
    context.save();
    context.imageSmoothingEnabled = this.#style.smooth;
    context.drawImage(this.#cells, 0, 0, columns, rows);
    if (this.#style.grid) {
      context.lineWidth = 1 / scale;
      context.strokeStyle = 'rgb(255 255 255 / 28%)';
      context.beginPath();
      for (let line = 0; line <= this.#side; line++) {
        const x = (line / this.#side) * columns;
        const y = (line / this.#side) * rows;
        context.moveTo(x, 0);
        context.lineTo(x, rows);
        context.moveTo(0, y);
        context.lineTo(columns, y);
      }
      context.stroke();
    }
    context.restore();
  }
}
