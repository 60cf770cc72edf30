/** @file The page of a study: one document, nothing outside it, readable without a script, set for A4 landscape. Pure. */
import type { StudyTable, StudyTableCell, StudyTask } from '../../../../shared/contract/study-table.ts';
import { formatBytes, formatP, formatScore } from '../../../../shared/domain/numbers.ts';
import { PAPER_SYSTEMS } from '../../../../shared/domain/study.ts';
import { createCaptions, type Captions } from '../report/captions.ts';
import { dataTable } from '../report/data-table.ts';
import { html, Html } from '../report/html.ts';
import { COLOURS } from '../report/run-marks.ts';
import { STYLE } from '../report/style.ts';
import { lineChart, type ChartLine } from '../report/svg-chart.ts';
import { counted, MODEL_WORDS, signedInterval } from '../wording.ts';
import { STUDY_TASKS } from './study-run.ts';

const POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:`;

/** Over the report's own style: landscape, bold and missing cells, the paper's values set apart, a dark screen. */
const STUDY_STYLE = new Html(`
body { max-width: 297mm; }
p, ul, figcaption, caption { max-width: 240mm; }
td.cell { white-space: nowrap; }
td.cell b { font-weight: 750; }
td.cell small { display: block; color: var(--muted); font-size: 7.5pt; }
td small { display: block; color: var(--muted); }
td.missing { color: var(--muted); font-style: italic; }
tr.model > * { border-top: 0.8pt solid var(--rule); }
.charts { grid-template-columns: repeat(auto-fill, minmax(0, 82mm)); gap: 6mm; }
td.n + th { padding-left: 3mm; }
.paper { border-left: 2pt solid var(--line); padding-left: 4mm; }
@page { size: A4 landscape; margin: 13mm 14mm; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --text: #e2e8ef; --muted: #9dabba; --line: #36424f; --rule: #b9c5d2; --soft: #222b35; }
  html { background: #10151b; }
  body { background: #171d25; }
  a { color: #7fb8ea; }
  svg .grid { stroke: #2c3641; }
  svg .line, svg circle, svg .key { filter: brightness(1.5); }
  .better { color: #5cc79a; }
  .worse { color: #f08d84; }
}
`);

const titleOf = ({ systems }: StudyTable, name: string): string =>
  [...systems, ...PAPER_SYSTEMS].find((one) => one.name === name)?.title ?? name;

function cellOf(cell: StudyTableCell, task: StudyTask, table: StudyTable): Html {
  const measured = cell[task];
  if (cell.standing === 'none') return html`<td></td>`;
  if (measured === null) return html`<td class="missing" title="${cell.reason ?? ''}">missing</td>`;
  const { value, ci, sd, best } = measured;
  const figure = `${formatScore(value, 3)}${sd === null ? '' : ` ± ${formatScore(sd, 3)}`}`;
  const range = ci === null ? 'no interval' : `${formatScore(ci[0], 3)}–${formatScore(ci[1], 3)}`;
  const beside = [
    range,
    table.kDiffers && task === 't1' && cell.t1 !== null && `${cell.t1.k} of ${cell.t1.of} findings`,
    cell.seeds.length > 1 && cell.seeds.map((one) => formatScore(one[task].value, 3)).join(', '),
  ].filter((text) => text !== false);
  return html`<td class="cell">
    ${best ? html`<b>${figure}</b>` : figure} ${beside.map((text) => html`<small>${text}</small>`)}
  </td>`;
}

function resultsTable(table: StudyTable, captions: Captions): Html {
  const { rows, resolutions, bootstrap } = table;
  const body = rows
    .filter(({ cells }) => cells.some(({ standing }) => standing !== 'none'))
    .flatMap((row, place, shown) => {
      const starts = place > 0 && shown[place - 1]?.model !== row.model;
      return STUDY_TASKS.map(
        (task, at) =>
          html`<tr class="${at === 0 ? (starts ? 'model' : place > 0 ? 'group' : '') : ''}">
            <td>${at === 0 && (place === 0 || starts) && MODEL_WORDS[row.model]}</td>
            <th scope="row">${at === 0 && titleOf(table, row.system)}</th>
            <td>${task.toUpperCase()}</td>
            ${row.cells.map((cell) => cellOf(cell, task, table))}
          </tr>`,
      );
    });
  const caption = captions.table(
    'Results on the test part.',
    `AUROC. T1: mean over the findings that have both classes; T2: normal against abnormal. Below: 95 % interval, ${bootstrap.resamples.toLocaleString('en')} resamples of patients, the same for every run. Over several seeds: mean ± standard deviation, the interval of the mean, each seed. Bold only where the paired difference to every other system of the column excludes 0.`,
  );
  return dataTable(
    caption,
    [
      ...['Model', 'System', 'Task'].map((head) => ({ head })),
      ...resolutions.map((px) => ({ head: `${px === 224 ? 'HR' : 'LR'} ${px} px` })),
    ],
    body,
  );
}

function differencesTable(table: StudyTable, captions: Captions): Html {
  const { differences, family } = table;
  if (differences.length === 0)
    return html`<p>
      No two systems of one model and resolution have results yet, so there is no difference to show.
    </p>`;
  const body = differences.map(
    ({ model, resolution, a, b, task, seeds, difference, holm, over, reason }) =>
      html`<tr>
        <td>${MODEL_WORDS[model]}</td>
        <td class="n">${resolution}</td>
        <th scope="row">${titleOf(table, a)} − ${titleOf(table, b)}</th>
        <td>${task.toUpperCase()}</td>
        <td class="ci">${signedInterval(difference)}</td>
        <td class="n">${formatP(difference.p)}</td>
        <td class="n">${formatP(holm)}</td>
        <td class="n">${over}</td>
        <td>${reason ?? counted(seeds.length, 'seed')}</td>
      </tr>`,
  );
  const caption = captions.table(
    'Differences.',
    `Paired differences in AUROC, same films, same resampled patients, seeds that both have; 95 % interval. Holm: p adjusted over ${family}.`,
  );
  const columns = [
    { head: 'Model' },
    { head: 'px', figures: true },
    { head: 'Systems' },
    { head: 'Task' },
    { head: 'Difference' },
    ...['p', 'Holm', 'of'].map((head) => ({ head, figures: true })),
    { head: 'Over' },
  ];
  return dataTable(caption, columns, body, true);
}

/** Pixels from left to right as steps; systems stand beside each other so that intervals do not cover each other. */
function ladder(table: StudyTable, captions: Captions): Html {
  const { models, resolutions, rows, systems } = table;
  const steps = resolutions.toReversed();
  const DASHES = ['', '6 2', '3 2', '1.5 1.5'];
  const done = rows.flatMap(({ cells }) => cells).filter(({ standing }) => standing === 'done');
  const ends = done.flatMap(({ t1, t2 }) => [t1?.ci?.[0] ?? 1, t2?.ci?.[0] ?? 1]);
  const low = Math.floor(Math.min(0.5, ...ends) * 10) / 10;
  const dashOf = (name: string): string => {
    const at = systems.findIndex((one) => one.name === name);
    const { method } = systems[at] ?? { method: 'none' };
    return DASHES[systems.slice(0, at).filter((one) => one.method === method).length % DASHES.length] ?? '';
  };
  const colourOf = (name: string): string =>
    COLOURS[systems.find((one) => one.name === name)?.method ?? 'none'];
  const lines = (model: StudyTable['models'][number], task: StudyTask): ChartLine[] =>
    rows
      .filter((row) => row.model === model)
      .flatMap((row, place, all) => {
        const shift = (place - (all.length - 1) / 2) * 0.05;
        const at = row.cells.flatMap((cell) => {
          const measured = cell[task];
          if (measured?.value == null) return [];
          return [{ x: steps.indexOf(cell.resolution) + shift, value: measured.value, ci: measured.ci }];
        });
        const look = { colour: colourOf(row.system), dash: dashOf(row.system) };
        const points = at.toSorted((a, b) => a.x - b.x).map(({ x, value }) => [x, value] as const);
        return [
          { ...look, points },
          ...at.flatMap(({ x, value, ci }): ChartLine[] =>
            ci === null
              ? []
              : [
                  {
                    ...look,
                    dash: '',
                    points: [
                      [x, ci[0]],
                      [x, ci[1]],
                    ],
                    mark: [x, value],
                  },
                ],
          ),
        ];
      });
  const chart = (model: StudyTable['models'][number], task: StudyTask): Html =>
    lineChart({
      title: `${MODEL_WORDS[model]}, ${task.toUpperCase()}`,
      xLabel: 'pixels a side',
      yLabel: 'AUROC',
      xRange: [-0.5, Math.max(steps.length - 0.5, 0.5)],
      yRange: [low, 1],
      wholeX: true,
      xTick: (step) => String(steps[step] ?? ''),
      lines: lines(model, task),
    });
  const used = systems.filter(({ name }) => done.some(({ system }) => system === name));
  return html`<figure class="plot">
    <div class="legend">
      ${used.map(
        ({ name, title }) =>
          html`<span
            ><svg class="key" viewBox="0 0 16 8" aria-hidden="true">
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                stroke="${colourOf(name)}"
                stroke-width="2.4"
                stroke-dasharray="${dashOf(name)}"
              /></svg
            >${title}</span
          >`,
      )}
    </div>
    <div class="charts">${models.map((model) => STUDY_TASKS.map((task) => chart(model, task)))}</div>
    ${captions.figure('Accuracy against resolution.', 'Vertical lines: 95 % intervals, patients resampled.')}
  </figure>`;
}

function costTable(table: StudyTable, captions: Captions): Html {
  const done = table.rows.flatMap(({ cells }) => cells).filter(({ cost }) => cost !== null);
  const body = done.map(
    ({ model, system, resolution, cost }) =>
      cost &&
      html`<tr>
        <td>${MODEL_WORDS[model]}</td>
        <th scope="row">${titleOf(table, system)}</th>
        <td class="n">${resolution}</td>
        <td class="n">${(cost.parameters / 1e6).toFixed(2)} M</td>
        <td class="n">${(cost.macs / 1e9).toFixed(2)} G</td>
        <td class="n">${formatBytes(cost.weightBytes)}</td>
        <td class="n">${cost.inputBytes.toLocaleString('en')} B</td>
      </tr>`,
  );
  const caption = captions.table(
    'What each model takes.',
    'Multiply-accumulates of one film, counted from the shape; weights as stored; one film at the resolution, 8-bit grey.',
  );
  return dataTable(
    caption,
    [
      { head: 'Model' },
      { head: 'System' },
      ...['px', 'Parameters', 'Multiply-accumulates', 'Weights', 'Film'].map((head) => ({
        head,
        figures: true,
      })),
    ],
    body.filter((row) => row !== null),
    true,
  );
}

function paperSection(table: StudyTable): Html {
  const { paper, models } = table;
  if (paper === null) return html``;
  const values = paper.values.filter(({ model }) => models.includes(model));
  const resolutions = [224, 112, 56, 28];
  const body = [
    ...Map.groupBy(values, ({ model, system, task }) => `${model} ${system} ${task}`).values(),
  ].map((row) => {
    const [first] = row;
    return (
      first !== undefined &&
      html`<tr>
        <td>${MODEL_WORDS[first.model]}</td>
        <th scope="row">${titleOf(table, first.system)}</th>
        <td>${first.task.toUpperCase()}</td>
        <td>Table ${first.table}</td>
        ${resolutions.map((px) => {
          const value = row.find(({ resolution }) => resolution === px);
          return html`<td class="n">
            ${value !== undefined && html`${value.value.toFixed(4)}${value.doubted && ' †'}`}
          </td>`;
        })}
      </tr>`
    );
  });
  return html`<section class="paper">
    <h2>For reading beside: the paper’s own values</h2>
    <p>
      <b>${paper.label}.</b> ${paper.citation}. Other films, labels and training: never to be held against the
      tables above.
    </p>
    ${dataTable(
      html`<caption>
        As printed, without intervals. † Identical in “Last block” and “1:1” of the paper, likely a slip
        there.
      </caption>`,
      [
        ...['Model', 'System', 'Task', 'In the paper'].map((head) => ({ head })),
        ...resolutions.map((px) => ({ head: `${px} px`, figures: true })),
      ],
      body.filter((row) => row !== false),
      true,
    )}
  </section>`;
}

/** Settings that all runs share. */
function commonSettings({ runs }: StudyTable): readonly string[] {
  const [first, ...others] = runs;
  return (first?.settings ?? []).filter((one) => others.every(({ settings }) => settings.includes(one)));
}

function recipe(table: StudyTable): Html {
  const common = commonSettings(table);
  if (common.length === 0) return html``;
  return html`<p><b>All runs:</b> ${common.join('; ')}.</p>`;
}

function madeFrom(table: StudyTable, captions: Captions): Html {
  const common = new Set(commonSettings(table));
  const body = table.runs.map(
    (run) =>
      html`<tr>
        <th scope="row">${titleOf(table, run.system)} ${run.resolution} px, seed ${run.seed}</th>
        <td>
          ${run.name}<br /><code class="muted">${run.runId}</code>
          <small>${run.settings.filter((one) => !common.has(one)).join('; ')}</small>
        </td>
        <td>${run.device ?? 'not recorded'}</td>
        <td>
          <code class="hash">${run.configHash}</code><br /><code class="hash"
            >${run.weightsSha256 ?? 'no weights on record'}</code
          ><br /><code class="hash">${run.initSha256 ?? 'random start'}</code>
        </td>
      </tr>`,
  );
  return dataTable(
    captions.table(
      'What was run.',
      'SHA-256 of each run’s configuration, of its weights and of what it started from.',
    ),
    ['Run', 'Name, and what sets it apart', 'Device', 'Configuration, weights, start'].map((head) => ({
      head,
    })),
    body,
    true,
  );
}

export function studyPage(table: StudyTable): string {
  const { split, films, patients, findings, sources, notes, verdicts, runs, app, madeAt } = table;
  const captions = createCaptions();
  const date = `${new Date(madeAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b).join(', ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>Chestlight study, ${date}</title>
        <style>
          ${STYLE}${STUDY_STYLE}
        </style>
      </head>
      <body>
        <header class="head">
          <h1>Low-resolution chest X-ray models: a study</h1>
          <p class="lead">
            ${counted(runs.length, 'run')}, tested on ${counted(films, 'film')} of
            ${counted(patients, 'patient')}. Made with Chestlight ${app} on ${date}. Research use, not a
            medical device.
          </p>
        </header>
        <main>
          <dl class="common">
            <dt>Split</dt>
            <dd>${split.name}, seed ${split.seed} (${split.id})</dd>
            <dt>Findings (T1)</dt>
            <dd>${findings.join(', ')}</dd>
            <dt>Seeds</dt>
            <dd>${seeds}</dd>
            <dt>Films from</dt>
            <dd>
              ${sources.map(({ source, licence, films: count }) => `${source} (${licence}): ${counted(count, 'film')}`).join('; ')}
            </dd>
          </dl>
          <h2>Results</h2>
          ${resultsTable(table, captions)}
          <h2>What is shown</h2>
          <ul>
            ${verdicts.filter(({ systems }) => systems > 1).map(({ sentence }) => html`<li>${sentence}</li>`)}
          </ul>
          <h2>Notes, and what to beware of</h2>
          <ul>
            ${notes.map((note) => html`<li>${note}</li>`)}
          </ul>
          <h2>Differences</h2>
          ${differencesTable(table, captions)}
          <h2>Resolution</h2>
          ${ladder(table, captions)} ${costTable(table, captions)} ${paperSection(table)}
          <h2>How it was made</h2>
          ${recipe(table)} ${madeFrom(table, captions)}
          <p>
            The same settings give the same SHA-256 of the configuration on any computer:
            <code>chestlight study --library L --plan PLAN.json</code> finds runs by it, and trains what is
            missing.
          </p>
        </main>
      </body>
    </html>`;
  return page.markup;
}
