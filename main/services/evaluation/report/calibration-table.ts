/** @file Calibration of a report's runs before and after one temperature a head; empty where no run has one. */
import type { HeadScaling } from '../../../../shared/contract/evaluation.ts';
import { formatScore } from '../../../../shared/domain/numbers.ts';
import type { Captions } from './captions.ts';
import { dataTable } from './data-table.ts';
import { html, type Html } from './html.ts';
import type { ReportRun } from './report-data.ts';
import { keyOf } from './run-marks.ts';

const change = ({ before, after }: HeadScaling['ece']): string =>
  `${formatScore(before, 3)} → ${formatScore(after, 3)}`;

function cells(head: HeadScaling | null): Html {
  if (head === null)
    return html`<td class="n">–</td>
      <td>–</td>
      <td>–</td>`;
  return html`<td class="n">${head.temperature.toFixed(2)}</td>
    <td class="ci">${change(head.ece)}</td>
    <td class="ci">${change(head.brier)}</td>`;
}

export function calibrationTable(runs: readonly ReportRun[], captions: Captions): Html {
  const scaled = runs.filter(({ evaluation: { temperature } }) => temperature.t1 ?? temperature.t2);
  if (scaled.length === 0) return html``;
  const caption = captions.table(
    'Calibration before and after temperature scaling.',
    'One temperature for each task, fitted on the validation part: scores are divided by it before they become probabilities. Below 1: the run was too cautious; above 1: too sure. ECE and Brier on the test part; of T1 the mean over findings. No AUROC changes by it.',
  );
  const columns = ['T1', 'T2'].flatMap((task) => [
    { head: `${task} temperature`, figures: true },
    { head: `${task} ECE` },
    { head: `${task} Brier` },
  ]);
  const rows = scaled.map(
    (run) =>
      html`<tr>
        <th scope="row">${keyOf(run)}${run.label}</th>
        ${cells(run.evaluation.temperature.t1)} ${cells(run.evaluation.temperature.t2)}
      </tr>`,
  );
  return dataTable(caption, [{ head: 'Run' }, ...columns], rows);
}
