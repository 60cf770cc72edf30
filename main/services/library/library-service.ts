/** @file The library as the contract names it: overview, films, views, import, splits. Composes the stages below it. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';

import type {
  CsvPreview,
  LibraryOverview,
  PatientFilm,
  Split,
  SplitRequest,
} from '../../../shared/contract/library.ts';
import type { FilmId, SplitId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import { confinedSegments } from '../../files/uploads.ts';
import type { FilmRecord } from '../../store/films.ts';
import { shortPatient } from '../../store/patients.ts';
import type { SplitRow } from '../../store/splits.ts';
import type { Store } from '../../store/store.ts';
import { suggestMapping, unusedColumns } from '../import/column-mapping.ts';
import { readCsvTable } from '../import/csv-table.ts';
import type { ImportService } from '../import/import-service.ts';
import type { Clock, LibraryService } from '../service-types.ts';
import type { FilmBytes } from './film-bytes.ts';
import { filmRowView, overviewView, splitView } from './library-views.ts';
import { createSplitViews } from './split-views.ts';
import { sampleSource } from './sample-library.ts';
import { makeSplit } from './splitter.ts';

export interface LibraryServiceDeps {
  readonly store: Store;
  readonly files: LibraryFiles;
  readonly clock: Clock;
  readonly imports: ImportService;
  readonly filmBytes: FilmBytes;
  /** Folder of the sample library. */
  readonly samplesDir: string;
}

const PREVIEW_ROWS = 20;

export function createLibraryService(deps: LibraryServiceDeps): LibraryService {
  const { store, files, imports, filmBytes } = deps;
  const splitViews = createSplitViews(store, imports);
  return {
    overview: (): LibraryOverview => overviewView(store, files, splitViews()),
    films(query) {
      const { total, rows } = store.filmQueries.search(query);
      return { total, rows: rows.map(filmRowView) };
    },
    film: ({ filmId }) => filmDetail(deps, filmId),
    patientFilms: ({ filmId }) => patientFilms(deps, filmId),
    viewerImage: ({ filmId, frame }) => filmBytes.viewerImage(filmId, frame),
    preview: ({ filmId }) => filmBytes.preview(filmId),
    tags: ({ filmId }) => filmBytes.tags(filmId),
    previewCsv: ({ path, uploadId }) => previewCsv(files, path, uploadId),
    import: async (source) => ({ importId: await imports.start(source) }),
    openSample: async () => ({
      importId: await imports.start(await sampleSource(deps.samplesDir), 'sample'),
    }),
    cancelImport({ importId }) {
      imports.cancel(importId);
      return {};
    },
    currentImport: () => imports.current(),
    watchImport: ({ importId }, { signal }) => imports.watch(importId, signal),
    labelVersions: () => [...store.labelVersions.all()],
    createSplit: (request) => createSplit(deps, request),
    splits: () => splitViews(),
  };
}

async function filmDetail({ store, filmBytes }: LibraryServiceDeps, filmId: FilmId) {
  const film = store.films.find(filmId);
  if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
  const known = new Map(store.labels.ofFilm(film.no).map(({ finding, value }) => [finding, value]));
  const newest = store.splits.list()[0];
  return {
    ...rowOf(film),
    positives: [...known].flatMap(([finding, value]) => (value ? [finding] : [])),
    part: newest === undefined ? null : store.splits.partOf(newest.id, filmId),
    modality: film.modality,
    photometric: film.photometric,
    transferSyntax: film.transferSyntax,
    bitsStored: film.bitsStored,
    frames: film.frames,
    studyDate: await filmBytes.studyDate(filmId).catch(() => null), // a damaged file still shows what is known
    importedAt: film.importedAt,
    bytes: film.bytes,
    pixelSha256: film.pixelSha256,
    labels: store.labels.findings().map((finding) => ({ finding, value: known.get(finding) ?? null })),
    boxes: store.readings.boxes(film.no),
    licence: film.licence,
  };
}

/** Most films of a patient that are listed: the date of each is read from its file. */
const MOST_PATIENT_FILMS = 100;

async function patientFilms(
  { store, filmBytes }: LibraryServiceDeps,
  filmId: FilmId,
): Promise<PatientFilm[]> {
  if (store.films.find(filmId) === null)
    throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
  const films = await Promise.all(
    store.films.ofPatient(filmId, MOST_PATIENT_FILMS).map(async (film) => {
      const studyDate = await filmBytes.studyDate(film.id).catch(() => null); // a damaged file is still a film
      return { ...film, studyDate };
    }),
  );
  const order = ({ studyDate }: PatientFilm): string => studyDate ?? '9999';
  return films.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}

function rowOf(film: FilmRecord) {
  const { id, name, view, sex, ageYears, rows, cols, format, source, abnormal } = film;
  return {
    id,
    name,
    patient: shortPatient(film.patientKey),
    view,
    sex,
    ageYears,
    rows,
    cols,
    format,
    source,
    abnormal,
  };
}

async function previewCsv(
  files: LibraryFiles,
  path: string | null,
  uploadId: string | null,
): Promise<CsvPreview> {
  if (path === null) throw new ServiceError('BAD_INPUT', 'Say which labels file to look at.');
  const place =
    uploadId === null ? resolve(path) : join(await files.uploads.folder(uploadId), ...confinedSegments(path));
  const table = await readCsvTable(place, files.vault);
  const suggested = suggestMapping(table.columns);
  return {
    columns: [...table.columns],
    rows: table.rows.slice(0, PREVIEW_ROWS).map((row) => [...row]),
    rowCount: table.rows.length,
    suggested,
    unknownColumns: [...unusedColumns(table.columns, suggested)],
  };
}

/** Makes a split of every film that is in the library now and stores it. Also called by training when there is none. */
export function createSplit(
  { store, files, clock, imports }: LibraryServiceDeps,
  request: SplitRequest,
): Split {
  files.refuseIfReadOnly();
  if (imports.isBusy()) {
    throw new ServiceError('BUSY', 'Films are being imported. Make the split when the import has ended.');
  }
  const films = store.splits.candidates();
  const { members, warnings } = makeSplit(films, request);
  const row: SplitRow = {
    id: `split-${randomBytes(8).toString('hex')}` as SplitId,
    name: request.name,
    seed: request.seed,
    createdAt: clock.now(),
    request,
    warnings,
  };
  store.transaction(() => {
    store.splits.insert(row, members, films);
    if (store.splits.sharedPatients(row.id) > 0)
      throw new Error('a split that shares a patient must not be stored');
  });
  return splitView(store, row);
}
