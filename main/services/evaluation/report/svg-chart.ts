/** @file Line charts as inline SVG for paper: thin axes, few ticks, no script. */
import { html, type Html } from './html.ts';

export interface ChartLine {
  readonly colour: string;
  /** SVG dash pattern; '' = solid. */
  readonly dash: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A point to mark with a dot. */
  readonly mark?: readonly [x: number, y: number] | undefined;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  /** Ticks on whole numbers only. */
  readonly wholeX?: boolean;
  /** Words of an x tick; a rounded number by default. */
  readonly xTick?: (value: number) => string;
  readonly lines: readonly ChartLine[];
  /** Draws y = x: chance. */
  readonly diagonal?: boolean;
}

const WIDTH = 210;
const HEIGHT = 168;
const LEFT = 34;
const RIGHT = 8;
const TOP = 20;
const BOTTOM = 32;

/** About `wanted` round numbers within the range. */
export function roundTicks([low, high]: readonly [number, number], wanted = 5): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** `0`, `.2`, `1`, `2.5`, `40`. */
export function tickLabel(value: number): string {
  return String(Math.round(value * 1e6) / 1e6).replace(/^(-?)0\./, '$1.');
}

const short = (value: number): string => String(Math.round(value * 100) / 100);

export function lineChart(chart: Chart): Html {
  const { xRange, yRange } = chart;
  const scale =
    ([low, high]: readonly [number, number], from: number, to: number) =>
    (value: number) =>
      high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2;
  const x = scale(xRange, LEFT, WIDTH - RIGHT);
  const y = scale(yRange, HEIGHT - BOTTOM, TOP);
  const bottom = HEIGHT - BOTTOM;
  const path = (points: ChartLine['points']): string =>
    points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${short(x(px))} ${short(y(py))}`).join('');
  const yTicks = roundTicks(yRange).map(
    (tick) =>
      html`<line
          class="grid"
          x1="${LEFT}"
          x2="${WIDTH - RIGHT}"
          y1="${short(y(tick))}"
          y2="${short(y(tick))}"
        />
        <text class="tick" x="${LEFT - 4}" y="${short(y(tick) + 3)}" text-anchor="end"
          >${tickLabel(tick)}</text
        >`,
  );
  const xTicks = roundTicks(xRange)
    .filter((tick) => chart.wholeX !== true || Number.isInteger(tick))
    .map(
      (tick) =>
        html`<line
            class="axis"
            x1="${short(x(tick))}"
            x2="${short(x(tick))}"
            y1="${bottom}"
            y2="${bottom + 3}"
          />
          <text class="tick" x="${short(x(tick))}" y="${bottom + 12}" text-anchor="middle"
            >${(chart.xTick ?? tickLabel)(tick)}</text
          >`,
    );
  const lines = chart.lines.map(({ colour, dash, points, mark }) => [
    points.length === 1 && mark === undefined
      ? dot(x(points[0]?.[0] ?? 0), y(points[0]?.[1] ?? 0), colour)
      : html`<path
          d="${path(points)}"
          fill="none"
          stroke="${colour}"
          stroke-dasharray="${dash}"
          class="line"
        />`,
    mark === undefined ? null : dot(x(mark[0]), y(mark[1]), colour),
  ]);
  const chance =
    chart.diagonal === true &&
    html`<line
      class="chance"
      x1="${x(xRange[0])}"
      y1="${y(yRange[0])}"
      x2="${x(xRange[1])}"
      y2="${y(yRange[1])}"
    />`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.title}">
    <text class="title" x="${LEFT}" y="11">${chart.title}</text>
    ${yTicks} ${xTicks} ${chance}
    <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" />
    ${lines}
    <text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 5}" text-anchor="middle">
      ${chart.xLabel}
    </text>
    <text class="label" transform="translate(8 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">
      ${chart.yLabel}
    </text>
  </svg>`;
}

function dot(x: number, y: number, colour: string): Html {
  return html`<circle cx="${short(x)}" cy="${short(y)}" r="2.4" fill="${colour}" />`;
}

/** A value with its interval on a scale, for a table cell. */
export function intervalBar(
  value: number | null,
  ci: readonly [number, number] | null,
  range: readonly [number, number],
  colour: string,
): Html {
  const x = (at: number): string =>
    short(4 + ((Math.min(range[1], Math.max(range[0], at)) - range[0]) / (range[1] - range[0])) * 112);
  const ticks = roundTicks(range, 4).map(
    (tick) => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="14" />`,
  );
  const line =
    ci !== null &&
    html`<line x1="${x(ci[0])}" x2="${x(ci[1])}" y1="7" y2="7" stroke="${colour}" stroke-width="1.6" />`;
  const point = value !== null && html`<circle cx="${x(value)}" cy="7" r="3" fill="${colour}" />`;
  return html`<svg class="bar" viewBox="0 0 120 14" aria-hidden="true">${ticks}${line}${point}</svg>`;
}

/** The scale of `intervalBar`, for the head of its column. */
export function intervalScale(range: readonly [number, number]): Html {
  const x = (at: number): string => short(4 + ((at - range[0]) / (range[1] - range[0])) * 112);
  return html`<svg class="bar" viewBox="0 0 120 11" aria-hidden="true">
    ${roundTicks(range, 4).map(
      (tick) => html`<text class="tick" x="${x(tick)}" y="9" text-anchor="middle">${tickLabel(tick)}</text>`,
    )}
  </svg>`;
}
