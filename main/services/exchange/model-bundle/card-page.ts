/** @file A model card as a page: always made from the card's values, never taken from a bundle. */
import type { Interval } from '../../../../shared/contract/base.ts';
import type { ModelCard } from '../../../../shared/contract/model-card.ts';
import { distanceWords, quantileWords } from '../../../../shared/domain/likeness.ts';
import { formatInterval } from '../../../../shared/domain/numbers.ts';
import { html, type Html } from '../../evaluation/report/html.ts';
import { STYLE } from '../../evaluation/report/style.ts';
import { METHOD_WORDS, MODEL_WORDS } from '../../evaluation/wording.ts';

const POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:`;

const figure = ({ value, ci }: Interval): string => formatInterval(value, ci);
const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function pairs(rows: readonly (readonly [string, string | number | Html])[]): Html {
  return html`<div class="table">
    <table>
      <tbody>
        ${rows.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function metricsSection({ metrics }: ModelCard): Html {
  if (metrics === null) return html`<p>No figures are kept where it was trained.</p>`;
  const { films, patients, t1, t2, perFinding, bootstrap, notes } = metrics;
  return html`<p>
      On ${films} held-back films of ${patients} patients. Macro AUROC of ${t1.k} of ${t1.of} findings:
      <b>${figure(t1)}</b>. Normal against abnormal: <b>${figure(t2.auroc)}</b>. Intervals: 95 %;
      ${bootstrap.resamples} bootstrap resamples of patients (seed ${bootstrap.seed}), DeLong for single
      findings.
    </p>
    <div class="table dense">
      <table>
        <thead>
          <tr>
            <th scope="col">Finding</th>
            <th scope="col" class="n">Films</th>
            <th scope="col" class="n">Positive</th>
            <th scope="col">AUROC</th>
            <th scope="col" class="n">Average precision</th>
            <th scope="col" class="n">Brier</th>
            <th scope="col" class="n">ECE</th>
          </tr>
        </thead>
        <tbody>
          ${[t2, ...perFinding].map(
            (task) =>
              html`<tr>
                <th scope="row">
                  ${task.name}${task.unstable && html` <span class="muted">few films</span>`}
                </th>
                <td class="n">${task.n}</td>
                <td class="n">${task.positives}</td>
                <td class="ci">${figure(task.auroc)}</td>
                <td class="n">${number(task.averagePrecision)}</td>
                <td class="n">${number(task.brier)}</td>
                <td class="n">${number(task.ece)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <ul>
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>`;
}

function thresholdsSection({ thresholds }: ModelCard): Html {
  if (thresholds.length === 0) return html`<p>None are kept.</p>`;
  return html`<div class="table dense">
    <table>
      <thead>
        <tr>
          <th scope="col">Finding</th>
          <th scope="col" class="n">Threshold</th>
          <th scope="col">Chosen by</th>
        </tr>
      </thead>
      <tbody>
        ${thresholds.map(
          ({ name, threshold, rule, kind }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="n">${threshold.toFixed(4)}</td>
              <td>${kind === 'kept' ? `set by hand: ${rule}` : rule}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function likenessSection({ likeness }: ModelCard): Html {
  if (likeness === null) {
    return html`<p>
      Nothing is carried that would tell whether a film is like those that the model learned from: its scores
      are shown for every film.
    </p>`;
  }
  const { limit, quantile, trainFilms, validationFilms } = likeness;
  return html`<p>
    Scores of a film that lies farther than <b>${distanceWords(limit)}</b> from the training films in the
    model's feature space are held back until somebody asks for them. Fitted on ${trainFilms} training films;
    of films like the ${validationFilms} validation films, ${quantileWords(quantile)} are nearer. A film
    within the limit is not thereby fit for the model.
  </p>`;
}

function trainingSection({ training }: ModelCard): Html {
  const { parts, sources, start, teacher } = training;
  const part = ({ films, patients, abnormal, normal }: typeof parts.train): string =>
    `${films} films of ${patients} patients, ${abnormal} abnormal, ${normal} normal`;
  return pairs([
    ['Trained', `${new Date(training.trainedAt).toISOString().slice(0, 10)}, Chestlight ${training.app}`],
    ['Training films', part(parts.train)],
    ['Validation films', part(parts.validation)],
    ['Test films', part(parts.test)],
    [
      'Sources',
      sources.length === 0
        ? 'not stated'
        : sources.map(({ source, licence, films }) => `${source} (${films} films; ${licence})`).join('; '),
    ],
    [
      'Labels',
      `${training.reviewedLabels ? 'of a review' : 'as imported'}, rule for several readers: ${training.labelRule}`,
    ],
    ['Recipe', `${training.preset}, ${training.epochs} epochs, seed ${training.seed}`],
    ['Start', start === null ? 'random' : `${start.title} (${start.licence})`],
    ['Teacher', teacher === null ? 'none' : `${teacher.name} (${teacher.runId})`],
  ]);
}

/** One document, nothing outside it. */
export function cardPage(card: ModelCard): string {
  const { model, preprocessing, findings, licences, notes } = card;
  const { mean, std } = preprocessing.normalisation;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>Model card: ${model.name}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <header class="head">
          <h1>${model.name}</h1>
          <p class="lead">
            Model card. ${METHOD_WORDS[model.method]}, ${MODEL_WORDS[model.variant]} at ${model.resolution}
            pixels.
          </p>
        </header>
        <main>
          <ul>
            ${notes.map((note) => html`<li>${note}</li>`)}
          </ul>
          <h2>Model</h2>
          ${pairs([
            [
              'Architecture',
              `${MODEL_WORDS[model.variant]}, ${model.parameters.toLocaleString('en')} parameters, ${model.imageSize} pixels in patches of ${model.patch}`,
            ],
            ['Findings', findings.join(', ')],
            ['Run', model.runId],
            ['Weights (SHA-256)', html`<code>${model.weightsSha256}</code>`],
          ])}
          <h2>How a film is prepared</h2>
          ${pairs([
            ['Pixel pipeline', preprocessing.pipeline],
            [
              'Image',
              `${preprocessing.side} × ${preprocessing.side} grey, seen at ${model.resolution} pixels (${preprocessing.reduce}), enlarged by ${preprocessing.upsample}, tokens ${preprocessing.tokens}`,
            ],
            ['Normalisation', `mean ${mean.join(', ')}; standard deviation ${std.join(', ')}`],
          ])}
          <h2>How well it did</h2>
          ${metricsSection(card)}
          <h2>Thresholds</h2>
          ${thresholdsSection(card)}
          <h2>Films unlike the training films</h2>
          ${likenessSection(card)}
          <h2>What it learned from</h2>
          ${trainingSection(card)}
          <h2>Licences</h2>
          ${
            licences.length === 0
              ? html`<p>None are stated.</p>`
              : pairs(licences.map(({ what, licence }) => [what, licence] as const))
          }
        </main>
      </body>
    </html>`.markup;
}
