/** @file A set of annotations from the library: of all its films, or of a review session's signed reads. */
import { setImmediate } from 'node:timers/promises';

import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { Mark, ReadingContent, ReadingVersion, Review } from '../../../shared/contract/review.ts';
import type { ReadChoice } from '../../../shared/domain/exchange.ts';
import type { FilmId, ReviewId } from '../../../shared/domain/ids.ts';
import { firstRead, revisedRead, saysFinding } from '../../../shared/domain/review.ts';
import { boundsOf, type Shape } from '../../../shared/domain/shape.ts';
import type { FilmRecord } from '../../store/films.ts';
import type { Store } from '../../store/store.ts';
import { counted } from '../import/wording.ts';
import { boundsOnFilm } from '../review/bounds-on-film.ts';
import { decisionWords, ownOfAdjudicator, settledBy } from '../review/decision-words.ts';
import { historiesBeside, readElsewhere } from '../review/other-histories.ts';
import { secondsRows } from '../review/reading-times.ts';
import type { AnnotatedBox, AnnotatedFilm, AnnotationSet } from './annotation-set.ts';
import type { SessionRecord } from './json-format.ts';

export interface Gathered {
  readonly set: AnnotationSet;
  readonly session: SessionRecord | null;
  /** What was left out, as sentences. */
  readonly notes: readonly string[];
}

export interface GatherProgress {
  readonly signal: AbortSignal;
  report(done: number, total: number): void;
}

const FILMS_PER_TURN = 200;

const bare = (film: FilmRecord): AnnotatedFilm => ({
  filmId: film.id,
  file: film.name,
  width: film.cols,
  height: film.rows,
  abnormal: film.abnormal,
  labels: [],
  readings: [],
  boxes: [],
  remarks: [],
});

/** Labels, reads and boxes of every film. */
export async function gatherLibrary(store: Store, progress: GatherProgress): Promise<Gathered> {
  const ids = store.films.names();
  const films: AnnotatedFilm[] = [];
  for (const [index, { id }] of ids.entries()) {
    if (index % FILMS_PER_TURN === 0) {
      await setImmediate();
      progress.signal.throwIfAborted();
      progress.report(index, ids.length);
    }
    const film = store.films.find(id);
    if (film === null) continue;
    films.push({
      ...bare(film),
      labels: [...store.labels.ofFilm(film.no)],
      readings: [...store.readings.ofFilm(film.no)],
      boxes: store.readings
        .boxes(film.no)
        .map((box) => ({ ...box, frame: 0, confidence: null, outline: null })),
    });
  }
  const used = new Set(
    films.flatMap(({ labels, readings, boxes }) =>
      [...labels, ...readings, ...boxes].map(({ finding }) => finding),
    ),
  );
  const findings = store.labels.findings().filter((finding) => used.has(finding));
  return { set: { findings, films }, session: null, notes: [] };
}

/** The read that counts of a reader's versions of a film; null = none is signed. */
export function chosenRead<Version extends Pick<ReadingVersion, 'stage'>>(
  versions: readonly Version[],
  choice: ReadChoice,
): Version | null {
  return choice === 'first' ? firstRead(versions) : (revisedRead(versions) ?? firstRead(versions));
}

/** Every film of a session, by id. */
export function filmsOfReview(store: Store, id: ReviewId): readonly FilmId[] {
  const films = store.reviews
    .readersOf(id)
    .flatMap((reader) => store.reviews.worklist(id, reader.id).map(({ filmId }) => filmId));
  return [...new Set(films)].sort();
}

/** @throws ServiceError NOT_FOUND */
export async function gatherReview(
  store: Store,
  id: ReviewId,
  choice: ReadChoice,
  progress: GatherProgress,
): Promise<Gathered> {
  const review = store.reviews.find(id);
  const readers = store.reviews.readersOf(id);
  const ids = filmsOfReview(store, id);
  const films: AnnotatedFilm[] = [];
  const versions: ReadingVersion[] = [];
  const decisions: Decision[] = [];
  const people = new Map(store.readers.all().map((one) => [one.id, one.name]));
  const counts = { missing: 0, unsigned: 0, shapes: 0, early: 0, elsewhere: 0 };
  const others = store.sessionMerge.others(id);
  const othersOf = Map.groupBy(others, (version) => version.filmId);
  for (const [index, filmId] of ids.entries()) {
    if (index % FILMS_PER_TURN === 0) {
      await setImmediate();
      progress.signal.throwIfAborted();
      progress.report(index, ids.length);
    }
    const record = store.films.find(filmId);
    const film = record === null ? null : { ...bare(record), abnormal: null };
    if (film === null) counts.missing += 1;
    else films.push(film);
    for (const reader of readers) {
      const said = store.reviews.versions(id, reader.id, filmId);
      versions.push(...said);
      const read = chosenRead(said, choice);
      if (read === null && said.length > 0) counts.unsigned += 1;
      if (read === null || film === null) continue;
      counts.shapes += addRead(film, review, reader.name, read);
      addSeconds(film, reader.name, upTo(said, read));
    }
    const beside = historiesBeside(othersOf.get(filmId) ?? [], (reader) =>
      store.reviews.versions(id, reader, filmId),
    );
    for (const { readerId, site, own, whole } of beside) {
      const read = chosenRead(whole, choice);
      // One that is not signed, or that both sites have, says nothing of its own; the versions are all kept with the session.
      if (film === null || read === null || !own.some((version) => version.id === read.id)) continue;
      counts.elsewhere += 1;
      const name = people.get(readerId) ?? readerId;
      counts.shapes += addRead(film, review, readElsewhere(name, site), read);
      addSeconds(film, readElsewhere(name, site), upTo(whole, read));
    }
    const made = store.decisions.ofFilm(id, filmId);
    decisions.push(...made);
    const counting = made.at(-1);
    if (counting === undefined || film === null) continue;
    // A decision is made on the last reads; beside first reads, made without the model, it would be taken for one of them.
    if (choice === 'first') counts.early += 1;
    else {
      const name = people.get(counting.adjudicator) ?? counting.adjudicator;
      counts.shapes += addDecision(film, review, name, counting);
    }
  }
  const notes = [
    counts.missing > 0 &&
      `${counted(counts.missing, 'film')} of the session ${counts.missing === 1 ? 'is' : 'are'} not in this library and left out: their size is not known here.`,
    counts.unsigned > 0 && `${counted(counts.unsigned, 'read')} not signed yet and left out.`,
    counts.shapes > 0 &&
      `${counted(counts.shapes, 'mark')} that ${counts.shapes === 1 ? 'encloses' : 'enclose'} no area and ${counts.shapes === 1 ? 'has' : 'have'} no box.`,
    counts.elsewhere > 0 &&
      `${counted(counts.elsewhere, 'read')} that a reader signed at another site apart from here ${counts.elsewhere === 1 ? 'stands' : 'stand'} beside, under the reader’s name and the site’s: what was read here is what counts here.`,
    counts.early > 0 &&
      `${counted(counts.early, 'decision')} of adjudicators left out: ${counts.early === 1 ? 'it was' : 'they were'} made on the last reads, not the first.`,
  ].filter((note) => note !== false);
  return {
    set: { findings: [...review.plan.findings], films },
    session: { review, readers: [...readers], versions, others: [...others], decisions },
    notes,
  };
}

/** @returns marks without a box */
function addRead(film: AnnotatedFilm, { plan }: Review, reader: string, { content }: ReadingVersion): number {
  for (const finding of plan.findings) {
    film.readings.push({ reader, finding, value: saysFinding(content, finding) });
  }
  const without = addMarks(film, content.marks, () => reader);
  addAnswers(film, plan, reader, content.answers);
  for (const { finding, verdict, note } of content.verdicts) {
    const value = note === '' ? verdict : `${verdict}: ${note}`;
    film.remarks.push({ reader, kind: 'verdict', about: finding, value });
  }
  if (content.note !== '') film.remarks.push({ reader, kind: 'note', about: '', value: content.note });
  return without;
}

/** The versions that led to a read: with first reads alone nothing is said of what came later. */
const upTo = (versions: readonly ReadingVersion[], read: ReadingVersion): readonly ReadingVersion[] =>
  versions.filter(({ number }) => number <= read.number);

function addSeconds(film: AnnotatedFilm, reader: string, versions: readonly ReadingVersion[]): void {
  for (const row of secondsRows(versions)) film.remarks.push({ reader, kind: 'seconds', ...row });
}

/** What was settled, beside the reads that it was made of. @returns marks without a box */
function addDecision(film: AnnotatedFilm, { plan }: Review, adjudicator: string, decision: Decision): number {
  const { findings, answers, marks, own } = decision.settled;
  const reader = settledBy(adjudicator);
  for (const finding of plan.findings) {
    film.readings.push({ reader, finding, value: findings.includes(finding) });
  }
  const drawn = new Set(own.marks);
  const without = addMarks(film, marks, (shapeId) =>
    drawn.has(shapeId) ? ownOfAdjudicator(adjudicator) : reader,
  );
  addAnswers(film, plan, reader, answers);
  film.remarks.push({ reader, kind: 'note', about: 'Decision', value: decisionWords(decision, plan) });
  return without;
}

/** @returns marks without a box */
function addMarks(film: AnnotatedFilm, marks: readonly Mark[], reader: (shapeId: string) => string): number {
  let without = 0;
  for (const { shape, finding, confidence } of marks) {
    const box = within(shape, film);
    if (box === null) without += 1;
    else film.boxes.push({ finding, reader: reader(shape.id), ...box, confidence });
  }
  return without;
}

function addAnswers(
  film: AnnotatedFilm,
  { questions }: Review['plan'],
  reader: string,
  given: ReadingContent['answers'],
): void {
  for (const { id, text, answers } of questions) {
    const answer = given[id];
    const value = answer === undefined ? undefined : answers[answer];
    if (value !== undefined) film.remarks.push({ reader, kind: 'answer', about: text, value });
  }
}

/** The part of a region on its film; null = it lies outside. */
function within(
  { kind, frame, points }: Shape,
  film: AnnotatedFilm,
): Pick<AnnotatedBox, 'x' | 'y' | 'width' | 'height' | 'frame' | 'outline'> | null {
  const box = boundsOnFilm({ kind, points }, { rows: film.height, cols: film.width });
  if (box === null) return null;
  const outline =
    kind === 'rectangle'
      ? null
      : kind === 'freehand'
        ? points.map((point): [number, number] => [point.x, point.y])
        : ellipse(boundsOf(points));
  return { ...box, frame, outline };
}

const ELLIPSE_CORNERS = 32;

function ellipse({
  x,
  y,
  width,
  height,
}: {
  x: number;
  y: number;
  width: number;
  height: number;
}): [number, number][] {
  return Array.from({ length: ELLIPSE_CORNERS }, (_, at) => {
    const angle = (2 * Math.PI * at) / ELLIPSE_CORNERS;
    return [x + (width / 2) * (1 + Math.cos(angle)), y + (height / 2) * (1 + Math.sin(angle))];
  });
}
