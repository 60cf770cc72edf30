/** @file What a shape says beside itself: measures in honest units, and where millimetres come from. */
import {
  angleOf,
  areaOf,
  cardiothoracicRatio,
  lengthOf,
  regionStatistics,
  unitOf,
  type LengthUnit,
  type PixelSize,
  type StoredFrame,
} from '../../../shared/domain/measure.ts';
import { applyModality } from '../../../shared/domain/lut.ts';
import type { Shape, ShapeKind } from '../../../shared/domain/shape.ts';

export const SHAPE_WORDS: Readonly<Record<ShapeKind, string>> = {
  length: 'Length',
  angle: 'Angle',
  ctr: 'Cardiothoracic ratio',
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  freehand: 'Outline',
  probe: 'Probe',
  arrow: 'Arrow note',
  point: 'Point',
};

const UNIT_WORDS: Readonly<Record<LengthUnit, string>> = {
  'mm-detector': 'at the detector',
  'mm-calibrated': 'calibrated',
  px: '',
};

/** `34.2 mm`, `120 px`. */
function lengthWords(value: number, unit: LengthUnit): string {
  return unit === 'px' ? `${value.toFixed(value < 100 ? 1 : 0)} px` : `${value.toFixed(1)} mm`;
}

function areaWords(value: number, unit: LengthUnit): string {
  if (unit === 'px') return `${Math.round(value).toLocaleString('en')} px²`;
  return value < 100 ? `${value.toFixed(1)} mm²` : `${(value / 100).toFixed(2)} cm²`;
}

/** `812`, `0.034`: pixel values have no unit on a chest film. */
export function valueWords(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(+value.toPrecision(3));
}

/**
 * Lines to write beside the shape; none for a shape that measures nothing.
 * @param frame null while the film's pixels are on their way: what is counted from them is left out
 */
export function measureLines(shape: Shape, size: PixelSize, frame: StoredFrame | null): readonly string[] {
  const unit = unitOf(size);
  const from = UNIT_WORDS[unit];
  const [first, second, third] = shape.points;
  if (first === undefined) return [];
  switch (shape.kind) {
    case 'length':
      if (second === undefined) return [];
      return [lengthWords(lengthOf(first, second, size), unit), ...(from === '' ? [] : [from])];
    case 'angle': {
      if (second === undefined || third === undefined) return [];
      const angle = angleOf(first, second, third, size);
      return angle === null ? [] : [`${angle.toFixed(1)}°`];
    }
    case 'ctr': {
      const ratio = cardiothoracicRatio(shape.points, size);
      if (ratio === null) return [];
      const { heart, thorax } = ratio;
      return [
        `CTR ${ratio.ratio.toFixed(2)}`,
        `heart ${lengthWords(heart, unit)}`,
        `thorax ${lengthWords(thorax, unit)}`,
        ...(from === '' ? [] : [from]),
      ];
    }
    case 'rectangle':
    case 'ellipse':
    case 'freehand': {
      const area = areaOf(shape, size);
      const found = frame === null ? null : regionStatistics(shape, frame);
      return [
        ...(area === null ? [] : [`Area ${areaWords(area, unit)}${from === '' ? '' : `, ${from}`}`]),
        ...(found === null
          ? []
          : [
              `Mean ${valueWords(found.mean)}, SD ${valueWords(found.sd)}`,
              `${valueWords(found.min)} to ${valueWords(found.max)}, ${found.pixels.toLocaleString('en')} px`,
            ]),
      ];
    }
    case 'probe': {
      const [x, y] = [Math.floor(first.x), Math.floor(first.y)];
      if (frame === null) return [`${x}, ${y}`];
      const inside = x >= 0 && y >= 0 && x < frame.cols && y < frame.rows;
      const stored = inside ? frame.pixels[y * frame.cols + x] : undefined;
      const value = stored === undefined ? 'outside' : valueWords(applyModality(frame.modality, stored));
      return [value, `${x}, ${y}`];
    }
    case 'arrow':
    case 'point':
      return [];
  }
}

export interface Ruler {
  /** CSS pixels. */
  readonly width: number;
  readonly words: string;
  /** Where its millimetres come from; empty for pixels. */
  readonly from: string;
}

/** A ruler of a round length (1, 2 or 5 × 10ⁿ), the longest that is not wider than `most` CSS pixels. */
export function rulerOf(pixelsAUnit: number, unit: LengthUnit, most: number): Ruler {
  const longest = most / pixelsAUnit;
  const power = 10 ** Math.floor(Math.log10(longest));
  const round = ([5, 2, 1].find((step) => step * power <= longest) ?? 1) * power;
  const inCm = unit !== 'px' && round >= 10;
  const words =
    unit === 'px' ? `${+round.toPrecision(3)} px` : inCm ? `${round / 10} cm` : `${+round.toPrecision(3)} mm`;
  return { width: round * pixelsAUnit, words, from: UNIT_WORDS[unit] };
}
