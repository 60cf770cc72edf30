/** @file Per finding and at the operating point: tables with one column a run, cut where the page ends. */
import type { Evaluation, TaskMetrics } from '../../../../shared/contract/evaluation.ts';
import { keptWords } from '../../../../shared/domain/kept-threshold.ts';
import { formatInterval, formatScore } from '../../../../shared/domain/numbers.ts';
import { taskName, type Task } from '../../../../shared/domain/task.ts';
import { calibrationTable } from './calibration-table.ts';
import type { Captions } from './captions.ts';
import { dataTable, type Column } from './data-table.ts';
import { html, type Html } from './html.ts';
import type { ReportRun } from './report-data.ts';
import { keyOf } from './run-marks.ts';

/** Runs side by side in a table on A4. */
export const RUN_COLUMNS = 4;

/** Lists of at most `size`. */
export function inChunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

export function runColumns(runs: readonly ReportRun[]): readonly Column[] {
  return runs.map((run) => ({ head: html`${keyOf(run)}${run.label}` }));
}

const taskOf = ({ perFinding }: Evaluation, name: string): TaskMetrics | null =>
  perFinding.find((task) => task.name === name) ?? null;

function aurocCell(task: TaskMetrics | null): Html {
  if (task === null) return html`<td class="muted">not trained</td>`;
  if (task.auroc.value === null) return html`<td class="muted">one class only</td>`;
  return html`<td class="ci">${formatInterval(task.auroc.value, task.auroc.ci)}${task.unstable && ' †'}</td>`;
}

function findingsTable(runs: readonly ReportRun[], caption: Html): Html {
  const names = [...new Set(runs.flatMap(({ config }) => config.findings))];
  const counts = new Map(
    names.map((name) => [name, runs.map((run) => taskOf(run.evaluation, name)).find((t) => t !== null)]),
  );
  const rows = names
    .toSorted((a, b) => (counts.get(b)?.positives ?? 0) - (counts.get(a)?.positives ?? 0))
    .map((name) => {
      const count = counts.get(name);
      return html`<tr>
        <th scope="row" class="name">${name}</th>
        <td class="n">${count?.positives ?? '–'} / ${count?.n ?? '–'}</td>
        ${runs.map((run) => aurocCell(taskOf(run.evaluation, name)))}
      </tr>`;
    });
  return dataTable(
    caption,
    [{ head: 'Finding' }, { head: 'Positive', figures: true }, ...runColumns(runs)],
    rows,
  );
}

function pointTable(runs: readonly ReportRun[], captions: Captions): Html {
  const rows = runs.map((run) => {
    const { operatingPoint: point, brier, ece, averagePrecision } = run.evaluation.t2;
    const rate = (name: 'sensitivity' | 'specificity' | 'ppv' | 'npv'): Html =>
      html`<td class="ci">${point === null ? '–' : formatInterval(point[name].value, point[name].ci)}</td>`;
    return html`<tr>
      <th scope="row">${keyOf(run)}${run.label}</th>
      <td class="n">${formatScore(point?.threshold ?? null)}</td>
      ${rate('sensitivity')}${rate('specificity')}${rate('ppv')}${rate('npv')}
      <td class="n">${formatScore(averagePrecision)}</td>
      <td class="n">${formatScore(brier)}</td>
      <td class="n">${formatScore(ece)}</td>
    </tr>`;
  });
  const came = runs.some(({ evaluation }) => evaluation.t2.fittedHere !== null);
  const elsewhere = came
    ? ' Of a model from elsewhere it is the one that was chosen where the model was made.'
    : '';
  const caption = captions.table(
    'Normal against abnormal at the operating point.',
    'The threshold has the largest sensitivity + specificity (Youden’s J) on the validation part and is applied to the test part.' +
      `${elsewhere} Wilson’s 95 % intervals. PPV and NPV hold for the share of abnormal films in this test part only. AP: average precision; ECE: calibration error over 15 bins of equal size.`,
  );
  const figures = (head: string): Column => ({ head, figures: true });
  const rates = ['Sensitivity', 'Specificity', 'PPV', 'NPV'].map((head) => ({ head }));
  const columns = [
    { head: 'Run' },
    figures('Threshold'),
    ...rates,
    figures('AP'),
    figures('Brier'),
    figures('ECE'),
  ];
  return dataTable(caption, columns, rows, true);
}

/** Thresholds that count in place of fitted ones; nothing where there is none. */
function byHandTable(runs: readonly ReportRun[], captions: Captions): Html {
  const rows = runs.flatMap((run) =>
    run.kept.map(
      (kept) =>
        html`<tr>
          <th scope="row">${keyOf(run)}${run.label}</th>
          <td>${taskName(kept.task as Task)}</td>
          <td class="n">${formatScore(kept.threshold, 3)}</td>
          <td>${keptWords(kept)}</td>
          <td>${kept.reason}</td>
        </tr>`,
    ),
  );
  if (rows.length === 0) return html``;
  const caption = captions.table(
    'Operating points set by hand.',
    'They count in the reading room, in predictions and for the films below. The table before this one stands for the fitted thresholds.',
  );
  const columns = [
    { head: 'Run' },
    { head: 'Task' },
    { head: 'Threshold', figures: true },
    { head: 'Set' },
    { head: 'Reason' },
  ];
  return dataTable(caption, columns, rows, true);
}

export function findingsSection(runs: readonly ReportRun[], captions: Captions): Html {
  const tables = inChunks(runs, RUN_COLUMNS).map((some, index) => {
    const caption =
      index > 0
        ? captions.continued()
        : captions.table(
            'AUROC of each finding on the test part.',
            'DeLong’s 95 % intervals. Positive: positive films / films with a known label. †: fewer than 10 films of a class, the figure says little.',
          );
    return findingsTable(some, caption);
  });
  return html`<h2>Findings and operating point</h2>
    ${tables} ${pointTable(runs, captions)} ${byHandTable(runs, captions)} ${calibrationTable(runs, captions)}`;
}
