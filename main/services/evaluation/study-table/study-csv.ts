/** @file A study's table as CSV: one row a cell and task, then one a difference, all numbers at full precision. Pure. */
import type { StudyTable, StudyTableCell, StudyTask } from '../../../../shared/contract/study-table.ts';
import { STUDY_TASKS } from './study-run.ts';

type Value = string | number | boolean | null | undefined;

export const CSV_COLUMNS = [
  'kind',
  'model',
  'resolution',
  'system',
  'against',
  'task',
  'state',
  'value',
  'ci_low',
  'ci_high',
  'sd_over_seeds',
  'seeds',
  'per_seed',
  'p',
  'p_holm',
  'holm_over',
  'shown_best',
  'k',
  'of',
  'films',
  'positives',
  'unstable',
  'parameters',
  'macs',
  'weight_bytes',
  'input_bytes',
  'source',
] as const;
type Row = Partial<Record<(typeof CSV_COLUMNS)[number], Value>>;

const OURS = 'this library, test part';

/** RFC 4180; text that a spreadsheet would run as a formula gets a quote before it. */
function field(value: Value): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cellRow(cell: StudyTableCell, task: StudyTask): Row {
  const measured = cell[task];
  const at: Row = {
    kind: 'cell',
    model: cell.model,
    resolution: cell.resolution,
    system: cell.system,
    task,
    state: cell.standing,
    source: OURS,
  };
  if (measured === null) return at;
  return {
    ...at,
    value: measured.value,
    ci_low: measured.ci?.[0],
    ci_high: measured.ci?.[1],
    sd_over_seeds: measured.sd,
    seeds: cell.seeds.map(({ seed }) => seed).join(' '),
    per_seed: cell.seeds.map((one) => one[task].value ?? 'undefined').join(' '),
    shown_best: measured.best,
    k: cell.t1 !== null && task === 't1' ? cell.t1.k : null,
    of: cell.t1 !== null && task === 't1' ? cell.t1.of : null,
    films: task === 't2' ? cell.t2?.n : null,
    positives: task === 't2' ? cell.t2?.positives : null,
    unstable: task === 't1' ? cell.t1?.unstable.join('; ') : cell.t2?.unstable,
    parameters: cell.cost?.parameters,
    macs: cell.cost?.macs,
    weight_bytes: cell.cost?.weightBytes,
    input_bytes: cell.cost?.inputBytes,
  };
}

export function studyCsv({ rows, differences, paper }: StudyTable): string {
  const cells = rows
    .flatMap((row) => row.cells)
    .filter(({ standing }) => standing !== 'none')
    .flatMap((cell) => STUDY_TASKS.map((task) => cellRow(cell, task)));
  const gaps = differences.map(
    ({ model, resolution, a, b, task, seeds, difference, sd, holm, over, reason }): Row => ({
      ...{ kind: 'difference', model, resolution, system: a, against: b, task, source: OURS },
      state: reason ?? 'done',
      value: difference.value,
      ci_low: difference.ci?.[0],
      ci_high: difference.ci?.[1],
      sd_over_seeds: sd,
      seeds: seeds.join(' '),
      p: difference.p,
      p_holm: holm,
      holm_over: over,
    }),
  );
  const printed = (paper?.values ?? []).map(
    ({ model, resolution, system, task, value, table, doubted }): Row => ({
      ...{ kind: 'paper', model, resolution, system, task, value },
      state: doubted ? 'identical in two rows of the paper, likely a slip' : 'as printed',
      source: `${paper?.label ?? ''}, Table ${table}`,
    }),
  );
  const lines = [...cells, ...gaps, ...printed].map((row) =>
    CSV_COLUMNS.map((column) => field(row[column])).join(','),
  );
  return [CSV_COLUMNS.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}
