/** @file What `bench` has measured, and how it is said in words: a line a row, or a page with the machine and versions. */
import { cpus, totalmem } from 'node:os';

import { formatBytes } from '../../../shared/domain/numbers.ts';
import type { VitVariant } from '../../../shared/domain/recipe.ts';
import type { BenchEnd, BenchReady } from '../../../shared/worker/bench.ts';

export interface Figures {
  /** Median of a step. */
  readonly ms: number;
  /** Quartiles of a step. */
  readonly spread: readonly [number, number];
  readonly imagesPerSecond: number;
  /** The most memory that the process held, bytes; null where the system does not say. */
  readonly rss: number | null;
  /** The most without pages of files (library code, mostly), which the system may drop at any time. */
  readonly ownRss: number | null;
}

export interface Row extends Figures {
  readonly model: VitVariant;
  readonly what: string;
  /** Our ms / PyTorch's ms; null without a comparison. */
  readonly ratio: number | null;
  readonly pytorch: Figures | null;
  /** As what our training steps ran, whatever precision was asked for; null for predictions. */
  readonly steps: NonNullable<BenchEnd['steps']> | null;
}

const memoryText = ({ rss, ownRss }: Figures): string => {
  if (rss === null) return 'memory not known';
  return ownRss === null
    ? formatBytes(rss)
    : `${formatBytes(rss)} (${formatBytes(ownRss)} without file pages)`;
};

const figuresText = (figures: Figures): string =>
  `${figures.ms.toFixed(1)} ms (${figures.spread.map((value) => value.toFixed(1)).join('–')}), ${figures.imagesPerSecond.toFixed(1)} films/s, ${memoryText(figures)}`;

/** One line. */
export function rowText({ model, what, ratio, pytorch, steps, ...ours }: Row): string {
  const ran = steps === null ? '' : ` (${steps.precision}, ${steps.engine})`;
  const head = `ViT-${model}, ${what}${ran}: ${figuresText(ours)}`;
  return pytorch === null
    ? head
    : `${head}; PyTorch ${figuresText(pytorch)}; ratio ${ratio?.toFixed(2) ?? '–'}`;
}

function cells(figures: Figures | null): readonly string[] {
  if (figures === null) return ['–', '–'];
  const { ms, spread, rss, ownRss } = figures;
  const own = ownRss === null ? '' : ` (${formatBytes(ownRss)})`;
  return [
    `${ms.toFixed(0)} ms (${spread.map((value) => value.toFixed(0)).join('–')})`,
    rss === null ? '–' : `${formatBytes(rss)}${own}`,
  ];
}

/** What the page says of the programs that were measured. */
export interface Measured {
  readonly command: string;
  readonly date: Date;
  readonly ours: BenchReady;
  readonly pytorch: BenchReady | null;
}

/** Markdown: the command, the machine, the versions, a table. `notes` are sentences below it. */
export function page(
  rows: readonly Row[],
  { command, date, ours, pytorch }: Measured,
  notes: readonly string[],
): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const versions = [
    `Node ${process.versions.node}`,
    `TensorFlow ${ours.version}`,
    ...(pytorch === null ? [] : [`PyTorch ${pytorch.version}`]),
  ];
  const machine = `${cpus().length} × ${processor}, ${formatBytes(totalmem())} of memory; ${versions.join(', ')}.`;
  const table = [
    ['model', 'step', 'ours (quartiles)', 'memory (own)', 'PyTorch (quartiles)', 'memory (own)', 'ratio'],
    ['---', '---', '---', '---', '---', '---', '---'],
    ...rows.map((row) => [
      `ViT-${row.model}`,
      row.what,
      ...cells(row),
      ...cells(row.pytorch),
      row.ratio?.toFixed(2) ?? '–',
    ]),
  ];
  return [
    `# Measured by \`chestlight ${command}\``,
    `${date.toISOString().slice(0, 10)}. ${machine} Median of a step, its quartiles; the most memory that the process held, and that without the pages of files.`,
    table.map((line) => `| ${line.join(' | ')} |`).join('\n'),
    ...notes,
    '',
  ].join('\n\n');
}
