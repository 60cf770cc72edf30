/** @file Signed reads of a session as DICOM objects in the studies of their films: structured reports or presentation states. */
import { readFilmReference, type FilmReference } from '../../dicom/objects/film-reference.ts';
import { writeObject, type NaturalObject } from '../../dicom/objects/natural-writer.ts';
import { graphicsOf, presentationState } from '../../dicom/objects/presentation-state.ts';
import { readObject, type ObjectFacts } from '../../dicom/objects/read-back.ts';
import type { SignedRead } from '../../dicom/objects/signed-read.ts';
import { findingCode, regionOf, structuredReport } from '../../dicom/objects/structured-report.ts';
import type { Decision } from '../../../shared/contract/review-adjudication.ts';
import type { ReadingVersion, Review } from '../../../shared/contract/review.ts';
import type { ReadChoice } from '../../../shared/domain/exchange.ts';
import type { ReviewId } from '../../../shared/domain/ids.ts';
import { saysFinding } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { FilmRecord } from '../../store/films.ts';
import { counted, listNames } from '../import/wording.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { decisionWords, settledBy } from '../review/decision-words.ts';
import type { FilesByName, WholeFile } from './annotation-set.ts';
import { chosenRead, filmsOfReview, type GatherProgress } from './gather-annotations.ts';

export type ObjectKind = 'sr' | 'gsps';

export interface MadeObjects {
  readonly files: readonly WholeFile[];
  readonly films: number;
  readonly notes: readonly string[];
  /** Null = what was read back says what it should. */
  check(files: FilesByName): string | null;
}

type Expected = Omit<ObjectFacts, 'sopClassUid' | 'sopInstanceUid' | 'codes'> & {
  readonly codes: readonly string[] | null;
};

/** @throws ServiceError BAD_INPUT nothing is signed, or no film came as DICOM with a study */
export async function makeObjects(
  library: OpenLibrary,
  kind: ObjectKind,
  id: ReviewId,
  { reads, version, progress }: { reads: ReadChoice; version: string; progress: GatherProgress },
): Promise<MadeObjects> {
  const { store, files } = library;
  const review = store.reviews.find(id);
  const readers = store.reviews.readersOf(id);
  const made: WholeFile[] = [];
  const expected = new Map<string, Expected>();
  const strangers: string[] = [];
  const counts = { missing: 0, reads: 0, unmarked: 0, open: 0, films: 0 };
  const people = new Map(store.readers.all().map((one) => [one.id, one.name]));
  const ids = filmsOfReview(store, id);
  for (const [index, filmId] of ids.entries()) {
    progress.signal.throwIfAborted();
    progress.report(index, ids.length);
    const signed = readers.flatMap((reader, no) => {
      const read = chosenRead(store.reviews.versions(id, reader.id, filmId), reads);
      return read === null ? [] : [{ as: String(no + 1), read: told(review, reader.name, read) }];
    });
    // A decision is made on the last reads; beside first reads it would be taken for one of them.
    const decision = reads === 'last' ? store.decisions.ofFilm(id, filmId).at(-1) : undefined;
    if (decision !== undefined) {
      const name = people.get(decision.adjudicator) ?? decision.adjudicator;
      signed.push({ as: 'settled', read: decided(review, name, decision) });
    }
    const record = store.films.find(filmId);
    if (signed.length === 0) continue;
    if (record === null) {
      counts.missing += 1;
      continue;
    }
    const film = await referenceOf(files.artifacts, record);
    if (film === null) {
      strangers.push(record.name);
      continue;
    }
    counts.films += 1;
    for (const { as, read } of signed) {
      counts.reads += 1;
      const name = `${kind}-${filmId.slice(5, 21)}-${as}.dcm`;
      const marks = read.marks.filter(({ shape }) => kind === 'gsps' || regionOf(shape, film) !== null);
      counts.open += read.marks.length - marks.length;
      if (kind === 'gsps' && marks.length === 0) {
        counts.unmarked += 1;
        continue;
      }
      const object: NaturalObject =
        kind === 'sr' ? structuredReport(read, film, version) : presentationState(read, film, version);
      made.push({ name, bytes: writeObject(object, `Chestlight ${version}`) });
      expected.set(name, expectedOf(kind, read, film));
    }
  }
  refuseNone(made.length, counts, strangers);
  const notes = [
    strangers.length > 0 &&
      `Films that did not come as DICOM with a study have nothing to report into and are left out ${listNames(strangers)}.`,
    counts.missing > 0 && `${counted(counts.missing, 'film')} not in this library and left out.`,
    counts.unmarked > 0 && `${counted(counts.unmarked, 'read')} without any mark: nothing to draw.`,
    counts.open > 0 &&
      `${counted(counts.open, 'mark')} without an area (lengths, angles, arrows) stand in presentation states only.`,
  ].filter((note) => note !== false);
  return { files: made, films: counts.films, notes, check: (read) => problemOf(read, expected) };
}

async function referenceOf(
  artifacts: OpenLibrary['files']['artifacts'],
  { format, originalSha256, rows, cols, frames }: FilmRecord,
): Promise<FilmReference | null> {
  if (format !== 'dicom') return null;
  return readFilmReference(await artifacts.read(originalSha256), { rows, cols, frames });
}

function told({ id, name, plan }: Review, readerName: string, version: ReadingVersion): SignedRead {
  const { content } = version;
  const verdicts = content.verdicts.map(
    ({ finding, verdict, note }) => `Model’s ${finding}: ${verdict}${note === '' ? '' : `, ${note}`}`,
  );
  return {
    reviewId: id,
    readerId: version.readerId,
    versionId: version.id,
    reviewName: name,
    readerName,
    signedAt: version.createdAt,
    findings: plan.findings.map((finding) => ({ name: finding, isPresent: saysFinding(content, finding) })),
    marks: content.marks,
    comments: [
      ...answerWords(plan, content.answers),
      ...verdicts,
      ...(content.note === '' ? [] : [content.note]),
    ],
    keyFrames: content.keyFrames,
  };
}

/** A decision as a report of its adjudicator's, with how it came about among the comments. */
function decided({ id, name, plan }: Review, adjudicator: string, decision: Decision): SignedRead {
  const { findings, answers, marks } = decision.settled;
  return {
    reviewId: id,
    readerId: decision.adjudicator,
    versionId: decision.id,
    reviewName: name,
    readerName: settledBy(adjudicator),
    signedAt: decision.createdAt,
    findings: plan.findings.map((finding) => ({ name: finding, isPresent: findings.includes(finding) })),
    marks,
    comments: [...answerWords(plan, answers), decisionWords(decision, plan)],
    keyFrames: [],
  };
}

function answerWords({ questions }: Review['plan'], given: Readonly<Record<string, number>>): string[] {
  return questions.flatMap((question) => {
    const answer = question.answers[given[question.id] ?? -1];
    return answer === undefined ? [] : [`${question.text} ${answer}`];
  });
}

function expectedOf(kind: ObjectKind, read: SignedRead, film: FilmReference): Expected {
  const { studyUid } = film;
  const { PatientName: name } = film.study;
  const patientName = typeof name === 'string' ? name : '';
  const images = [film.sopInstanceUid];
  if (kind === 'gsps') {
    const frames = [...Map.groupBy(read.marks, ({ shape }) => shape.frame).values()].flat();
    return {
      studyUid,
      patientName,
      images,
      graphics: frames.flatMap(({ shape }) => graphicsOf(shape, film)),
      codes: null,
    };
  }
  const regions = read.marks.flatMap(({ shape, finding }) => {
    const region = regionOf(shape, film);
    return region === null ? [] : [{ region, finding }];
  });
  return {
    studyUid,
    patientName,
    images,
    graphics: regions.map(({ region }) => region),
    codes: [
      ...regions.map(({ finding }) => findingCode(finding)[2]),
      ...read.findings.map(({ isPresent }) => (isPresent ? 'Present' : 'Absent')),
    ],
  };
}

function problemOf(files: FilesByName, expected: ReadonlyMap<string, Expected>): string | null {
  for (const [name, wanted] of expected) {
    const bytes = files.get(name);
    if (bytes === undefined) return `${name} is missing`;
    const facts = readObject(bytes);
    const { studyUid, patientName, images, graphics } = facts;
    // language, observer and procedure come before
    const codes = wanted.codes === null ? null : facts.codes.slice(3);
    if (
      JSON.stringify({ studyUid, patientName, images, graphics, codes }) !== JSON.stringify(inOrder(wanted))
    ) {
      return `${name} does not say what the reader said`;
    }
  }
  return null;
}

const inOrder = ({ studyUid, patientName, images, graphics, codes }: Expected) => ({
  studyUid,
  patientName,
  images,
  graphics: graphics.map(({ type, data }) => ({ type, data })),
  codes,
});

function refuseNone(
  objects: number,
  counts: { readonly reads: number; readonly missing: number },
  strangers: readonly string[],
): void {
  if (objects > 0) return;
  if (strangers.length > 0) {
    throw new ServiceError(
      'BAD_INPUT',
      `No film of the session came as DICOM with a study, so there is nothing to report into ${listNames(strangers)}. Nothing was written; choose CSV, JSON or COCO.`,
      { films: strangers.slice(0, 100) },
    );
  }
  const what =
    counts.reads > 0
      ? 'No signed read of the session has a mark to draw'
      : 'No read of the session is signed yet';
  throw new ServiceError('BAD_INPUT', `${what}. Nothing was written.`);
}
