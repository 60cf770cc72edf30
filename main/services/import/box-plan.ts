/**
 * @file Boxes that readers drew, from a CSV with one box a row: VinDr-CXR's annotations_*.csv and train.csv of its Kaggle form
 * (x_min, y_min, x_max, y_max), NIH's BBox_List_2017.csv (x, y, w, h). Everything wrong with the file is found here.
 */
import { canonicalFinding, NO_FINDING } from '../../../shared/domain/findings.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { FilmBox } from '../../store/readings.ts';
import { classColumn, readerColumn, suggestMapping, unknownLabels } from './column-mapping.ts';
import { lineOf, type CsvTable } from './csv-table.ts';

/** A box in pixels of the film, or of a film of `size` that the file speaks of. */
export interface LabelBox extends FilmBox {
  readonly size: { readonly width: number; readonly height: number } | null;
}

const CORNERS = [
  ['xmin', 'ymin', 'xmax', 'ymax'],
  ['x1', 'y1', 'x2', 'y2'],
] as const;
const SIZES = [
  ['x', 'y', 'w', 'h'],
  ['x', 'y', 'width', 'height'],
  ['bboxx', 'y', 'w', 'h'],
] as const;
const ORIGINAL = [
  ['origwidth', 'origheight'],
  ['originalwidth', 'originalheight'],
] as const;

const squeeze = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '');

/** Where the named columns stand; null when one of them is missing. */
function placesOf(columns: readonly string[], names: readonly string[]): number[] | null {
  const squeezed = columns.map(squeeze);
  const places = names.map((name) => squeezed.indexOf(name));
  return places.includes(-1) ? null : places;
}

interface BoxColumns {
  readonly places: readonly number[];
  /** The last two are the far corner, not width and height. */
  readonly corners: boolean;
}

function boxColumns(columns: readonly string[]): BoxColumns | null {
  for (const names of CORNERS) {
    const places = placesOf(columns, names);
    if (places !== null) return { places, corners: true };
  }
  for (const names of SIZES) {
    const places = placesOf(columns, names);
    if (places !== null) return { places, corners: false };
  }
  return null;
}

/** Whether a table has a box in each row. */
export function hasBoxes(columns: readonly string[]): boolean {
  return boxColumns(columns) !== null;
}

/**
 * Boxes by film as the file names it. Rows without coordinates ("No finding") have none.
 * @throws ServiceError MISSING_COLUMNS, BAD_INPUT naming the line, UNKNOWN_LABELS
 */
export function planBoxes(table: CsvTable): ReadonlyMap<string, readonly LabelBox[]> {
  const { columns } = table;
  const layout = boxColumns(columns);
  const fileColumn = suggestMapping(columns).file;
  const named = classColumn(columns);
  if (layout === null || fileColumn === '' || named === null) {
    throw new ServiceError(
      'MISSING_COLUMNS',
      'The boxes file needs columns for the film, the finding, and x_min, y_min, x_max, y_max (or x, y, w, h). Nothing was imported.',
      { columns: columns.slice(0, 50) },
    );
  }
  const reader = readerColumn(columns);
  const at = { file: columns.indexOf(fileColumn), finding: columns.indexOf(named) };
  const readerAt = reader === null ? -1 : columns.indexOf(reader);
  const original =
    ORIGINAL.map((names) => placesOf(columns, names)).find((places) => places !== null) ?? null;
  const boxes = new Map<string, LabelBox[]>();
  const strangers = new Set<string>();
  for (const [index, cells] of table.rows.entries()) {
    const cell = (place: number): string => (cells[place] ?? '').trim();
    const texts = layout.places.map(cell);
    if (texts.every((text) => text === '')) continue;
    const name = cell(at.finding);
    const finding = canonicalFinding(name);
    if (finding === NO_FINDING) continue;
    if (finding === null) {
      strangers.add(name);
      continue;
    }
    const numbers = [...texts, ...(original ?? []).map(cell)].map((text) =>
      text === '' ? Number.NaN : Number(text),
    );
    const [x = Number.NaN, y = Number.NaN, third = Number.NaN, fourth = Number.NaN, width, height] = numbers;
    const [boxWidth, boxHeight] = layout.corners ? [third - x, fourth - y] : [third, fourth];
    const sound = numbers.every(Number.isFinite) && x >= 0 && y >= 0 && boxWidth > 0 && boxHeight > 0;
    if (!sound || (width !== undefined && height !== undefined && !(width > 0 && height > 0))) {
      throw new ServiceError(
        'BAD_INPUT',
        `Line ${lineOf(index)} of the boxes file has no box in it (${texts.join(', ').slice(0, 80)}). Nothing was imported; correct the line or leave it out.`,
        { line: lineOf(index) },
      );
    }
    const box: LabelBox = {
      finding,
      reader: readerAt < 0 || cell(readerAt) === '' ? null : cell(readerAt),
      x,
      y,
      width: boxWidth,
      height: boxHeight,
      size: width === undefined || height === undefined ? null : { width, height },
    };
    const file = cell(at.file);
    boxes.set(file, [...(boxes.get(file) ?? []), box]);
  }
  if (strangers.size > 0) throw unknownLabels([...strangers]);
  return boxes;
}

/** How far a box may reach over the edge through rounding, pixels. */
const SLACK = 1;

/** Boxes in pixels of a film of this size. Those that reach outside are no boxes of this film and are left out. */
export function boxesWithin(
  boxes: readonly LabelBox[],
  { rows, cols }: { readonly rows: number; readonly cols: number },
): readonly FilmBox[] {
  return boxes.flatMap(({ size, ...box }) => {
    const across = size === null ? 1 : cols / size.width;
    const down = size === null ? 1 : rows / size.height;
    const x = box.x * across;
    const y = box.y * down;
    const right = (box.x + box.width) * across;
    const bottom = (box.y + box.height) * down;
    if (right > cols + SLACK || bottom > rows + SLACK) return [];
    const width = Math.min(right, cols) - x;
    const height = Math.min(bottom, rows) - y;
    return width > 0 && height > 0 ? [{ ...box, x, y, width, height }] : [];
  });
}
