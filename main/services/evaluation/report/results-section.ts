/** @file The results of a report: every run with intervals, students against no distillation, means over seeds. */
import type { Interval } from '../../../../shared/contract/base.ts';
import { formatInterval, formatP, formatScore } from '../../../../shared/domain/numbers.ts';
import { holmAdjusted } from '../../../numeric/metrics/multiple-tests.ts';
import { counted, METHOD_WORDS, MODEL_WORDS, signedInterval, SIGNIFICANT, verdict } from '../wording.ts';
import type { Captions } from './captions.ts';
import { dataTable } from './data-table.ts';
import { html, type Html } from './html.ts';
import type { ReportRun } from './report-data.ts';
import { colourOf, keyOf } from './run-marks.ts';
import { intervalBar, intervalScale } from './svg-chart.ts';

const TASKS = [
  { key: 't1', name: 'T1' },
  { key: 't2', name: 'T2' },
] as const;

/** Runs named one by one in the summary. */
const MOST_NAMED = 7;

type Gain = NonNullable<ReportRun['gain']>;

const t2Of = (run: ReportRun): Interval => run.evaluation.t2.auroc;

/** From the tenth below everything shown to 1. */
function scaleOf(runs: readonly ReportRun[]): readonly [number, number] {
  const ends = runs.flatMap((run) =>
    [run.evaluation.t1, t2Of(run)].flatMap(({ value, ci }) => [value ?? 1, ci?.[0] ?? 1]),
  );
  return [Math.floor(Math.min(0.5, ...ends) * 10) / 10, 1];
}

export function resultsTable(runs: readonly ReportRun[], captions: Captions): Html {
  const scale = scaleOf(runs);
  const counts = new Set(runs.map(({ evaluation: { t1 } }) => `${t1.k} of ${t1.of}`));
  const [count = ''] = counts;
  const cells = (run: ReportRun, { value, ci }: Interval): Html =>
    html`<td class="ci">${formatInterval(value, ci, 3)}</td>
      <td>${intervalBar(value, ci, scale, colourOf(run))}</td>`;
  const rows = runs.map((run, index) => {
    const { t1 } = run.evaluation;
    const before = runs[index - 1];
    const starts = before !== undefined && before.config.resolution !== run.config.resolution;
    return html`<tr class="${starts ? 'group' : ''}">
      <th scope="row">${keyOf(run)}${run.label}</th>
      ${cells(run, t1)} ${counts.size > 1 && html`<td class="n">${t1.k} of ${t1.of}</td>`}
      ${cells(run, t2Of(run))}
    </tr>`;
  });
  const caption = captions.table(
    'Results on the test part.',
    `AUROC with 95 % interval (patients resampled). T1: mean over the findings that have both classes${counts.size === 1 ? ` (${count})` : ''}; T2: normal against abnormal.`,
  );
  const head = intervalScale(scale);
  const columns = [
    { head: 'Run' },
    { head: 'T1 AUROC' },
    { head },
    ...(counts.size > 1 ? [{ head: 'Findings', figures: true }] : []),
    { head: 'T2 AUROC' },
    { head },
  ];
  return dataTable(caption, columns, rows);
}

/** `excludes 0: better`; coloured only where the adjusted p does not speak against it. */
function differenceInWords(difference: Interval, adjusted: number | null = null): Html {
  const said = verdict(difference);
  switch (said) {
    case 'better':
    case 'worse':
      return adjusted !== null && adjusted >= SIGNIFICANT
        ? html`excludes 0: ${said}; not after adjustment`
        : html`<span class="${said}">excludes 0: ${said}</span>`;
    case 'undecided':
      return html`includes 0: no difference shown`;
    case 'undefined':
      return html`not defined`;
  }
}

/** Empty where there is no student with distillation. */
export function differencesTable(runs: readonly ReportRun[], captions: Captions): Html {
  const lines = runs.flatMap((run) =>
    TASKS.flatMap(({ key, name }, index) =>
      run.gain === null ? [] : [{ run, name, first: index === 0, difference: run.gain.difference[key] }],
    ),
  );
  if (lines.length === 0) {
    const students = runs.filter(({ config }) => config.method !== 'teacher' && config.method !== 'none');
    return students.length === 0
      ? html``
      : html`<p>
          What distillation adds cannot be told: no student without distillation has the same model,
          resolution, split and seed. Train one and make the report again.
        </p>`;
  }
  const adjusted = holmAdjusted(lines.map(({ difference }) => difference.p));
  const rows = lines.map(
    ({ run, name, first, difference }, index) =>
      html`<tr class="${first && index > 0 ? 'group' : ''}">
        <th scope="row">${first && html`${keyOf(run)}${run.label}`}</th>
        <td>${name}</td>
        <td class="ci">${signedInterval(difference)}</td>
        <td>${differenceInWords(difference, adjusted[index] ?? null)}</td>
        <td class="n">${formatP(adjusted[index] ?? null)}</td>
      </tr>`,
  );
  const caption = captions.table(
    'What distillation adds.',
    `Difference in AUROC to the student without distillation of the same model, resolution, split and seed, on the same films; 95 % interval from the same resampled patients. p: two-sided, adjusted by Holm for the ${counted(lines.length, 'comparison')} here.`,
  );
  const columns = ['Student', 'Task', 'Difference', 'The interval'].map((head) => ({ head }));
  return dataTable(caption, [...columns, { head: 'p', figures: true }], rows);
}

function spread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${formatScore(mean, 3)} ± ${formatScore(Math.sqrt(variance), 3)}`;
}

/** Mean ± standard deviation over seeds; empty where no setting was trained with two seeds. */
export function seedsTable(runs: readonly ReportRun[], captions: Captions): Html {
  const groups = Map.groupBy(runs, ({ config }) =>
    JSON.stringify([config.method, config.model, config.resolution, config.splitId]),
  );
  const repeated = [...groups.values()].filter(
    (group) => new Set(group.map(({ config }) => config.seed)).size > 1,
  );
  if (repeated.length === 0) return html``;
  const cell = (values: readonly (number | null)[]): string => {
    const known = values.filter((value) => value !== null);
    return known.length < 2 ? '–' : spread(known);
  };
  const rows = repeated.map((group) => {
    const [first] = group;
    if (first === undefined) return html``;
    const { method, model, resolution } = first.config;
    return html`<tr>
      <th scope="row">${METHOD_WORDS[method]} ${resolution} px, ${MODEL_WORDS[model]}</th>
      <td class="n">${group.length}</td>
      <td>${cell(group.map(({ evaluation }) => evaluation.t1.value))}</td>
      <td>${cell(group.map((run) => t2Of(run).value))}</td>
    </tr>`;
  });
  return dataTable(
    captions.table(
      'Across seeds.',
      'Test AUROC, mean ± standard deviation over runs that differ in their seed.',
    ),
    [{ head: 'Setting' }, { head: 'Runs', figures: true }, { head: 'T1 AUROC' }, { head: 'T2 AUROC' }],
    rows,
  );
}

/** The whole story in a few sentences, with intervals; counts where the runs are too many to name. */
export function summaryList(runs: readonly ReportRun[]): Html {
  if (runs.length > MOST_NAMED) return html`<p>${countsInWords(runs)}</p>`;
  return html`<ul>
    ${runs.map((run) => {
      const { t1, t2 } = run.evaluation;
      const own = `T1 ${formatInterval(t1.value, t1.ci, 3)}, T2 ${formatInterval(t2.auroc.value, t2.auroc.ci, 3)}.`;
      return html`<li><b>${run.label}.</b> ${own} ${run.gain !== null && gainInWords(run.gain)}</li>`;
    })}
  </ul>`;
}

function gainInWords({ against, difference }: Gain): Html {
  const said = TASKS.map(
    ({ key, name }, index) =>
      html`${index > 0 && '; '}${name} ${signedInterval(difference[key])}, the interval
      ${differenceInWords(difference[key])}`,
  );
  return html`Against “${against}”: ${said}.`;
}

function countsInWords(runs: readonly ReportRun[]): string {
  const gains = runs.flatMap(({ gain }) => gain ?? []);
  if (gains.length === 0) return 'No student has a counterpart without distillation to be compared with.';
  const said = TASKS.map(({ key, name }) => {
    const count = (wanted: string): number =>
      gains.filter(({ difference }) => verdict(difference[key]) === wanted).length;
    return `in ${name} the interval of the difference lies above 0 for ${count('better')}, below 0 for ${count('worse')} and includes 0 for ${count('undecided')}`;
  });
  return `Of ${counted(gains.length, 'student')} with distillation, each against its counterpart without: ${said.join('; ')}.`;
}
