/** @file Figures of a report: training curves, ROC and calibration of T2. */
import type { TaskMetrics } from '../../../../shared/contract/evaluation.ts';
import type { EpochRecord } from '../../../../shared/contract/training.ts';
import { formatScore } from '../../../../shared/domain/numbers.ts';
import type { Captions } from './captions.ts';
import { drawnRuns } from './drawn-runs.ts';
import { html, type Html } from './html.ts';
import type { ReportRun } from './report-data.ts';
import { colourOf, dashOf, legend } from './run-marks.ts';
import { lineChart, type ChartLine } from './svg-chart.ts';

type Measured = (record: EpochRecord) => number | null;

function epochLine(run: ReportRun, measured: Measured): ChartLine {
  const points = run.history.flatMap((record) => {
    const value = measured(record);
    return value === null ? [] : [[record.epoch + 1, value] as const];
  });
  const best = run.bestEpoch === null ? undefined : run.bestEpoch + 1;
  return { colour: colourOf(run), dash: dashOf(run), points, mark: points.find(([epoch]) => epoch === best) };
}

/** Says that runs were left out of a figure. */
function drawnNote(all: readonly ReportRun[]): string {
  const drawn = drawnRuns(all).length;
  return drawn < all.length ? `Drawn: ${drawn} of ${all.length} runs. ` : '';
}

/** Empty where no run has an epoch on record. */
export function trainingFigure(all: readonly ReportRun[], captions: Captions): Html {
  const trained = drawnRuns(all).filter(({ history }) => history.length > 0);
  if (trained.length === 0) return html``;
  const epochs = Math.max(...trained.flatMap(({ history }) => history.map(({ epoch }) => epoch + 1)));
  const xRange = [epochs > 1 ? 1 : 0, Math.max(epochs, 2)] as const;
  const chart = (
    title: string,
    yLabel: string,
    measured: Measured,
    range: (values: number[]) => [number, number],
  ): Html => {
    const lines = trained.map((run) => epochLine(run, measured));
    const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
    return lineChart({
      title,
      xLabel: 'epoch',
      yLabel,
      xRange,
      yRange: values.length === 0 ? [0, 1] : range(values),
      wholeX: true,
      lines,
    });
  };
  const fromZero = (values: number[]): [number, number] => [0, Math.max(...values) * 1.05];
  const auroc = (values: number[]): [number, number] => [Math.floor(Math.min(0.5, ...values) * 10) / 10, 1];
  return html`<figure class="plot">
    ${legend(trained)}
    <div class="charts">
      ${chart('Training loss', 'mean per epoch', ({ loss }) => loss, fromZero)}
      ${chart('Validation T1', 'AUROC', ({ validation }) => validation.t1, auroc)}
      ${chart('Validation T2', 'AUROC', ({ validation }) => validation.t2, auroc)}
    </div>
    ${captions.figure(
      'Training.',
      `${drawnNote(all)}The loss is each method’s own sum of terms, so its height cannot be compared between methods. Dots: the epoch whose weights were kept.`,
    )}
  </figure>`;
}

export function rocFigure(all: readonly ReportRun[], captions: Captions): Html {
  const runs = drawnRuns(all);
  const share = { xRange: [0, 1], yRange: [0, 1] } as const;
  const t2Lines = (points: (t2: TaskMetrics) => ChartLine['points']): readonly ChartLine[] =>
    runs.map((run) => ({ colour: colourOf(run), dash: dashOf(run), points: points(run.evaluation.t2) }));
  const charts = [
    lineChart({
      ...share,
      title: 'ROC',
      xLabel: '1 − specificity',
      yLabel: 'sensitivity',
      diagonal: true,
      lines: t2Lines(({ roc }) => roc.map(({ x, y }) => [x, y] as const)),
    }),
    lineChart({
      ...share,
      title: 'Precision and recall',
      xLabel: 'recall (sensitivity)',
      yLabel: 'precision (PPV)',
      lines: t2Lines(({ pr }) => pr.map(({ x, y }) => [x, y] as const)),
    }),
    lineChart({
      ...share,
      title: 'Calibration',
      xLabel: 'predicted probability',
      yLabel: 'observed share',
      diagonal: true,
      lines: t2Lines(({ calibration }) =>
        calibration.map(({ predicted, observed }) => [predicted, observed] as const),
      ),
    }),
  ];
  return html`<figure class="plot">
    ${legend(runs, ({ evaluation }) => `, AUROC ${formatScore(evaluation.t2.auroc.value, 3)}`)}
    <div class="charts">${charts}</div>
    ${captions.figure(
      'T2, normal against abnormal, on the test part.',
      `${drawnNote(all)}The dotted line of the ROC is chance. Calibration: observed share of abnormal films in bins of equal size; on the dotted line probabilities mean what they say.`,
    )}
  </figure>`;
}
