/** @file The page of a report from what was gathered: one document, nothing outside it, readable without a script. */
import { counted, listed } from '../wording.ts';
import { createCaptions } from './captions.ts';
import { rocFigure, trainingFigure } from './curves-section.ts';
import { dataSection } from './data-section.ts';
import { filmsSection } from './films-section.ts';
import { findingsSection } from './findings-section.ts';
import { html, type Html } from './html.ts';
import type { ReportData, ReportRun } from './report-data.ts';
import { differencesTable, resultsTable, seedsTable, summaryList } from './results-section.ts';
import { settingsSection } from './settings-section.ts';
import { STYLE } from './style.ts';

/** Of a browser that opens the file by itself; the app's own answer says the same in a header. */
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:`;

function utcDate(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function notesSection(runs: readonly ReportRun[], omissions: readonly string[]): Html {
  const sayers = new Map<string, string[]>();
  for (const { label, notes } of runs) {
    for (const note of notes) sayers.set(note, [...(sayers.get(note) ?? []), label]);
  }
  const ofAll = [...sayers].filter(([, labels]) => labels.length === runs.length).map(([note]) => note);
  const ofSome = [...sayers].filter(([, labels]) => labels.length < runs.length);
  if (sayers.size + omissions.length === 0) return html``;
  return html`<h2>What to beware of</h2>
    <ul>
      ${omissions.map((note) => html`<li>${note}</li>`)} ${ofAll.map((note) => html`<li>${note}</li>`)}
      ${ofSome.map(([note, labels]) => html`<li><b>${listed(labels)}.</b> ${note}</li>`)}
    </ul>`;
}

function methodsSection(runs: readonly ReportRun[]): Html {
  const [first] = runs;
  if (first === undefined) return html``;
  const { resamples, seed } = first.evaluation.bootstrap;
  return html`<h2>How the figures were made</h2>
    <p>
      Each run was trained on the training part; the epoch to keep and every threshold were chosen on the
      validation part; the test part was scored once, at the end. Students see the film as an area average at
      their own resolution, enlarged to 224 pixels. AUROC is the Mann–Whitney statistic with mid-ranks; an
      AUROC without both classes is undefined and never counted as .50. Films without a known label are left
      out of the figure concerned.
    </p>
    <p>
      Intervals of T1 and T2 and of differences are percentiles of ${resamples.toLocaleString('en')} bootstrap
      resamples of patients (seed ${seed}); the same patients are drawn for both runs of a difference.
      Intervals of single findings are DeLong’s, those of sensitivity, specificity, PPV and NPV Wilson’s. All
      are 95 %.
    </p>`;
}

export function reportPage(data: ReportData): string {
  const { runs, madeAt, omissions, splits, films } = data;
  const captions = createCaptions();
  const [first] = runs;
  const test = first?.evaluation;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>Chestlight report, ${utcDate(madeAt)}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <header class="head">
          <h1>Chest X-ray models: results</h1>
          <p class="lead">
            ${counted(runs.length, 'run')}${test !== undefined && splits.length === 1 && html`, tested on ${counted(test.films, 'film')} of ${counted(test.patients, 'patient')}`}.
            Made with Chestlight on ${utcDate(madeAt)}. Research use, not a medical device.
          </p>
        </header>
        <main>
          ${summaryList(runs)}
          <h2>Results</h2>
          ${resultsTable(runs, captions)} ${differencesTable(runs, captions)} ${seedsTable(runs, captions)}
          ${rocFigure(runs, captions)} ${notesSection(runs, omissions)} ${findingsSection(runs, captions)}
          ${filmsSection(films, captions)}
          <h2>Training</h2>
          ${trainingFigure(runs, captions)} ${settingsSection(runs, splits, captions)}
          ${dataSection(data, captions)} ${methodsSection(runs)}
        </main>
      </body>
    </html>`;
  return page.markup;
}
