/** @file The look of every chart: axes with units, quiet grid, labels at the curves' ends. Makes uPlot's options. */
import type { Axis, Options, Series } from 'uplot';
import uPlot from 'uplot';

import type { Curve } from './curves.ts';
import { spread, type EndLabel } from './labels.ts';

export interface PlotLook {
  readonly curves: readonly Curve[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xRange?: readonly [number, number] | undefined;
  readonly yRange?: readonly [number | null, number | null] | undefined;
  /** A thin line from corner to corner: chance in ROC, truth in calibration. */
  readonly diagonal?: boolean | undefined;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly wholeX?: boolean | undefined;
}

const FONT = '11px system-ui, sans-serif';
const LABEL_GAP = 14;
/** Between a curve's end and its label, and between the label and the edge, pixels. */
const LABEL_MARGIN = 6;
/** Labels take at most this share of the width; longer ones are shortened. */
const MOST_LABEL_SHARE = 0.45;

/** Value of a custom property, or the colour as it is. */
export function resolveColour(colour: string): string {
  if (!colour.startsWith('--')) return colour;
  return getComputedStyle(document.documentElement).getPropertyValue(colour).trim();
}

export function plotOptions(
  look: PlotLook,
  size: { readonly width: number; readonly height: number },
  onCursor: (x: number | null) => void,
): Options {
  const muted = resolveColour('--muted');
  const line = resolveColour('--line');
  const axis = (label: string, format: (value: number) => string, extra: Partial<Axis>): Axis => ({
    label,
    labelFont: FONT,
    labelSize: 16,
    labelGap: 2,
    font: FONT,
    stroke: muted,
    gap: 4,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    border: { show: true, stroke: line, width: 1 },
    values: (_plot, values) => values.map(format),
    ...extra,
  });
  return {
    ...size,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    padding: [8, (plot) => labelRoom(plot.width, look.curves), 0, 0],
    scales: {
      x: { time: false, ...(look.xRange ? { range: () => [...look.xRange!] as [number, number] } : {}) },
      y: { range: (_plot, low, high) => yRange(look, low, high) },
    },
    axes: [
      axis(look.xLabel, look.formatX, {
        size: 20,
        space: 44,
        grid: { show: false },
        ...(look.wholeX ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] } : {}),
      }),
      axis(look.yLabel, look.formatY, { size: 40, space: 26 }),
    ],
    series: [{}, ...look.curves.map(seriesOf)],
    hooks: {
      drawClear: look.diagonal ? [drawDiagonal] : [],
      draw: [(plot) => drawLabels(plot, look.curves)],
      setCursor: [
        (plot) =>
          onCursor(plot.cursor.idx === null || plot.cursor.idx === undefined ? null : plot.cursor.idx),
      ],
    },
  };
}

function yRange(look: PlotLook, low: number | null, high: number | null): [number, number] {
  const [fixedLow, fixedHigh] = look.yRange ?? [null, null];
  const from = fixedLow ?? low ?? 0;
  const to = fixedHigh ?? high ?? 1;
  const pad = to > from ? (to - from) * 0.06 : 0.5;
  return [fixedLow ?? from - pad, fixedHigh ?? to + pad];
}

function seriesOf(curve: Curve): Series {
  const stroke = resolveColour(curve.colour);
  const few = curve.points.length <= 12;
  return {
    label: curve.label,
    stroke,
    width: curve.dots ? 0 : (curve.width ?? 1.75),
    spanGaps: true,
    ...(curve.dash ? { dash: [...curve.dash] } : {}),
    points: {
      show: curve.dotSize === undefined ? curve.dots === true || few : curve.dotSize > 0,
      size: curve.dotSize ?? (curve.dots ? 7 : 4),
      fill: stroke,
      stroke,
    },
    ...(curve.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  };
}

function drawDiagonal(plot: uPlot): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = resolveColour('--line-strong');
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(plot.valToPos(0, 'x', true), plot.valToPos(0, 'y', true));
  ctx.lineTo(plot.valToPos(1, 'x', true), plot.valToPos(1, 'y', true));
  ctx.stroke();
  ctx.restore();
  void bbox;
}

function drawLabels(plot: uPlot, curves: readonly Curve[]): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const ends: EndLabel[] = curves
    .filter((curve) => !curve.quiet && curve.points.length > 0)
    .map((curve) => ({
      text: curve.label,
      colour: resolveColour(curve.colour),
      y: plot.valToPos(curve.points.at(-1)?.[1] ?? 0, 'y', true),
    }));
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  const room = plot.width * ratio - (bbox.left + bbox.width) - LABEL_MARGIN * ratio;
  for (const label of spread(
    ends,
    LABEL_GAP * ratio,
    bbox.top + 6 * ratio,
    bbox.top + bbox.height - 6 * ratio,
  )) {
    ctx.fillStyle = label.colour;
    ctx.fillText(fitText(ctx, label.text, room), bbox.left + bbox.width + LABEL_MARGIN * ratio, label.y);
  }
  ctx.restore();
}

/** Room to the right of the curves that the longest of their labels needs, CSS pixels. */
function labelRoom(width: number, curves: readonly Curve[]): number {
  const context = document.createElement('canvas').getContext('2d');
  const labels = curves.filter((curve) => !curve.quiet && curve.points.length > 0);
  if (context === null || labels.length === 0) return LABEL_MARGIN;
  context.font = FONT;
  const widest = Math.max(...labels.map(({ label }) => context.measureText(label).width));
  return Math.min(Math.ceil(widest) + 2 * LABEL_MARGIN, Math.round(width * MOST_LABEL_SHARE));
}

function fitText(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  let short = text;
  while (short.length > 1 && ctx.measureText(`${short}…`).width > room) short = short.slice(0, -1);
  return `${short}…`;
}
