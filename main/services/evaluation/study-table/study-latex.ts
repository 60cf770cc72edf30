/** @file A study's table as LaTeX in the layout of the paper (booktabs): models × systems × tasks against resolutions. Pure. */
import type { StudyTable, StudyTableCell, StudyTask } from '../../../../shared/contract/study-table.ts';
import { formatP, formatScore } from '../../../../shared/domain/numbers.ts';
import { PAPER_SYSTEMS } from '../../../../shared/domain/study.ts';
import { MODEL_WORDS, signedInterval } from '../wording.ts';
import { STUDY_TASKS } from './study-run.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '"': '\\textquotedbl{}',
  α: '$\\alpha$',
  β: '$\\beta$',
  γ: '$\\gamma$',
  '−': '$-$',
  '–': '--',
  '±': '$\\pm$',
  '×': '$\\times$',
  '“': '``',
  '”': "''",
  '’': "'",
  '\u00a0': '~',
};

/** Text as LaTeX prints it; what its Latin fonts have no sign for becomes a question mark. */
export function latexText(text: string): string {
  return [...text]
    .map(
      (sign) => ESCAPES[sign] ?? (/[\x20-\x7e\u00c0-\u017f]/.test(sign) ? sign : /\s/.test(sign) ? ' ' : '?'),
    )
    .join('');
}

function valueOf(cell: StudyTableCell, task: StudyTask): string {
  const measured = cell[task];
  if (cell.standing === 'none') return '';
  if (measured === null) return 'missing';
  const { value, sd, ci, best } = measured;
  const point = latexText(formatScore(value, 3) + (sd === null ? '' : ` ± ${formatScore(sd, 3)}`));
  const shown = best ? `\\textbf{${point}}` : point;
  if (ci === null) return shown;
  return `${shown} {\\scriptsize (${latexText(`${formatScore(ci[0], 3)}–${formatScore(ci[1], 3)}`)})}`;
}

function resultsTable({
  models,
  systems,
  rows,
  resolutions,
  films,
  patients,
  bootstrap,
}: StudyTable): string {
  const body = models.flatMap((model, index) => [
    ...(index > 0 ? ['\\midrule'] : []),
    ...rows
      .filter((row) => row.model === model)
      .flatMap((row, place) =>
        STUDY_TASKS.map((task, at) =>
          [
            place === 0 && at === 0 ? MODEL_WORDS[model] : '',
            at === 0 ? latexText(systems.find(({ name }) => name === row.system)?.title ?? row.system) : '',
            task.toUpperCase(),
            ...row.cells.map((cell) => valueOf(cell, task)),
          ].join(' & '),
        ).map((line) => `${line} \\\\`),
      ),
  ]);
  const heads = resolutions.map((px) => `$${px === 224 ? 'HR' : 'LR'}_{${px}\\times ${px}}$`);
  return [
    '\\begin{table*}\\centering\\small',
    `\\caption{AUROC on the test part (${films} films, ${patients} patients) with 95\\,\\% interval (patients resampled ${bootstrap.resamples} times); over several seeds mean $\\pm$ standard deviation and the interval of the mean. T1: mean over findings; T2: normal against abnormal. Bold only where the paired difference to every other system of the column excludes 0.}`,
    `\\begin{tabular}{lll${'l'.repeat(resolutions.length)}}`,
    '\\toprule',
    `Model & KD approach & Task & ${heads.join(' & ')} \\\\`,
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table*}',
  ].join('\n');
}

function differencesTable({ differences, systems, family }: StudyTable): string {
  if (differences.length === 0) return '';
  const title = (name: string): string => latexText(systems.find((one) => one.name === name)?.title ?? name);
  const body = differences.map(({ model, resolution, a, b, task, difference, holm }) =>
    [
      MODEL_WORDS[model],
      String(resolution),
      `${title(a)} $-$ ${title(b)}`,
      task.toUpperCase(),
      latexText(signedInterval(difference)),
      latexText(formatP(difference.p)),
      latexText(formatP(holm)),
    ].join(' & '),
  );
  return [
    '\\begin{table*}\\centering\\small',
    `\\caption{Paired differences in AUROC with 95\\,\\% interval. $p_H$: adjusted by Holm over ${latexText(family)}.}`,
    '\\begin{tabular}{lrlllrr}',
    '\\toprule',
    'Model & px & Systems & Task & Difference & $p$ & $p_H$ \\\\',
    '\\midrule',
    ...body.map((line) => `${line} \\\\`),
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table*}',
  ].join('\n');
}

function paperTable({ paper, models, systems }: StudyTable): string {
  if (paper === null) return '';
  const body = paper.values
    .filter(({ model }) => models.includes(model))
    .map(({ table, model, system, resolution, task, value, doubted }) =>
      [
        String(table),
        MODEL_WORDS[model],
        latexText([...systems, ...PAPER_SYSTEMS].find(({ name }) => name === system)?.title ?? system),
        String(resolution),
        task.toUpperCase(),
        `${value.toFixed(4)}${doubted ? '$^\\dagger$' : ''}`,
      ].join(' & '),
    );
  return [
    '\\begin{table*}\\centering\\scriptsize',
    `\\caption{${latexText(`${paper.label}: ${paper.citation}`)}. $^\\dagger$ identical in two rows of the paper, likely a slip.}`,
    '\\begin{tabular}{rllrlr}',
    '\\toprule',
    'Table & Model & KD approach & px & Task & AUROC \\\\',
    '\\midrule',
    ...body.map((line) => `${line} \\\\`),
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table*}',
  ].join('\n');
}

/** A document that compiles by itself; its tables can be copied into another. */
export function studyLatex(table: StudyTable): string {
  return [
    '\\documentclass{article}',
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage{booktabs}',
    '\\usepackage[landscape,margin=15mm]{geometry}',
    '\\begin{document}',
    resultsTable(table),
    differencesTable(table),
    paperTable(table),
    '\\section*{Notes}',
    '\\begin{itemize}',
    ...table.notes.map((note) => `\\item ${latexText(note)}`),
    '\\end{itemize}',
    '\\end{document}',
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n');
}
