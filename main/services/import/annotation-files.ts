/**
 * @file Annotations in files that are neither films nor a labels table: what Chestlight exports (JSON, CSV, COCO, VinDr-CXR's
 * layout) and COCO from elsewhere, as records for the import. A record with a film's id is about that film and no other.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

import { canonicalFinding } from '../../../shared/domain/findings.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { errorCode } from '../../../shared/domain/disk-error.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryVault } from '../../files/vault.ts';
import { REMARK_KINDS, type AnnotatedFilm } from '../exchange/annotation-set.ts';
import { COCO_MARK, filmsOfCoco, looksLikeCoco, parseCoco, type CocoFilm } from '../exchange/coco-format.ts';
import { CSV_COLUMNS, filmsOfTable } from '../exchange/csv-format.ts';
import { JSON_MARK, parseJson, readAnnotationsFile } from '../exchange/json-format.ts';
import { PREDICTIONS_MARK } from '../exchange/prediction-formats.ts';
import {
  BOX_COLUMNS,
  VINDR_BOXES,
  VINDR_LABEL_KEYS,
  VINDR_LABELS,
  vindrFormat,
} from '../exchange/vindr-format.ts';
import { unknownLabels } from './column-mapping.ts';
import { readCsvTable } from './csv-table.ts';
import type { FilmLabels } from './label-plan.ts';
import { counted } from './wording.ts';

export interface AnnotationRecords {
  readonly records: readonly FilmLabels[];
  readonly warnings: readonly string[];
  /** The files that were read: no films. */
  readonly paths: readonly string[];
}

/** Largest JSON file that is read, bytes. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const FILM_ID = /^film-[0-9a-f]{32}$/;

/** Null when the file holds no annotations of these kinds. @throws ServiceError BAD_INPUT, INCOMPATIBLE, UNKNOWN_LABELS */
export async function annotationFile(path: string, vault: LibraryVault): Promise<AnnotationRecords | null> {
  const ending = extname(path).toLowerCase();
  if (ending === '.json') return await jsonFile(path, vault);
  if (ending !== '.csv') return null;
  const header = await firstLine(path, vault);
  if (header.startsWith('film_id,file,run_id,weights_sha256,')) throw scores();
  if (header === CSV_COLUMNS.join(',')) {
    return of(filmsOfTable(await readCsvTable(path, vault)), [path]);
  }
  const pair = join(dirname(path), basename(path) === VINDR_LABELS ? VINDR_BOXES : VINDR_LABELS);
  const isPair = [VINDR_LABELS, VINDR_BOXES].includes(basename(path)) && (await isFile(pair));
  if (!isPair) return null;
  const headers = new Map([
    [basename(path), header],
    [basename(pair), await firstLine(pair, vault)],
  ]);
  const isLayout =
    (headers.get(VINDR_LABELS) ?? '').startsWith(`${VINDR_LABEL_KEYS.join(',')},`) &&
    headers.get(VINDR_BOXES) === BOX_COLUMNS.join(',');
  if (!isLayout) return null; // tables of other columns, which a person says the meaning of
  const files = new Map<string, Uint8Array>();
  for (const one of [path, pair]) files.set(basename(one), await vault.read(one));
  const { films } = await vindrFormat.read(files);
  return of(films, [path, pair]);
}

/** What an export left in a chosen folder; nothing else there is taken for annotations. */
export async function annotationsInFolder(
  folder: string,
  vault: LibraryVault,
): Promise<AnnotationRecords | null> {
  const names = ['annotations.json', 'annotations.csv', 'coco.json', VINDR_LABELS];
  for (const name of names) {
    const path = join(folder, name);
    const found = (await isFile(path)) ? await annotationFile(path, vault) : null;
    if (found !== null) return found;
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function firstLine(path: string, vault: LibraryVault): Promise<string> {
  const buffer = Buffer.alloc(4096);
  const bytesRead = await vault.readAt(path, 0, buffer);
  return (buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)[0] ?? '').replace(/^\uFEFF/, '');
}

async function jsonFile(path: string, vault: LibraryVault): Promise<AnnotationRecords | null> {
  const value = parseJson(await jsonBytes(path, vault), `The file ${basename(path)}`);
  if (typeof value !== 'object' || value === null) return null;
  const { format, info } = value as { format?: unknown; info?: { format?: unknown } };
  if (format === PREDICTIONS_MARK || info?.format === PREDICTIONS_MARK) throw scores();
  if (format === JSON_MARK) return of(readAnnotationsFile(value).films, [path]);
  return looksLikeCoco(value) ? ofCoco(value, path) : null;
}

async function jsonBytes(path: string, vault: LibraryVault): Promise<Uint8Array> {
  try {
    if ((await vault.size(path)) <= MAX_JSON_BYTES) return await vault.read(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new ServiceError('NOT_FOUND', 'The annotations file does not exist. Nothing was imported.');
    }
    throw error;
  }
  throw new ServiceError('BAD_INPUT', 'The annotations file is larger than 256 MB. Nothing was imported.');
}

function scores(): ServiceError {
  return new ServiceError(
    'BAD_INPUT',
    'The file has scores of a model, no labels. Nothing was imported; bring it in on the Evaluate page (Scores from elsewhere), or alone' +
      ' with the verb "import".',
  );
}

function ofCoco(value: unknown, path: string): AnnotationRecords {
  const file = parseCoco(value);
  const own = file.info?.format === COCO_MARK;
  const strangers = own
    ? []
    : file.categories.map(({ name }) => name).filter((name) => canonicalFinding(name) === null);
  if (strangers.length > 0) throw unknownLabels(strangers);
  const contributor = file.info?.contributor?.trim() ?? '';
  const author = contributor === '' ? basename(path, extname(path)) : contributor;
  const { set, unusable } = filmsOfCoco(
    file,
    (name) => canonicalFinding(name) ?? name,
    own ? null : author.slice(0, 200),
  );
  const found = of(set, [path]);
  if (unusable === 0) return found;
  const warning = `${counted(unusable, 'annotation')} of the COCO file without a usable box (crowds, run-length masks, no extent) ${unusable === 1 ? 'was' : 'were'} left out.`;
  return { ...found, warnings: [...found.warnings, warning] };
}

function of(films: readonly (AnnotatedFilm | CocoFilm)[], paths: readonly string[]): AnnotationRecords {
  return { records: films.map(recordOf), warnings: leftOut(films), paths };
}

const REMARKS: Readonly<Record<(typeof REMARK_KINDS)[number], string>> = {
  answer: 'answer',
  verdict: 'verdict',
  note: 'note',
  seconds: 'reading time',
};

/** What a library has no place for, as sentences. */
function leftOut(films: readonly (AnnotatedFilm | CocoFilm)[]): readonly string[] {
  const boxes = films.flatMap((film) => film.boxes);
  const [first, later] = [boxes.filter(({ frame }) => frame === 0), boxes.filter(({ frame }) => frame > 0)];
  const outlines = first.filter(({ outline }) => outline !== null).length;
  const certain = first.filter(({ confidence }) => confidence !== null).length;
  const remarks = films.flatMap((film) => film.remarks);
  const kinds = REMARK_KINDS.flatMap((kind) => {
    const count = remarks.filter((one) => one.kind === kind).length;
    return count === 0 ? [] : [counted(count, REMARKS[kind])];
  });
  return [
    later.length > 0 &&
      `Boxes on later frames of a film are not kept in a library: ${later.length} left out.`,
    outlines > 0 && `${counted(outlines, 'outline')} kept as the box around it.`,
    certain > 0 && `How certain a reader was is not kept with a box: ${certain} left out.`,
    kinds.length > 0 &&
      `What belongs to a session is not kept in a library: ${kinds.join(', ')} left out. A session goes whole to another library as a package (Export, Session package).`,
  ].filter((sentence) => sentence !== false);
}

function recordOf(film: AnnotatedFilm | CocoFilm): FilmLabels {
  const size = 'size' in film ? film.size : null;
  const named = film.filmId ?? '';
  const readings = [...Map.groupBy(film.readings, ({ reader }) => reader)].map(([reader, said]) => ({
    reader,
    labels: new Map(said.map(({ finding, value }) => [finding, value])),
  }));
  const boxes = film.boxes.filter(({ frame }) => frame === 0);
  return {
    file: film.file,
    patient: null,
    ...(FILM_ID.test(named) && { filmId: named as FilmId }),
    ...(film.abnormal !== null && { abnormal: film.abnormal }),
    labels: new Map(film.labels.map(({ finding, value }) => [finding, value])),
    ...(readings.length > 0 && { readings }),
    ...(boxes.length > 0 && {
      boxes: boxes.map(({ finding, reader, x, y, width, height }) => ({
        finding,
        reader,
        x,
        y,
        width,
        height,
        size,
      })),
    }),
  };
}
