/** @file Fills a store with films that exist as rows only, for tests of queries and splits. */
import type { FilmId, ImportId, PatientKey } from '../../shared/domain/ids.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { Store } from '../../main/store/store.ts';

export interface SyntheticFilm {
  readonly patient: number;
  readonly name?: string;
  readonly view?: string | null;
  readonly source?: string | null;
  readonly abnormal?: boolean | null;
  readonly givenPart?: Part | null;
  readonly labels?: Readonly<Record<string, boolean>>;
}

export const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

export function addFilms(store: Store, films: readonly SyntheticFilm[]): readonly FilmId[] {
  const importId = 'import-0000000000000001' as ImportId;
  return store.transaction(() => {
    if (store.imports.find(importId) === null) store.imports.begin(importId, 'files', 1);
    const sha256 = '0'.repeat(64);
    store.artifacts.add({ sha256, kind: 'film', bytes: 1 }, 1);
    const start = store.films.totals().films;
    return films.map((film, index) => {
      const number = start + index;
      const id = `film-${hex(number, 32)}` as FilmId;
      const no = store.films.insert({
        id,
        patientNo: store.patients.ensure(hex(film.patient, 64) as PatientKey),
        name: film.name ?? `film ${number}.dcm`,
        pixelSha256: hex(number, 64),
        originalSha256: sha256,
        modelSha256: sha256,
        thumbnailSha256: sha256,
        pipeline: 'test',
        format: 'dicom',
        modality: 'DX',
        transferSyntax: null,
        photometric: 'MONOCHROME2',
        rows: 10,
        cols: 10,
        frames: 1,
        bitsStored: 8,
        bytes: 1,
        view: film.view ?? null,
        pixelAspect: 1,
        bodyPart: null,
        sex: null,
        ageYears: null,
        source: film.source ?? null,
        licence: null,
        abnormal: film.abnormal ?? null,
        givenPart: film.givenPart ?? null,
        importId,
        importedAt: number,
      });
      for (const [finding, value] of Object.entries(film.labels ?? {})) store.labels.set(no, finding, value);
      return id;
    });
  });
}
