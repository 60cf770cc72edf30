/**
 * @file Puts one film into the library: artifacts first, then film, patient and labels in one transaction. Cut off at any
 * point, the film is wholly in or wholly out, and importing the same file again goes on.
 */
import { isDeepStrictEqual } from 'node:util';

import type { Clock } from '../service-types.ts';
import type { FilmId, ImportId, PatientKey } from '../../../shared/domain/ids.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { FilmFacts, FilmRecord } from '../../store/films.ts';
import type { Store } from '../../store/store.ts';
import type { PreparedFilm } from './decode-messages.ts';
import { boxesWithin } from './box-plan.ts';
import { factsOf } from './header-facts.ts';
import type { FilmLabels } from './label-plan.ts';

export interface WrittenFilm {
  readonly filmNo: number;
  readonly patientKey: PatientKey;
  readonly how: 'imported' | 'duplicate';
  /** A film that was here before got other labels or facts. */
  readonly changed: boolean;
  /** The labels file names another patient, and the film stands in a split: the patient was kept. */
  readonly patientKept: boolean;
  /** The labels file or the film itself says who the patient is. */
  readonly patientNamed: boolean;
}

export interface FilmWriter {
  write(name: string, film: PreparedFilm, labels: FilmLabels | null): Promise<WrittenFilm>;
  /** Labels of a film that is already in the library. */
  relabel(film: FilmRecord, labels: FilmLabels): WrittenFilm;
}

/** The id of a film comes from its pixels: the same film has the same id in every library. */
export function filmIdOf(pixelSha256: string): FilmId {
  return `film-${pixelSha256.slice(0, 32)}` as FilmId;
}

export function createFilmWriter(
  store: Store,
  files: LibraryFiles,
  clock: Clock,
  importId: ImportId,
): FilmWriter {
  const relabel = (film: FilmRecord, labels: FilmLabels): WrittenFilm => {
    const updated = store.transaction(() => update(store, files, film, labels));
    return { filmNo: film.no, how: 'duplicate', patientNamed: true, ...updated };
  };
  return {
    relabel,
    async write(name, film, labels) {
      if (film.preview !== null) await files.previews.write(filmIdOf(film.pixelSha256), film.preview);
      const known = store.films.findByPixels(film.pixelSha256);
      if (known === null) return await insert(store, files, clock, importId, name, film, labels);
      await restoreFilm(store, files, clock, known, film);
      if (labels !== null) return relabel(known, labels);
      return {
        filmNo: known.no,
        patientKey: known.patientKey,
        how: 'duplicate',
        changed: false,
        patientKept: false,
        patientNamed: true,
      };
    },
  };
}

async function insert(
  store: Store,
  files: LibraryFiles,
  clock: Clock,
  importId: ImportId,
  name: string,
  film: PreparedFilm,
  labels: FilmLabels | null,
): Promise<WrittenFilm> {
  const id = filmIdOf(film.pixelSha256);
  const [original, model, thumbnail] = await Promise.all([
    files.artifacts.put(film.original),
    files.artifacts.put(film.model),
    files.artifacts.put(film.thumbnail),
  ]);
  const identity = (labels?.patient ?? film.patientId ?? '').trim();
  // Without a patient in the labels or in the file, every film is its own patient: nothing is known to be shared.
  const patientKey = identity === '' ? files.patientHash('film', id) : files.patientHash('patient', identity);
  const { header } = film;
  const now = clock.now();
  const filmNo = store.transaction(() => {
    store.artifacts.add({ ...original, kind: 'film' }, now);
    store.artifacts.add({ ...model, kind: 'model-image' }, now);
    store.artifacts.add({ ...thumbnail, kind: 'thumbnail' }, now);
    const no = store.films.insert({
      id,
      patientNo: store.patients.ensure(patientKey),
      name,
      pixelSha256: film.pixelSha256,
      originalSha256: original.sha256,
      modelSha256: model.sha256,
      thumbnailSha256: thumbnail.sha256,
      pipeline: film.pipeline,
      format: header.format,
      modality: header.modality,
      transferSyntax: header.transferSyntax,
      photometric: header.photometric,
      rows: header.rows,
      cols: header.cols,
      frames: header.frames,
      bitsStored: header.bitsStored,
      bytes: original.bytes,
      view: labels?.view ?? header.view,
      ...factsOf(header.bodyPart, header.aspect),
      sex: labels?.sex ?? header.sex,
      ageYears: labels?.ageYears ?? header.ageYears,
      source: labels?.source ?? null,
      licence: labels?.licence ?? null,
      abnormal: labels?.abnormal ?? null,
      givenPart: labels?.givenPart ?? null,
      importId,
      importedAt: now,
    });
    for (const [finding, value] of labels?.labels ?? []) store.labels.set(no, finding, value);
    if (labels !== null) setReadings(store, no, header, labels);
    return no;
  });
  return {
    filmNo,
    patientKey,
    how: 'imported',
    changed: false,
    patientKept: false,
    patientNamed: identity !== '',
  };
}

/** What readers said and drew; what the labels file does not speak of stays as it is. */
function setReadings(
  store: Store,
  filmNo: number,
  size: { readonly rows: number; readonly cols: number },
  { readings, boxes }: FilmLabels,
): void {
  if (readings !== undefined) store.readings.setReadings(filmNo, readings);
  if (boxes !== undefined) store.readings.setBoxes(filmNo, boxesWithin(boxes, size));
}

/** Brings back files of a film that were lost or damaged, from the same pixels; makes anew what an older pipeline made. */
export async function restoreFilm(
  store: Store,
  files: LibraryFiles,
  clock: Clock,
  known: FilmRecord,
  film: PreparedFilm,
): Promise<void> {
  const addresses = [known.originalSha256, known.modelSha256, known.thumbnailSha256];
  const actual = await Promise.all(addresses.map((sha256) => files.artifacts.actualHash(sha256)));
  const isSound = actual.every((sha256, index) => sha256 === addresses[index]);
  if (isSound && known.pipeline === film.pipeline) return;
  const [original, model, thumbnail] = await Promise.all([
    files.artifacts.put(film.original),
    files.artifacts.put(film.model),
    files.artifacts.put(film.thumbnail),
  ]);
  const now = clock.now();
  store.transaction(() => {
    store.artifacts.add({ ...original, kind: 'film' }, now);
    store.artifacts.add({ ...model, kind: 'model-image' }, now);
    store.artifacts.add({ ...thumbnail, kind: 'thumbnail' }, now);
    store.films.setMade(known.no, {
      modelSha256: model.sha256,
      thumbnailSha256: thumbnail.sha256,
      pipeline: film.pipeline,
    });
  });
}

function update(
  store: Store,
  files: LibraryFiles,
  film: FilmRecord,
  labels: FilmLabels,
): Pick<WrittenFilm, 'patientKey' | 'changed' | 'patientKept'> {
  let changed = store.films.setFacts(film.no, labelFacts(labels));
  const before = new Map(store.labels.ofFilm(film.no).map(({ finding, value }) => [finding, value]));
  for (const [finding, value] of labels.labels) {
    if ((before.get(finding) ?? null) === value) continue;
    store.labels.set(film.no, finding, value);
    changed = true;
  }
  const said = (): unknown => [store.readings.ofFilm(film.no), store.readings.boxes(film.no)];
  const saidBefore = said();
  setReadings(store, film.no, film, labels);
  if (!isDeepStrictEqual(saidBefore, said())) changed = true;
  if (labels.patient === null) return { patientKey: film.patientKey, changed, patientKept: false };
  const patientKey = files.patientHash('patient', labels.patient);
  if (patientKey === film.patientKey) return { patientKey, changed, patientKept: false };
  if (store.films.isInSplit(film.no)) return { patientKey: film.patientKey, changed, patientKept: true };
  store.films.setPatient(film.no, store.patients.ensure(patientKey));
  return { patientKey, changed: true, patientKept: false };
}

/** What the labels file knows; an unknown sex, age … does not wipe out what the film itself said. */
function labelFacts(labels: FilmLabels): FilmFacts {
  const facts = {
    view: labels.view ?? undefined,
    sex: labels.sex ?? undefined,
    ageYears: labels.ageYears ?? undefined,
    source: labels.source ?? undefined,
    licence: labels.licence ?? undefined,
    abnormal: labels.abnormal,
    givenPart: labels.givenPart,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
