/** @file Films side by side, as in the paper's Fig. 3: what each resolution sees, where each run looked, what it said. */
import { formatScore } from '../../../../shared/domain/numbers.ts';
import { colourAt } from '../../../../shared/domain/colour-map.ts';
import { listed } from '../wording.ts';
import type { Captions } from './captions.ts';
import { html, type Html } from './html.ts';
import { REPORT_COLOUR_MAP } from './overlay-picture.ts';
import type { ReportFilm, ReportOverlay } from './report-data.ts';

/** Pictures in a row on A4. */
const MOST_COLUMNS = 6;

function image(png: Uint8Array, alt: string, coarse = false): Html {
  const data = Buffer.from(png).toString('base64');
  return html`<img class="${coarse ? 'coarse' : ''}" src="data:image/png;base64,${data}" alt="${alt}" />`;
}

function overlayCell({ run, score, threshold, picture }: ReportOverlay, film: ReportFilm): Html {
  const called = threshold !== null && score >= threshold;
  const says =
    threshold === null
      ? html`no threshold`
      : called === film.abnormal
        ? html`${called ? 'abnormal' : 'normal'}: right`
        : html`<span class="wrong">${called ? 'abnormal' : 'normal'}: wrong</span>`;
  return html`<div>
    ${picture === null ? html`<div class="none">no overlay</div>` : image(picture.png, `Where ${run} looked`)}
    <b>${run}</b>${formatScore(score)} · ${says}
    ${picture !== null && html`<br /><span class="muted">${multiplesInWords(picture.multiples)}</span>`}
  </div>`;
}

/** `0.6–2.1 × equal`. */
function multiplesInWords([low, high]: readonly [number, number]): string {
  const digits = high < 2 ? 2 : 1;
  return `${low.toFixed(digits)}–${high.toFixed(digits)} × equal`;
}

function filmBlock(film: ReportFilm): Html {
  // A row of inputs and a row of overlays, unless one row holds both.
  const total = film.inputs.length + film.overlays.length;
  const together = total <= MOST_COLUMNS;
  const columns = together ? Math.max(total, 4) : Math.max(film.inputs.length, film.overlays.length, 5);
  const inputs = film.inputs.map(
    ({ resolution, png }) =>
      html`<div>
        ${image(png, `The film at ${resolution} pixels`, resolution < 224)}
        <b>${resolution === 224 ? 'Film' : 'Seen'} at ${resolution} px</b>
      </div>`,
  );
  const overlays = film.overlays.map((overlay) => overlayCell(overlay, film));
  const grid = (cells: readonly Html[]): Html =>
    html`<div class="pictures" style="grid-template-columns: repeat(${columns}, minmax(0, 1fr))">
      ${cells}
    </div>`;
  const truth = film.abnormal
    ? `abnormal${film.findings.length > 0 ? `: ${listed(film.findings)}` : ', findings not named'}`
    : 'normal';
  return html`<div class="film">
    <h3>
      Labelled ${truth} <span>· ${film.why} · <i>${film.filmId.slice(0, 13)}, ${film.patient}</i></span>
    </h3>
    ${together ? grid([...inputs, ...overlays]) : [grid(inputs), grid(overlays)]}
  </div>`;
}

function colourScale(): Html {
  const stops = Array.from({ length: 11 }, (_, index) => {
    const [red, green, blue] = colourAt(REPORT_COLOUR_MAP, index / 10);
    return html`<stop offset="${index * 10}%" stop-color="rgb(${red} ${green} ${blue})" />`;
  });
  return html`<div class="scale">
    <span>weakest cell of the map</span>
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <defs><linearGradient id="attention">${stops}</linearGradient></defs>
      <rect width="100" height="8" fill="url(#attention)" />
    </svg>
    <span>strongest cell</span>
  </div>`;
}

/** Empty without films. */
export function filmsSection(films: readonly ReportFilm[], captions: Captions): Html {
  if (films.length === 0) return html``;
  return html`<h2>Films</h2>
    <figure>
      ${colourScale()} ${films.map(filmBlock)}
      ${captions.figure(
        'Where the networks looked.',
        'Last-block attention of the class token, mean over heads, on the 14 × 14 patch grid, over the film as the 224-pixel network sees it. Each map runs from its weakest cell to its strongest; “× equal” names both in multiples of what every token would get if attention were equal, so a map near 1 is flat. Scores: probability of “abnormal”; right and wrong are judged at each run’s own threshold. The films were chosen by rule from the test part: of those that all runs call right the one with the middle margin, the ones called wrong by most, and the one with the widest spread of scores. Attention shows where information came from, not why a film was called abnormal.',
      )}
    </figure>`;
}
