/** @file Makes one export: gathers, writes, reads back, compares. The exchange service and the command line call it. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { ExportRequest } from '../../../shared/contract/exchange.ts';
import type { TableFormat } from '../../../shared/domain/exchange.ts';
import type { ReviewId } from '../../../shared/domain/ids.ts';
import { assertNever, ServiceError } from '../../../shared/domain/service-error.ts';
import { counted } from '../import/wording.ts';
import { isInside } from '../../files/inside.ts';
import type { LibraryVault } from '../../files/vault.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, InferenceService } from '../service-types.ts';
import type { AnnotationFormat } from './annotation-set.ts';
import { writeChecked, type WrittenFile } from './checked-files.ts';
import { cocoFormat } from './coco-format.ts';
import { csvFormat } from './csv-format.ts';
import { gatherLibrary, gatherReview, type Gathered, type GatherProgress } from './gather-annotations.ts';
import { jsonFormat, only } from './json-format.ts';
import { readVersion } from '../app-version.ts';
import { makeObjects, type ObjectKind, type ObjectSource } from './dicom-export.ts';
import { ofReadingRoom, ofReview, ofRun } from './object-sources.ts';
import { bundleProblem, packModel, type Score } from './model-bundle/pack-model.ts';
import { packageProblem, packSession } from './package/package-service.ts';
import { gatherPredictions, likenessNotes, scoringRun } from './gather-predictions.ts';
import { predictionsMatch, writePredictions } from './prediction-formats.ts';
import { reportProblem, reviewReport } from './review-report.ts';
import { blindRounds, roundWords, scoredFilms } from '../review/model-blinding.ts';
import { vindrFormat } from './vindr-format.ts';

export interface ExportDeps {
  readonly library: OpenLibrary;
  readonly predict: InferenceService['predict'];
  /** For checks: by a process that has loaded nothing else. */
  readonly score: Score;
  readonly clock: Clock;
}

export interface ExportPlace {
  /** Absolute path of the folder to make. */
  readonly folder: string;
  readonly replace?: boolean;
}

/** With what files there are written with. */
interface Place extends ExportPlace {
  readonly vault: LibraryVault;
}

export interface ExportResult {
  readonly title: string;
  readonly films: number;
  readonly files: readonly WrittenFile[];
  readonly notes: readonly string[];
  readonly check: string;
}

export interface ExportProgress {
  readonly signal: AbortSignal;
  report(phase: string, done: number, total: number | null): void;
}

/** @throws ServiceError BAD_INPUT, NOT_FOUND, CONFLICT, DISK_FULL, UNREADABLE_FILE (the check failed); then nothing is left */
export async function runExport(
  deps: ExportDeps,
  request: ExportRequest,
  { folder, replace = false }: ExportPlace,
  progress: ExportProgress,
): Promise<ExportResult> {
  const { vault, access, dir } = deps.library.files;
  const { store } = deps.library;
  // What goes out unread is told by what stood when it was asked for.
  const blind = blindRounds(store, scoredFilms(store, request)).map(roundWords);
  const made = await runOne(deps, request, { folder, replace, vault }, progress);
  const result = { ...made, notes: [...made.notes, ...blind] };
  if (access === null || isInside(dir, folder)) return result;
  const isSealed = request.passphrase !== null && ['bundle', 'session'].includes(request.what);
  if (isSealed) return result;
  const note = 'The library is encrypted; what lies in this folder is not: whoever has it can read it.';
  return { ...result, notes: [...result.notes, note] };
}

async function runOne(
  deps: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  switch (request.what) {
    case 'annotations':
      return await exportAnnotations(deps, request, place, progress);
    case 'predictions':
      return await exportPredictions(deps, request, place, progress);
    case 'bundle':
      return await exportBundle(deps, request, place, progress);
    case 'session':
      return await exportSession(deps, request, place, progress);
    case 'sr':
    case 'gsps':
      return await exportObjects(deps, request.what, request, place, progress);
    case 'report':
      return await exportReport(deps, request, place, progress);
    default:
      return assertNever(request.what);
  }
}

function formatOf(format: TableFormat, session: Gathered['session']): AnnotationFormat {
  switch (format) {
    case 'csv':
      return csvFormat;
    case 'json':
      return jsonFormat(session);
    case 'coco':
      return cocoFormat;
    case 'vindr':
      return vindrFormat;
    default:
      return assertNever(format);
  }
}

const phased = (progress: ExportProgress, phase: string): GatherProgress => ({
  signal: progress.signal,
  report: (done, total) => progress.report(phase, done, total),
});

async function exportAnnotations(
  { library }: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const { store, files } = library;
  const gathering = phased(progress, 'Gathering annotations');
  const { set, session, notes } =
    request.reviewId === null
      ? await gatherLibrary(store, gathering)
      : await gatherReview(store, request.reviewId, request.reads, gathering);
  refuseEmpty(set.films.length);
  const format = formatOf(request.format, session);
  progress.report('Writing and checking', 0, null);
  const written = await writeChecked({
    ...place,
    files: format.write(set),
    signal: progress.signal,
    check: async (read) =>
      isDeepStrictEqual(await format.read(read), format.held(set))
        ? null
        : 'what was read back differs from the library',
  });
  const boxes = set.films.reduce((sum, film) => sum + film.boxes.length, 0);
  const said = set.films.reduce((sum, film) => sum + film.labels.length + film.readings.length, 0);
  return {
    title: session?.review.name ?? files.name,
    films: set.films.length,
    files: written,
    notes: [...notes, ...format.leftOut(set)],
    check: `Read back from the disk and compared: ${counted(set.films.length, 'film')}, ${counted(said, 'label')} and ${counted(boxes, 'box').replace('boxs', 'boxes')} are the same.`,
  };
}

function refuseEmpty(films: number): void {
  if (films > 0) return;
  throw new ServiceError('BAD_INPUT', 'There are no films to export. Nothing was written; add films first.');
}

async function exportPredictions(
  deps: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const set = await gatherPredictions(deps, request, progress);
  const { format } = request;
  progress.report('Writing and checking', 0, null);
  const written = await writeChecked({
    ...place,
    files: writePredictions(set, format),
    signal: progress.signal,
    check: async (read) =>
      (await predictionsMatch(set, format, read)) ? null : 'what was read back differs from the scores',
  });
  return {
    title: set.run.name,
    films: set.films.length,
    files: written,
    notes: [
      ...(format === 'coco'
        ? ['COCO has no scores of whole films: they stand with each image, and there are no boxes.']
        : []),
      ...likenessNotes(set, format),
    ],
    check: `Read back from the disk and compared: ${counted(set.films.length * (set.findings.length + 1), 'score')} of ${counted(set.films.length, 'film')} are the same.`,
  };
}

async function exportObjects(
  deps: ExportDeps,
  kind: ObjectKind,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const { library } = deps;
  const { source, title } = objectSource(deps, kind, request, progress.signal);
  const made = await makeObjects(library, kind, source, {
    version: await readVersion(),
    progress: phased(progress, 'Making DICOM objects'),
  });
  progress.report('Writing and checking', 0, null);
  const files = await writeChecked({
    ...place,
    files: made.files,
    signal: progress.signal,
    check: (read) => Promise.resolve(made.check(read)),
  });
  return {
    title,
    films: made.films,
    files,
    notes: [
      ...made.notes,
      'The objects carry patient and study of their films: they belong into the same archive.',
    ],
    check: `Read back from the disk and compared: study, images and frames, graphics, codes, numbers, texts and names of ${counted(files.length, 'object')} are the same.`,
  };
}

/** A session's reads, else a run's scores, else what was drawn in the reading room. */
function objectSource(
  { library, predict, clock }: ExportDeps,
  kind: ObjectKind,
  { reviewId, runId, reads }: ExportRequest,
  signal: AbortSignal,
): { readonly source: ObjectSource; readonly title: string } {
  if (reviewId !== null) {
    return { source: ofReview(library, reviewId, reads), title: library.store.reviews.find(reviewId).name };
  }
  if (runId === null) return { source: ofReadingRoom(library), title: 'Reading room' };
  if (kind === 'gsps') {
    throw new ServiceError(
      'BAD_INPUT',
      'Scores have nothing to draw. Nothing was written; export them as SR.',
    );
  }
  const finished = scoringRun(library, runId);
  return {
    source: ofRun(library, finished, predict, { now: clock.now(), signal }),
    title: finished.run.name,
  };
}

async function exportReport(
  { library, clock }: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const reviewId = chosenReview(request);
  const made = await reviewReport(library, reviewId, {
    reads: request.reads,
    now: clock.now(),
    progress: phased(progress, 'Drawing key images'),
  });
  progress.report('Writing and checking', 0, null);
  const files = await writeChecked({
    ...place,
    files: [made.file],
    signal: progress.signal,
    check: (read) => Promise.resolve(reportProblem(only(read, made.file.name), made)),
  });
  return {
    title: library.store.reviews.find(reviewId).name,
    films: made.pictures,
    files,
    notes: [...made.notes, 'One file without anything outside it; print it from a browser for a PDF.'],
    check: `Read back from the disk and compared: the page and ${counted(made.pictures, 'key image')} are the same.`,
  };
}

async function exportBundle(
  { library, score, clock }: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const { passphrase } = request;
  const { run } = scoringRun(library, request.runId);
  progress.report('Asking the model', 0, null);
  const packed = await packModel(library, run.id, { passphrase, now: clock.now(), score });
  progress.signal.throwIfAborted();
  progress.report('Writing and checking', 0, null);
  const files = await writeChecked({
    ...place,
    files: [packed.file],
    signal: progress.signal,
    check: (_read, folder) =>
      bundleProblem(library, join(folder, packed.file.name), packed, { passphrase, score }),
  });
  const asked = packed.images.length - packed.films;
  return {
    title: run.name,
    films: packed.films,
    files,
    notes: [
      `Signed with the key ${packed.fingerprint}: the other site compares it before it accepts the model.`,
      ...(passphrase === null ? ['Not encrypted: whoever has the file can use the model.'] : []),
      ...(packed.card.metrics === null ? ['No figures are kept of this run, so its card has none.'] : []),
      'No patient, film or path is named in it. The names of the run and of this library are.',
    ],
    check: `Opened again from the disk and compared: the signature, ${counted(packed.contents.length, 'file')} and every bit of the weights are the same, and so are the answers to ${counted(packed.films, 'film')} and ${counted(asked, 'generated image')}.`,
  };
}

/** The session that is meant. @throws ServiceError BAD_INPUT */
function chosenReview({ reviewId }: ExportRequest): ReviewId {
  if (reviewId !== null) return reviewId;
  throw new ServiceError('BAD_INPUT', 'Say which review session is wanted.');
}

async function exportSession(
  { library, clock }: ExportDeps,
  request: ExportRequest,
  place: Place,
  progress: ExportProgress,
): Promise<ExportResult> {
  const { passphrase, withFilms } = request;
  progress.report('Writing and checking', 0, null);
  const packed = await packSession(library, chosenReview(request), {
    passphrase,
    withFilms,
    now: clock.now(),
  });
  const written = await writeChecked({
    ...place,
    files: [packed.file],
    signal: progress.signal,
    check: (_read, folder) =>
      packageProblem(join(folder, packed.file.name), packed, passphrase, library.files.vault),
  });
  const { session, films, missing, fingerprint } = packed;
  const versions = session.versions.length + session.others.length;
  return {
    title: session.review.name,
    films: films.length,
    files: written,
    notes: [
      `Signed with the key ${fingerprint}: the other site compares it before it accepts the package.`,
      ...(passphrase === null ? ['Not encrypted: whoever has the file can read it.'] : []),
      ...(films.length > 0
        ? ['The films go as they came into the library, with what stands in their headers.']
        : []),
      ...(missing > 0 ? [`${counted(missing, 'film')} not in this library and not in the package.`] : []),
    ],
    check: `Opened again from the disk and compared: the signature, ${counted(versions, 'version')} and ${counted(films.length, 'film')} are the same.`,
  };
}
