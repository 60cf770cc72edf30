/** @file How a run is marked in charts and tables of a report: hue by method, dash by resolution, as in the window. */
import type { Method, Resolution } from '../../../../shared/domain/recipe.ts';
import { html, type Html } from './html.ts';
import type { ReportRun } from './report-data.ts';

/** The window's hues on a light ground. */
export const COLOURS: Readonly<Record<Method, string>> = {
  teacher: '#1768a8',
  none: '#6b7888',
  vanilla: '#a86f00',
  'last-block': '#a34f80',
  'one-to-one': '#857a00',
  mlcak: '#0f7f5a',
  pretrain: '#6a5acd',
};

const DASHES: Readonly<Record<Resolution, string>> = { 224: '', 112: '7 2', 56: '3.5 2', 28: '' };

export function colourOf({ config }: ReportRun): string {
  return COLOURS[config.method];
}

export function dashOf({ config }: ReportRun): string {
  return DASHES[config.resolution];
}

/** A piece of the run's line. */
export function keyOf(run: ReportRun): Html {
  return html`<svg class="key" viewBox="0 0 16 8" aria-hidden="true">
    <line
      x1="0"
      x2="16"
      y1="4"
      y2="4"
      stroke="${colourOf(run)}"
      stroke-width="2.4"
      stroke-dasharray="${dashOf(run)}"
    />
  </svg>`;
}

export function legend(runs: readonly ReportRun[], words: (run: ReportRun) => string = () => ''): Html {
  return html`<div class="legend">
    ${runs.map((run) => html`<span>${keyOf(run)}${run.label}${words(run)}</span>`)}
  </div>`;
}
