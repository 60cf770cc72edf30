/** @file A figure as a list of marks in points (1/72 inch), whatever file it becomes: SVG for the PNG, operators for the PDF. */

interface At {
  readonly x: number;
  readonly y: number;
}

export interface TextMark extends At {
  readonly kind: 'text';
  /** Of the line's baseline. */
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly bold?: boolean;
  readonly colour?: string;
}

export interface ImageMark extends At {
  readonly kind: 'image';
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

export interface RectMark extends At {
  readonly kind: 'rect';
  readonly width: number;
  readonly height: number;
  readonly fill: string | null;
  readonly stroke: string | null;
  readonly dashed?: boolean;
}

export type Mark = TextMark | ImageMark | RectMark;

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly marks: readonly Mark[];
}

/** Mean width of a letter of Helvetica, of its size: for wrapping short lines, on the safe side. */
const LETTER = 0.51;

/** `text` in at most `most` lines that fit `width` points; what does not fit ends with `…`. */
export function wrapped(text: string, width: number, size: number, most: number): readonly string[] {
  const room = Math.max(4, Math.floor(width / (size * LETTER)));
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  const kept = lines.slice(0, most).map((one) => (one.length > room ? `${one.slice(0, room - 1)}…` : one));
  const last = kept.at(-1) ?? '';
  if (lines.length > most && !last.endsWith('…')) {
    kept[kept.length - 1] = `${last.slice(0, room - 1)}…`;
  }
  return kept;
}
