/**
 * @file A review session to print: who read, what was found and answered, what was settled, and every key image with its marks and
 * words. One HTML file.
 */
import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { ReadingVersion, Review, ReviewQuestion } from '../../../shared/contract/review.ts';
import type { ReadChoice } from '../../../shared/domain/exchange.ts';
import { findingColour } from '../../../shared/domain/findings.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { shortPatient } from '../../store/patients.ts';
import type { FilmRecord } from '../../store/films.ts';
import { Html, html } from '../evaluation/report/html.ts';
import { STYLE } from '../evaluation/report/style.ts';
import { counted as some } from '../import/wording.ts';
import { decisionWords } from '../review/decision-words.ts';
import { historiesBeside, readElsewhere } from '../review/other-histories.ts';
import type { Store } from '../../store/store.ts';
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

/** A read that counts: a reader's here, or one of another site that does not follow on what was read here. */
interface CountedRead {
  readonly film: FilmRecord | null;
  readonly filmId: FilmId;
  readonly reader: string;
  readonly version: ReadingVersion;
}

/** Reads of one film, first those of here. */
function readsOfFilm(store: Store, id: ReviewId, filmId: FilmId, reads: ReadChoice): readonly CountedRead[] {
  const film = store.films.find(filmId);
  const readers = store.reviews.readersOf(id);
  const names = new Map(readers.map((reader) => [reader.id, reader.name]));
  const here = readers.flatMap((reader) => {
    const version = chosenRead(store.reviews.versions(id, reader.id, filmId), reads);
    return version === null ? [] : [{ film, filmId, reader: reader.name, version }];
  });
  const said = (reader: ReaderId): readonly ReadingVersion[] => store.reviews.versions(id, reader, filmId);
  const elsewhere = historiesBeside(store.sessionMerge.othersOf(id, filmId), said).flatMap(
    ({ readerId, site, own, whole }) => {
      const version = chosenRead(whole, reads);
      if (version === null || !own.some((one) => one.id === version.id)) return [];
      return [{ film, filmId, reader: readElsewhere(names.get(readerId) ?? readerId, site), version }];
    },
  );
  return [...here, ...elsewhere];
}

/** @throws ServiceError BAD_INPUT nothing is signed */
export async function reviewReport(
  { store, filmBytes }: OpenLibrary,
  id: ReviewId,
  { reads, now, progress }: { reads: ReadChoice; now: number; progress: GatherProgress },
): Promise<MadeReport> {
  const review = store.reviews.find(id);
  const films = filmsOfReview(store, id);
  const counted = films.flatMap((filmId) => readsOfFilm(store, id, filmId, reads));
  if (counted.length === 0) {
    throw new ServiceError(
      'BAD_INPUT',
      'No read of the session is signed yet, so there is nothing to report. Nothing was written.',
    );
  }
  const keys: KeyFrame[] = [];
  let missing = 0;
  for (const { film, reader, version } of counted) {
    if (film === null) missing += version.content.keyFrames.length;
    else for (const frame of version.content.keyFrames) keys.push({ film, frame, reader, version });
  }
  const decisions = [...store.decisions.newest(id).values()];
  const notes = [
    missing > 0 && `${some(missing, 'key image')} of films that are not in this library left out.`,
    reads === 'first' &&
      decisions.length > 0 &&
      `${some(decisions.length, 'decision')} of adjudicators left out: made on the last reads, not the first.`,
  ].filter((note) => note !== false);
  const figures: Html[] = [];
  for (const [index, key] of keys.entries()) {
    progress.signal.throwIfAborted();
    progress.report(index, keys.length);
    figures.push(figure(review, key, await framePicture(filmBytes, key.film.id, key.frame)));
  }
  const tables = [
    found(review, counted),
    ...review.plan.questions.map((question) => answered(question, counted)),
    ...(reads === 'first' ? [] : settledTable(store, review, decisions)),
  ];
  const page = document(review, films.length, tables, figures, now);
  return { file: { name: 'report.html', bytes: utf8(page.markup) }, pictures: keys.length, notes };
}

/** A column a reader, in the order in which they come. */
const readersOf = (reads: readonly CountedRead[]): ReadonlyMap<string, readonly CountedRead[]> =>
  Map.groupBy(reads, ({ reader }) => reader);

function table(
  title: string,
  first: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): Html {
  return html`<h2>${title}</h2>
    <table>
      <thead>
        <tr>
          <th>${first}</th>
          ${heads.map((head) => html`<th class="n">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name = '', ...cells]) =>
            html`<tr>
              <th>${name}</th>
              ${cells.map((cell) => html`<td class="n">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function found({ plan }: Review, reads: readonly CountedRead[]): Html {
  const readers = readersOf(reads);
  const signed = ['Films signed', ...[...readers.values()].map((of) => String(of.length))];
  const rows = plan.findings.map((finding) => [
    finding,
    ...[...readers.values()].map((of) =>
      String(of.filter(({ version }) => saysFinding(version.content, finding)).length),
    ),
  ]);
  return table('Films on which each reader found it', 'Finding', [...readers.keys()], [signed, ...rows]);
}

function answered({ id, text, answers }: ReviewQuestion, reads: readonly CountedRead[]): Html {
  const readers = readersOf(reads);
  const count = (answer: number | undefined): string[] =>
    [...readers.values()].map((of) =>
      String(of.filter(({ version }) => version.content.answers[id] === answer).length),
    );
  const rows = answers.map((answer, at) => [answer, ...count(at)]);
  return table(text, 'Answer', [...readers.keys()], [...rows, ['Not answered', ...count(undefined)]]);
}

/** What adjudicators decided, a row a film; nothing where they have not. */
function settledTable(store: Store, { plan }: Review, decisions: readonly Decision[]): readonly Html[] {
  if (decisions.length === 0) return [];
  const people = new Map(store.readers.all().map((one) => [one.id, one.name]));
  return [
    html`<h2>Settled</h2>
      <table>
        <thead>
          <tr>
            <th>Film</th>
            <th>Findings</th>
            <th>How and why</th>
            <th>By</th>
          </tr>
        </thead>
        <tbody>
          ${decisions.map((decision) => {
            const film = store.films.find(decision.filmId);
            const { findings } = decision.settled;
            return html`<tr>
              <th>${film?.name ?? 'a film that is not in this library'}</th>
              <td>${findings.length === 0 ? 'none' : findings.join(', ')}</td>
              <td>${decisionWords(decision, plan)}</td>
              <td>${people.get(decision.adjudicator) ?? decision.adjudicator}</td>
            </tr>`;
          })}
        </tbody>
      </table>`,
  ];
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
    ${markedPicture(picture, film, marks, `${film.name}${where} with ${some(marks.length, 'mark')}`)}
    <p class="said">
      ${present.length === 0 && html`<span>None of the session’s findings</span>`}
      ${present.map((finding) => html`<span><i style="border-color: ${findingColour(finding)}"></i>${finding}</span>`)}
      ${answers.map((answer) => html`<span>${answer}</span>`)}
    </p>
    ${content.note !== '' && html`<figcaption>${content.note}</figcaption>`}
  </figure>`;
}

function document(
  { name }: Review,
  films: number,
  tables: readonly Html[],
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
        <title>${name}: report</title>
        <style>
          ${STYLE} ${OWN_STYLE}
        </style>
      </head>
      <body>
        <header class="head">
          <h1>${name}</h1>
          <p class="lead">
            A review session of ${some(films, 'film')}, with ${some(figures.length, 'key image')}. Made with
            Chestlight on ${date}. Research use, not a medical device.
          </p>
        </header>
        <main>
          ${tables}
          <h2>Key images</h2>
          ${figures.length === 0 ? html`<p>No key image was chosen in a signed read.</p>` : figures}
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
