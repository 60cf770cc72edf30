/**
 * @file Signed reads of a session, drawings of the reading room and scores of a run as DICOM objects in the studies of their films:
 * structured reports or presentation states.
 */
import { readFilmReference, type FilmReference } from '../../dicom/objects/film-reference.ts';
import { writableText, writeObject, type NaturalObject } from '../../dicom/objects/natural-writer.ts';
import { graphicsOf, presentationState, wordsAt } from '../../dicom/objects/presentation-state.ts';
import { readObject, type ObjectFacts } from '../../dicom/objects/read-back.ts';
import { personName, type SignedRead } from '../../dicom/objects/signed-read.ts';
import {
  algorithmVersion,
  percent,
  predictionReport,
  type ModelStatement,
} from '../../dicom/objects/prediction-report.ts';
import { findingCode, regionOf, structuredReport } from '../../dicom/objects/structured-report.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { FilmRecord } from '../../store/films.ts';
import { counted, listNames } from '../import/wording.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { FilesByName, WholeFile } from './annotation-set.ts';
import type { GatherProgress } from './gather-annotations.ts';

export type ObjectKind = 'sr' | 'gsps';

export interface MadeObjects {
  readonly files: readonly WholeFile[];
  readonly films: number;
  readonly notes: readonly string[];
  /** Null = what was read back says what it should. */
  check(files: FilesByName): string | null;
}

type Expected = Omit<ObjectFacts, 'sopClassUid' | 'sopInstanceUid' | 'codes' | 'numbers'> & {
  readonly codes: readonly string[] | null;
  readonly numbers: readonly string[] | null;
};

/** Of what the objects are: a session's signed reads, what was drawn in the reading room, or the scores of a run. */
export interface ObjectSource {
  readonly films: readonly FilmId[];
  /** What is said of a film; `as` tells several apart in their files' names. */
  said(
    filmId: FilmId,
  ): Promise<readonly { readonly as: string; readonly what: SignedRead | ModelStatement }[]>;
  /** Saying something takes a model's time. */
  readonly asks: boolean;
  /** For a refusal: there is nothing of this kind. */
  readonly none: { readonly nothing: string; readonly unmarked: string };
}

export interface ObjectChoice {
  readonly version: string;
  readonly progress: GatherProgress;
}

/** @throws ServiceError BAD_INPUT nothing is there to say, or no film came as DICOM with a study */
export async function makeObjects(
  library: OpenLibrary,
  kind: ObjectKind,
  source: ObjectSource,
  { version, progress }: ObjectChoice,
): Promise<MadeObjects> {
  const { store, files } = library;
  const made: WholeFile[] = [];
  const expected = new Map<string, Expected>();
  const strangers: string[] = [];
  const colours: string[] = [];
  const counts = { missing: 0, reads: 0, unmarked: 0, open: 0, films: 0 };
  for (const [index, filmId] of source.films.entries()) {
    progress.signal.throwIfAborted();
    progress.report(index, source.films.length);
    const record = store.films.find(filmId);
    const film = record === null ? null : await referenceOf(files.artifacts, record);
    // a model is not asked about a film that nothing could be reported of
    if (record !== null && film === null && source.asks) {
      strangers.push(record.name);
      continue;
    }
    const said = await source.said(filmId);
    if (said.length === 0) continue;
    if (record === null) {
      counts.missing += 1;
      continue;
    }
    if (film === null) {
      strangers.push(record.name);
      continue;
    }
    // PS3.3 A.33.1: a grayscale state refers to monochrome images
    if (kind === 'gsps' && !record.photometric.startsWith('MONOCHROME')) {
      colours.push(record.name);
      continue;
    }
    counts.films += 1;
    for (const { as, what } of said) {
      counts.reads += 1;
      const name = `${kind}-${filmId.slice(5, 21)}-${as}.dcm`;
      const { object, wanted, open } = objectOf(kind, what, film, version);
      counts.open += open;
      if (object === null) counts.unmarked += 1;
      else {
        made.push({ name, bytes: writeObject(object, `Chestlight ${version}`) });
        expected.set(name, wanted);
      }
    }
  }
  if (made.length === 0 && colours.length > 0) {
    throw new ServiceError('BAD_INPUT', `${inColour(colours)} Nothing was written; export them as SR.`, {
      films: colours.slice(0, 100),
    });
  }
  refuseNone(made.length, counts, strangers, source.none);
  const notes = [
    strangers.length > 0 &&
      `Films that did not come as DICOM with a study have nothing to report into and are left out ${listNames(strangers)}.`,
    colours.length > 0 && inColour(colours),
    counts.missing > 0 && `${counted(counts.missing, 'film')} not in this library and left out.`,
    counts.unmarked > 0 && `${counted(counts.unmarked, 'read')} without any mark: nothing to draw.`,
    counts.open > 0 &&
      `${counted(counts.open, 'mark')} without an area (lengths, angles, arrows) stand in presentation states only.`,
  ].filter((note) => note !== false);
  return { files: made, films: counts.films, notes, check: (read) => problemOf(read, expected) };
}

const inColour = (films: readonly string[]): string =>
  `Presentation states are of grey films; films in colour are left out ${listNames(films)}.`;

interface Made {
  /** Null = there is nothing to draw. */
  readonly object: NaturalObject | null;
  readonly wanted: Expected;
  /** Marks without an area, which a report has no place for. */
  readonly open: number;
}

function objectOf(
  kind: ObjectKind,
  what: SignedRead | ModelStatement,
  film: FilmReference,
  version: string,
): Made {
  if ('scores' in what) {
    return {
      object: predictionReport(what, film, version),
      wanted: expectedOfModel(what, film, version),
      open: 0,
    };
  }
  const marks = what.marks.filter(({ shape }) => kind === 'gsps' || regionOf(shape, film) !== null);
  const open = what.marks.length - marks.length;
  const isEmpty =
    marks.length === 0 && (kind === 'gsps' || what.findings.length + what.comments.length === 0);
  const make = kind === 'sr' ? structuredReport : presentationState;
  return { object: isEmpty ? null : make(what, film, version), wanted: expectedOf(kind, what, film), open };
}

async function referenceOf(
  artifacts: OpenLibrary['files']['artifacts'],
  { format, originalSha256, rows, cols, frames }: FilmRecord,
): Promise<FilmReference | null> {
  if (format !== 'dicom') return null;
  return readFilmReference(await artifacts.read(originalSha256), { rows, cols, frames });
}

function expectedOf(kind: ObjectKind, read: SignedRead, film: FilmReference): Expected {
  const { studyUid } = film;
  const { PatientName: name } = film.study;
  const patientName = typeof name === 'string' ? name : '';
  const images = [film.sopInstanceUid];
  const names = [personName(read.readerName)];
  if (kind === 'gsps') {
    const byFrame = Map.groupBy(read.marks, ({ shape }) => shape.frame);
    const marks = [...byFrame.values()].flat();
    return {
      studyUid,
      patientName,
      images,
      graphics: marks.flatMap(({ shape }) => graphicsOf(shape, film)),
      codes: null,
      numbers: null,
      texts: marks.map(wordsAt),
      names,
      frames: framesOf(film, [...byFrame.keys()]),
    };
  }
  const regions = read.marks.flatMap(({ shape, finding, confidence }) => {
    const region = regionOf(shape, film);
    return region === null ? [] : [{ region, finding, shape, confidence }];
  });
  return {
    studyUid,
    patientName,
    images,
    graphics: regions.map(({ region }) => region),
    codes: [
      ...regions.flatMap(({ finding }) => (finding === '' ? [] : [findingCode(finding)[2]])),
      ...read.findings.map(({ isPresent }) => (isPresent ? 'Present' : 'Absent')),
    ],
    numbers: regions.flatMap(({ confidence }) =>
      confidence === null ? [] : [String(Math.round(confidence * 100))],
    ),
    texts: [...regions.flatMap(({ shape }) => [shape.id, shape.text]), ...read.comments],
    names,
    frames: framesOf(
      film,
      regions.map(({ shape }) => shape.frame),
    ),
  };
}

/** Numbers of frames as they are referred to (PS3.3 table 10-3): from 1, and only where a film has several. */
function framesOf({ frames }: FilmReference, named: readonly number[]): readonly number[] {
  return frames > 1 ? named.map((frame) => frame + 1) : [];
}

function expectedOfModel(said: ModelStatement, film: FilmReference, version: string): Expected {
  const { scores } = said;
  const { PatientName: name } = film.study;
  return {
    studyUid: film.studyUid,
    patientName: typeof name === 'string' ? name : '',
    images: [film.sopInstanceUid],
    graphics: [],
    codes: scores.map(({ finding }) => findingCode(finding)[2]),
    numbers: scores.map(({ score }) => percent(score)),
    texts: [
      ...[said.name, 'Chestlight', `Chestlight ${version}`],
      ...scores.flatMap(({ finding }) => [finding, said.name, algorithmVersion(said)]),
    ],
    names: [],
    frames: [],
  };
}

function problemOf(files: FilesByName, expected: ReadonlyMap<string, Expected>): string | null {
  for (const [name, wanted] of expected) {
    const bytes = files.get(name);
    if (bytes === undefined) return `${name} is missing`;
    const facts = readObject(bytes);
    const { studyUid, patientName, images, graphics, texts, names, frames } = facts;
    // language, observer and procedure come before
    const codes = wanted.codes === null ? null : asRead(facts.codes.slice(3));
    const numbers = wanted.numbers === null ? null : facts.numbers;
    const read = { studyUid, patientName, images, graphics, codes, numbers, texts, names, frames };
    if (JSON.stringify(read) !== JSON.stringify(inOrder(wanted))) {
      return `${name} does not say what it should`;
    }
  }
  return null;
}

const inOrder = ({ graphics, texts, names, codes, ...wanted }: Expected) => ({
  studyUid: wanted.studyUid,
  patientName: wanted.patientName,
  images: wanted.images,
  graphics: graphics.map(({ type, data }) => ({ type, data })),
  codes: codes === null ? null : asRead(codes),
  numbers: wanted.numbers,
  texts: asRead(texts),
  names: asRead(names),
  frames: wanted.frames,
});

/** Blanks around a text say nothing (PS3.5 6.2), and one that is all blank is not there. */
function asRead(texts: readonly string[]): readonly string[] {
  return texts.map((text) => writableText(text).replace(/ +$/, '').trimStart()).filter((text) => text !== '');
}

function refuseNone(
  objects: number,
  counts: { readonly reads: number; readonly missing: number },
  strangers: readonly string[],
  none: ObjectSource['none'],
): void {
  if (objects > 0) return;
  if (strangers.length > 0) {
    throw new ServiceError(
      'BAD_INPUT',
      `No film came as DICOM with a study, so there is nothing to report into ${listNames(strangers)}. Nothing was written; choose CSV, JSON or COCO.`,
      { films: strangers.slice(0, 100) },
    );
  }
  const what = counts.reads > 0 ? none.unmarked : none.nothing;
  throw new ServiceError('BAD_INPUT', `${what}. Nothing was written.`);
}
