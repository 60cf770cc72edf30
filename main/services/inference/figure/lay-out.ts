/** @file The attention figure on its page: a row a film, panes (A) to (H), scores below each, colour bar and method at the foot. */
import type { FigureRequest } from '../../../../shared/contract/inference.ts';
import { paneLetter } from '../../../../shared/domain/attention-figure.ts';
import { rangeWords, scaleFor, shortNumber } from '../../../../shared/domain/attention-scale.ts';
import { METHOD_WORDS } from '../../evaluation/wording.ts';
import { wrapped, type Drawing, type Mark } from './drawing.ts';
import type { FigureColumn, FigureData, FigurePane, FigureRow } from './gather-figure.ts';

/** Points. The width of a landscape A4 page. */
const PAGE_WIDTH = 842;
const MARGIN = 20;
const GAP = 6;
const HEADER = 56;
const CAPTION = 44;
/** More below a row whose film the gate speaks against. */
const REASON = 18;
const FOOT = 64;
const BAR = { width: 150, height: 8 } as const;
/** Mean width of a letter of 7 points, for words that end at a line. */
const LETTER = 3.3;
const MUTED = '#56616d';
const INK = '#14181d';

const METHOD_SENTENCES: Readonly<Record<FigureRequest['method'], string>> = {
  last: 'Attention of the output token in the last block',
  rollout: 'Attention rollout through all blocks with the residual',
  relevance: 'Gradient-weighted relevance',
};

function text(
  x: number,
  y: number,
  words: string,
  size: number,
  more: { bold?: boolean; colour?: string } = {},
): Mark {
  return { kind: 'text', x, y, text: words, size, ...more };
}

function headOf({ cell, run }: FigureColumn): readonly [string, string] {
  return [`${METHOD_WORDS[cell.method]} ${cell.resolution} px`, run?.name ?? 'no finished run'];
}

function captionOf({ prediction, scaled }: FigurePane, request: FigureRequest): readonly string[] {
  const finding = prediction.t1.find(({ name }) => name === request.finding);
  const own = scaleFor(request.method, request.scale) === 'own';
  const { suitable, reasons } = prediction.suitability;
  return [
    // The window holds such an answer back until it is asked for; on paper the reason goes with it.
    ...(suitable ? [] : [`Not for this film: ${reasons[0] ?? 'unsuitable'}`]),
    `Abnormal ${prediction.t2.score.toFixed(2)}`,
    ...(request.finding === null
      ? []
      : [`${request.finding} ${finding === undefined ? '– (not trained)' : finding.score.toFixed(2)}`]),
    ...(own ? [`Colours ${rangeWords(scaled, request.method)}`] : []),
  ];
}

function rowMarks(
  row: FigureRow,
  data: FigureData,
  request: FigureRequest,
  top: number,
  pane: number,
): readonly Mark[] {
  const height = pane * row.ratio;
  const left = (index: number): number => MARGIN + index * (pane + GAP);
  const below = top + height + 10;
  const lines = (index: number, words: readonly string[]): readonly Mark[] =>
    words.map((line, number) =>
      text(left(index), below + number * 9, line, 7, { colour: number === 0 ? INK : MUTED }),
    );
  const labels = row.labels.length === 0 ? 'No finding labelled' : row.labels.join(', ').replaceAll('_', ' ');
  return [
    { kind: 'image', x: left(0), y: top, width: pane, height, png: row.film },
    ...lines(0, [...wrapped(labels, pane, 7, 3), `Patient ${row.patient}`]),
    ...data.columns.flatMap((column, index): readonly Mark[] => {
      const x = left(index + 1);
      const shown = row.panes[index] ?? null;
      if (shown !== null) {
        return [
          { kind: 'image', x, y: top, width: pane, height, png: shown.png },
          ...lines(
            index + 1,
            captionOf(shown, request).flatMap((line, number) =>
              wrapped(line, pane, 7, number === 0 && !shown.prediction.suitability.suitable ? 2 : 1),
            ),
          ),
        ];
      }
      const why = wrapped(
        `No finished run: ${headOf(column)[0]}. Train it to fill this pane.`,
        pane - 12,
        7,
        6,
      );
      return [
        { kind: 'rect', x, y: top, width: pane, height, fill: '#f2f4f6', stroke: '#9aa6b4', dashed: true },
        ...why.map((line, number) =>
          text(x + 6, top + height / 2 - why.length * 4.5 + 9 * (number + 1) - 2, line, 7, { colour: MUTED }),
        ),
      ];
    }),
  ];
}

function columnHeads(data: FigureData, pane: number): readonly Mark[] {
  const heads: readonly (readonly [string, string])[] = [
    ['Film', 'as it opens, with its labels'],
    ...data.columns.map(headOf),
  ];
  return heads.flatMap(([name, run], index) => {
    const x = MARGIN + index * (pane + GAP);
    return [
      text(x, MARGIN + 10, paneLetter(index), 9, { bold: true }),
      ...wrapped(name, pane, 8, 1).map((line) => text(x, MARGIN + 21, line, 8, { bold: true })),
      ...wrapped(run, pane, 6.5, 2).map((line, number) =>
        text(x, MARGIN + 30 + number * 8, line, 6.5, { colour: MUTED }),
      ),
    ];
  });
}

function methodWords({ method, head, target, base }: FigureRequest): string {
  const which = method === 'last' ? (head === null ? ', mean of heads' : `, head ${head + 1}`) : '';
  const what = method === 'relevance' ? ` for ${(target ?? 'abnormal').replaceAll('_', ' ')}` : '';
  return `${METHOD_SENTENCES[method]}${which}${what}, over ${base === 'film' ? 'the original film' : 'what each model saw'}.`;
}

function footMarks(
  data: FigureData,
  request: FigureRequest,
  top: number,
  bar: Uint8Array,
  date: string,
): readonly Mark[] {
  const shared = scaleFor(request.method, request.scale) === 'shared';
  const ends = data.rows.map(({ panes }) => panes.find((pane) => pane !== null)?.scaled);
  const [only] = ends;
  const one = shared && data.rows.length === 1 && only !== undefined;
  const high = one ? `${shortNumber(only.high)}×` : 'strongest';
  const x = MARGIN + BAR.width + 60;
  const range = shared
    ? 'All panes of a row share one colour range, in multiples of equal attention'
    : 'Each pane has its own colour range: compare places, not strengths';
  const ranges =
    shared && !one
      ? ` (${ends.flatMap((end) => (end === undefined ? [] : [rangeWords(end, request.method)])).join('; ')}, by row)`
      : '';
  return [
    { kind: 'image', x: MARGIN, y: top + 6, width: BAR.width, height: BAR.height, png: bar },
    {
      kind: 'rect',
      x: MARGIN,
      y: top + 6,
      width: BAR.width,
      height: BAR.height,
      fill: null,
      stroke: '#56616d',
    },
    text(MARGIN, top + 24, one ? `${shortNumber(only.low)}×` : 'weakest', 7),
    text(MARGIN + BAR.width - high.length * LETTER, top + 24, high, 7),
    text(x, top + 12, methodWords(request), 7.5),
    ...wrapped(
      `${range}${ranges}; 2nd to 98th percentile of the cells.`,
      PAGE_WIDTH - MARGIN - x,
      7.5,
      2,
    ).map((line, number) => text(x, top + 22 + number * 10, line, 7.5)),
    text(
      x,
      top + 42,
      'Maps show where a model attended, not where disease is. Scores are probabilities.',
      7.5,
      { bold: true },
    ),
    text(MARGIN, top + 54, `Chestlight · ${date} · research use only, not for diagnosis`, 7, {
      colour: MUTED,
    }),
  ];
}

/** @param bar PNG of the colour bar, lowest to the left. @param now ms since 1970 */
export function layOut(data: FigureData, request: FigureRequest, bar: Uint8Array, now: number): Drawing {
  const count = data.columns.length + 1;
  const pane = Math.min(150, (PAGE_WIDTH - 2 * MARGIN - (count - 1) * GAP) / count);
  let top = MARGIN + HEADER - 8;
  const marks: Mark[] = [...columnHeads(data, pane)];
  for (const row of data.rows) {
    marks.push(...rowMarks(row, data, request, top, pane));
    const warned = row.panes.some((shown) => shown?.prediction.suitability.suitable === false);
    top += pane * row.ratio + CAPTION + (warned ? REASON : 0);
  }
  marks.push(...footMarks(data, request, top, bar, new Date(now).toISOString().slice(0, 10)));
  return {
    width: PAGE_WIDTH,
    height: Math.ceil(top + FOOT + MARGIN / 2),
    title: 'Attention compared',
    marks,
  };
}

export { BAR as COLOUR_BAR_POINTS };
