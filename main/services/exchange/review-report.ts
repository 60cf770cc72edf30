/** @file A review session to print: who read, what was asked, and every key image with its marks and words. One HTML file. */
import type { ReadingVersion, Review } from '../../../shared/contract/review.ts';
import type { ReadChoice } from '../../../shared/domain/exchange.ts';
import { findingColour } from '../../../shared/domain/findings.ts';
import type { ReviewId } from '../../../shared/domain/ids.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { shortPatient } from '../../store/patients.ts';
import type { FilmRecord } from '../../store/films.ts';
import { Html, html } from '../evaluation/report/html.ts';
import { STYLE } from '../evaluation/report/style.ts';
import { counted } from '../import/wording.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { utf8, type WholeFile } from './annotation-set.ts';
import { chosenRead, filmsOfReview, type GatherProgress } from './gather-annotations.ts';
import { framePicture, markedPicture, type FramePicture } from './key-picture.ts';

const POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:`;
const OWN_STYLE = new Html(`
.key-image { break-inside: avoid; margin: 0 0 7mm; }
.key-image svg { width: 100%; height: auto; background: #000; }
.key-image .mark * { vector-effect: non-scaling-stroke; }
.key-image h3 { margin: 0 0 1.5mm; font-size: 10.5pt; }
.key-image h3 span { font-weight: 400; color: var(--muted); }
.said { display: flex; flex-wrap: wrap; gap: 1mm 4mm; margin: 1.5mm 0 0; font-size: 8.5pt; }
.said i { display: inline-block; width: 2.5mm; height: 2.5mm; margin-right: 1mm; border: 0.6mm solid; }
`);

export interface MadeReport {
  readonly file: WholeFile;
  readonly pictures: number;
  readonly notes: readonly string[];
}

interface KeyFrame {
  readonly film: FilmRecord;
  readonly frame: number;
  readonly reader: string;
  readonly version: ReadingVersion;
}

/** @throws ServiceError BAD_INPUT nothing is flagged in a signed read */
export async function reviewReport(
  { store, filmBytes }: OpenLibrary,
  id: ReviewId,
  { reads, now, progress }: { reads: ReadChoice; now: number; progress: GatherProgress },
): Promise<MadeReport> {
  const review = store.reviews.find(id);
  const readers = store.reviews.readersOf(id);
  const films = filmsOfReview(store, id);
  const keys: KeyFrame[] = [];
  const signed = new Map<string, number>();
  let missing = 0;
  for (const filmId of films) {
    const film = store.films.find(filmId);
    for (const reader of readers) {
      const version = chosenRead(store.reviews.versions(id, reader.id, filmId), reads);
      if (version === null) continue;
      signed.set(reader.name, (signed.get(reader.name) ?? 0) + 1);
      if (film === null) missing += version.content.keyFrames.length;
      else
        for (const frame of version.content.keyFrames)
          keys.push({ film, frame, reader: reader.name, version });
    }
  }
  if (keys.length === 0) {
    throw new ServiceError(
      'BAD_INPUT',
      'No signed read of the session has a key image. Nothing was written; flag frames as key images first.',
    );
  }
  const figures: Html[] = [];
  for (const [index, key] of keys.entries()) {
    progress.signal.throwIfAborted();
    progress.report(index, keys.length);
    figures.push(figure(review, key, await framePicture(filmBytes, key.film.id, key.frame)));
  }
  const page = document(review, films.length, [...signed], figures, now);
  return {
    file: { name: 'report.html', bytes: utf8(page.markup) },
    pictures: keys.length,
    notes:
      missing > 0 ? [`${counted(missing, 'key image')} of films that are not in this library left out.`] : [],
  };
}

function figure({ plan }: Review, { film, frame, reader, version }: KeyFrame, picture: FramePicture): Html {
  const { content } = version;
  const marks = content.marks.filter(({ shape }) => shape.frame === frame);
  const present = plan.findings.filter((finding) => saysFinding(content, finding));
  const answers = plan.questions.flatMap(({ id, text, answers: choices }) => {
    const answer = choices[content.answers[id] ?? -1];
    return answer === undefined ? [] : [`${text} ${answer}`];
  });
  const where = film.frames > 1 ? `, frame ${frame + 1} of ${film.frames}` : '';
  return html`<figure class="key-image">
    <h3>${film.name}<span>${where} · ${shortPatient(film.patientKey)} · read by ${reader}</span></h3>
    ${markedPicture(picture, film, marks, `${film.name}${where} with ${counted(marks.length, 'mark')}`)}
    <p class="said">
      ${present.length === 0 && html`<span>None of the session’s findings</span>`}
      ${present.map((finding) => html`<span><i style="border-color: ${findingColour(finding)}"></i>${finding}</span>`)}
      ${answers.map((answer) => html`<span>${answer}</span>`)}
    </p>
    ${content.note !== '' && html`<figcaption>${content.note}</figcaption>`}
  </figure>`;
}

function document(
  { name, plan }: Review,
  films: number,
  signed: readonly (readonly [string, number])[],
  figures: readonly Html[],
  now: number,
): Html {
  const date = `${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${name}: key images</title>
        <style>
          ${STYLE} ${OWN_STYLE}
        </style>
      </head>
      <body>
        <header class="head">
          <h1>${name}</h1>
          <p class="lead">
            ${counted(figures.length, 'key image')} of a review session of ${counted(films, 'film')}. Made
            with Chestlight on ${date}. Research use, not a medical device.
          </p>
        </header>
        <main>
          <table>
            <thead>
              <tr>
                <th>Reader</th>
                <th class="n">Films signed</th>
              </tr>
            </thead>
            <tbody>
              ${signed.map(
                ([reader, count]) =>
                  html`<tr>
                    <th>${reader}</th>
                    <td class="n">${count}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
          <h2>Findings asked for</h2>
          <p>${plan.findings.join(' · ')}</p>
          <h2>Key images</h2>
          ${figures}
        </main>
      </body>
    </html>`;
}

/** What is wrong with a report that was read back; null = nothing. */
export function reportProblem(bytes: Uint8Array, { file, pictures }: MadeReport): string | null {
  const text = new TextDecoder().decode(bytes);
  if (text !== new TextDecoder().decode(file.bytes)) return 'the report differs';
  const images = text.match(/<image href="data:image\/jpeg;base64,/g) ?? [];
  return images.length === pictures ? null : 'a picture is missing in the report';
}
