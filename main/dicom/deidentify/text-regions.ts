/**
 * @file A warning of writing in a picture, by a simple method: shapes of the size of letters that stand out from what is around
 * them with strokes of one grey, side by side in a line, four at least. It reads nothing, misses faint, slanted or hand-written
 * text, and takes some lines of dense structure for text: a person has to look in any case.
 */
import type { BlackBox } from './options.ts';

/** The long side that is looked at, in pixels: larger pictures are sampled. */
const WORKING_SIDE = 1400;
const MIN_HEIGHT = 5;
/** Letters higher than this share of the long side are markers or anatomy. */
const MAX_HEIGHT_SHARE = 1 / 14;
/** Grey levels (of 256) that a stroke stands out from the mean around it. */
const CONTRAST = 30;
/** Grey levels that the pixels of a stroke may differ by, as the mean absolute deviation. */
const EVENNESS = 25;
const MIN_LETTERS = 4;
/** Letters that touch make one shape: at most so many times as wide as high. */
const MAX_WORD = 20;

interface Letter {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly grey: number;
  /** More than one where letters touch. */
  readonly count: number;
}

/**
 * Boxes around lines of what looks like text, in pixels of the picture, largest first.
 * @param grey the picture as displayed, [rows × cols]
 */
export function findTextRegions(grey: Uint8Array, rows: number, cols: number): readonly BlackBox[] {
  const step = Math.max(1, Math.ceil(Math.max(rows, cols) / WORKING_SIDE));
  const width = Math.floor(cols / step);
  const height = Math.floor(rows / step);
  if (width < 16 || height < 16) return [];
  const picture = sampled(grey, cols, width, height, step);
  const around = localMean(picture, width, height, Math.max(8, Math.round(Math.max(width, height) / 60)));
  const found: (readonly Letter[])[] = [];
  for (const sign of [1, -1]) {
    const mask = Uint8Array.from(picture, (value, at) =>
      sign * (value - (around[at] ?? 0)) > CONTRAST ? 1 : 0,
    );
    found.push(...textLines(letters(mask, picture, width, height)));
  }
  const margin = 2 * step;
  const boxes = found.map((line) => boxOf(line, step, margin, rows, cols));
  return joined(boxes).sort((a, b) => b.width * b.height - a.width * a.height);
}

/** Boxes that touch, as one: strokes and the holes between them are found apart. */
function joined(boxes: readonly BlackBox[]): BlackBox[] {
  const result: BlackBox[] = [];
  for (const box of boxes) {
    let whole = box;
    for (
      let at = result.findIndex((one) => touch(one, whole));
      at !== -1;
      at = result.findIndex((one) => touch(one, whole))
    ) {
      const [other] = result.splice(at, 1);
      if (other !== undefined) whole = around(other, whole);
    }
    result.push(whole);
  }
  return result;
}

function touch(a: BlackBox, b: BlackBox): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

function around(a: BlackBox, b: BlackBox): BlackBox {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** Means of step × step pixels. */
function sampled(grey: Uint8Array, cols: number, width: number, height: number, step: number): Uint8Array {
  if (step === 1 && cols === width) return grey;
  const result = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      let sum = 0;
      for (let y = 0; y < step; y++) {
        for (let x = 0; x < step; x++) sum += grey[(row * step + y) * cols + col * step + x] ?? 0;
      }
      result[row * width + col] = sum / (step * step);
    }
  }
  return result;
}

/** Mean over a square of 2 × radius + 1, by a table of sums. */
function localMean(picture: Uint8Array, width: number, height: number, radius: number): Float32Array {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let row = 0; row < height; row++) {
    let line = 0;
    for (let col = 0; col < width; col++) {
      line += picture[row * width + col] ?? 0;
      sums[(row + 1) * (width + 1) + col + 1] = (sums[row * (width + 1) + col + 1] ?? 0) + line;
    }
  }
  const at = (row: number, col: number): number => sums[row * (width + 1) + col] ?? 0;
  const result = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const [top, bottom] = [Math.max(0, row - radius), Math.min(height, row + radius + 1)];
    for (let col = 0; col < width; col++) {
      const [left, right] = [Math.max(0, col - radius), Math.min(width, col + radius + 1)];
      const sum = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
      result[row * width + col] = sum / ((bottom - top) * (right - left));
    }
  }
  return result;
}

/** Connected shapes (8 neighbours) of a letter's size and evenness. */
function letters(mask: Uint8Array, picture: Uint8Array, width: number, height: number): readonly Letter[] {
  const found: Letter[] = [];
  const maxHeight = Math.max(width, height) * MAX_HEIGHT_SHARE;
  const stack: number[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== 1) continue;
    let [left, right, top, bottom] = [width, 0, height, 0];
    const members: number[] = [];
    stack.push(start);
    mask[start] = 2;
    while (stack.length > 0) {
      const at = stack.pop() ?? 0;
      members.push(at);
      const [row, col] = [Math.floor(at / width), at % width];
      left = Math.min(left, col);
      right = Math.max(right, col);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, col - 1); x <= Math.min(width - 1, col + 1); x++) {
          const next = y * width + x;
          if (mask[next] !== 1) continue;
          mask[next] = 2;
          stack.push(next);
        }
      }
    }
    const [high, wide] = [bottom - top + 1, right - left + 1];
    const fill = members.length / (high * wide);
    if (high < MIN_HEIGHT || high > maxHeight || wide > high * MAX_WORD || wide * 8 < high || fill < 0.12)
      continue;
    const count = wide <= high * 1.6 ? 1 : lettersOfWord(members, width, high, wide);
    if (count === 0) continue;
    const grey = members.reduce((sum, at) => sum + (picture[at] ?? 0), 0) / members.length;
    const spread = members.reduce((sum, at) => sum + Math.abs((picture[at] ?? 0) - grey), 0) / members.length;
    if (spread <= EVENNESS) found.push({ left, right, top, bottom, grey, count });
  }
  return found.sort((a, b) => a.left - b.left);
}

/** How many letters a wide shape may be: writing has about one and a half strokes a letter in each row, wires and edges have one. */
function lettersOfWord(members: readonly number[], width: number, high: number, wide: number): number {
  const sorted = [...members].sort((a, b) => a - b);
  let strokes = 0;
  sorted.forEach((at, index) => {
    if (index === 0 || sorted[index - 1] !== at - 1 || at % width === 0) strokes += 1;
  });
  const perRow = strokes / high;
  return perRow >= (0.75 * wide) / high && perRow <= (3 * wide) / high ? Math.round(wide / high / 0.7) : 0;
}

/** Chains of letters of like height and grey on one line, close together. */
function textLines(all: readonly Letter[]): readonly (readonly Letter[])[] {
  const lines: Letter[][] = [];
  for (const letter of all) {
    const line = lines.find((one) => continues(one[one.length - 1], letter));
    if (line === undefined) lines.push([letter]);
    else line.push(letter);
  }
  return lines
    .filter((line) => line.reduce((sum, { count }) => sum + count, 0) >= MIN_LETTERS)
    .map((line) => extended(line, all));
}

/** Takes in what stands beside a line at its height, whatever its grey: other words of it, letters that touch an edge. */
function extended(line: readonly Letter[], all: readonly Letter[]): readonly Letter[] {
  const result = [...line];
  const rest = all.filter((letter) => !line.includes(letter));
  for (let grew = true; grew;) {
    const left = Math.min(...result.map((one) => one.left));
    const right = Math.max(...result.map((one) => one.right));
    const top = Math.min(...result.map((one) => one.top));
    const bottom = Math.max(...result.map((one) => one.bottom));
    const height = bottom - top + 1;
    const at = rest.findIndex(
      (one) =>
        one.left - right < height * 2 &&
        left - one.right < height * 2 &&
        Math.min(bottom, one.bottom) - Math.max(top, one.top) + 1 > (one.bottom - one.top + 1) * 0.6,
    );
    grew = at !== -1;
    if (grew) result.push(...rest.splice(at, 1));
  }
  return result;
}

function continues(last: Letter | undefined, next: Letter): boolean {
  if (last === undefined) return false;
  const [a, b] = [last.bottom - last.top + 1, next.bottom - next.top + 1];
  const height = Math.max(a, b);
  const gap = next.left - last.right;
  return (
    gap > 0 &&
    gap < height * 1.3 &&
    Math.min(a, b) / height > 0.6 &&
    Math.abs(last.bottom - next.bottom) < height * 0.35 &&
    Math.abs(last.grey - next.grey) < 40
  );
}

function boxOf(line: readonly Letter[], step: number, margin: number, rows: number, cols: number): BlackBox {
  const height = Math.max(...line.map((one) => one.bottom - one.top + 1));
  const beside = margin + Math.round(height * 1.5) * step; // a letter that was not told from its surroundings
  const left = Math.max(0, Math.min(...line.map((one) => one.left)) * step - beside);
  const top = Math.max(0, Math.min(...line.map((one) => one.top)) * step - margin);
  const right = Math.min(cols, (Math.max(...line.map((one) => one.right)) + 1) * step + beside);
  const bottom = Math.min(rows, (Math.max(...line.map((one) => one.bottom)) + 1) * step + margin);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
