/** @file Films: inserting one with its labels, finding them again, what the overview counts. Pixels never change. */
import type { FilmId, ImportId, PatientKey } from '../../shared/domain/ids.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { Db } from './connection.ts';

/** A film as stored. `no` is the row number, used inside main/store and by services to set labels. */
export interface FilmRecord {
  readonly no: number;
  readonly id: FilmId;
  readonly patientKey: PatientKey;
  readonly name: string;
  readonly pixelSha256: string;
  readonly originalSha256: string;
  readonly modelSha256: string;
  readonly thumbnailSha256: string;
  readonly pipeline: string;
  readonly format: string;
  readonly modality: string | null;
  readonly transferSyntax: string | null;
  readonly photometric: string;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  readonly bitsStored: number;
  readonly bytes: number;
  readonly view: string | null;
  /** Height : width of one pixel; null = not read from its file yet. */
  readonly pixelAspect: number | null;
  /** A word of the standard; null = none, or not read yet. */
  readonly bodyPart: string | null;
  readonly sex: string | null;
  readonly ageYears: number | null;
  readonly source: string | null;
  readonly licence: string | null;
  readonly abnormal: boolean | null;
  readonly givenPart: Part | null;
  readonly importId: ImportId;
  readonly importedAt: number;
}

export type NewFilm = Omit<FilmRecord, 'no' | 'patientKey'> & { readonly patientNo: number };

/** A film as one of its patient's. */
export type PatientFilmRow = Pick<FilmRecord, 'id' | 'name' | 'view'>;

/** What a labels file may say about a film that is already here. A field left out stays as it is. */
export interface FilmFacts {
  readonly view?: string | null;
  readonly sex?: string | null;
  readonly ageYears?: number | null;
  readonly source?: string | null;
  readonly licence?: string | null;
  readonly abnormal?: boolean | null;
  readonly givenPart?: Part | null;
}

export type FilmStore = ReturnType<typeof createFilmStore>;

type RawFilm = Omit<FilmRecord, 'abnormal'> & { readonly abnormal: number | null };

const COLUMNS = `f.no, f.id, p.key AS patientKey, f.name, f.pixel_sha256 AS pixelSha256,
  f.original_sha256 AS originalSha256, f.model_sha256 AS modelSha256, f.thumbnail_sha256 AS thumbnailSha256,
  f.pipeline, f.format, f.modality, f.transfer_syntax AS transferSyntax, f.photometric, f.rows, f.cols, f.frames,
  f.bits_stored AS bitsStored, f.bytes, f.view, f.pixel_aspect AS pixelAspect, f.body_part AS bodyPart, f.sex, f.age_years AS ageYears, f.source, f.licence, f.abnormal,
  f.given_part AS givenPart, f.import_id AS importId, f.imported_at AS importedAt`;

const INSERT = `
  INSERT INTO films (id, patient_no, name, pixel_sha256, original_sha256, model_sha256, thumbnail_sha256, pipeline,
    format, modality, transfer_syntax, photometric, rows, cols, frames, bits_stored, bytes, view, pixel_aspect, body_part,
    sex, age_years, source, licence, abnormal, given_part, import_id, imported_at)
  VALUES (@id, @patientNo, @name, @pixelSha256, @originalSha256, @modelSha256, @thumbnailSha256, @pipeline,
    @format, @modality, @transferSyntax, @photometric, @rows, @cols, @frames, @bitsStored, @bytes, @view, @pixelAspect,
    @bodyPart, @sex, @ageYears, @source, @licence, @abnormal, @givenPart, @importId, @importedAt)`;

const FACT_COLUMNS: Readonly<Record<keyof FilmFacts, string>> = {
  view: 'view',
  sex: 'sex',
  ageYears: 'age_years',
  source: 'source',
  licence: 'licence',
  abnormal: 'abnormal',
  givenPart: 'given_part',
};

function toRecord(row: RawFilm): FilmRecord {
  return { ...row, abnormal: row.abnormal === null ? null : row.abnormal === 1 };
}

function toSql(value: string | number | boolean | null | undefined): string | number | null {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? (value ? 1 : 0) : value;
}

export function createFilmStore(db: Db) {
  const insert = db.prepare<[Record<string, string | number | null>]>(INSERT);
  const select = `SELECT ${COLUMNS} FROM films f JOIN patients p ON p.no = f.patient_no`;
  const byId = db.prepare<[string], RawFilm>(`${select} WHERE f.id = ?`);
  const byPixels = db.prepare<[string], RawFilm>(`${select} WHERE f.pixel_sha256 = ?`);
  const byName = db.prepare<[string], RawFilm>(
    `${select} WHERE f.name = ? COLLATE NOCASE ORDER BY f.no LIMIT 50`,
  );
  const names = db.prepare<[], { id: FilmId; name: string }>('SELECT id, name FROM films ORDER BY no');
  const ofPatient = db.prepare<[string, number], PatientFilmRow>(
    `SELECT id, name, view FROM films WHERE patient_no = (SELECT patient_no FROM films WHERE id = ?)
     ORDER BY name, no LIMIT ?`,
  );
  const setPatient = db.prepare<[number, number]>('UPDATE films SET patient_no = ? WHERE no = ?');
  const inSplit = db.prepare<[number], { n: number }>(
    'SELECT EXISTS (SELECT 1 FROM split_films WHERE film_no = ?) AS n',
  );
  const setMade = db.prepare<[string, string, string, number]>(
    'UPDATE films SET model_sha256 = ?, thumbnail_sha256 = ?, pipeline = ? WHERE no = ?',
  );
  const setHeader = db.prepare<[number, string | null, number]>(
    'UPDATE films SET pixel_aspect = ?, body_part = ? WHERE no = ?',
  );
  const totals = db.prepare<[], { films: number; bytes: number }>(
    'SELECT count(*) AS films, coalesce(sum(bytes), 0) AS bytes FROM films',
  );
  const abnormalCounts = db.prepare<[], { abnormal: number | null; n: number }>(
    'SELECT abnormal, count(*) AS n FROM films GROUP BY abnormal',
  );
  const views = db.prepare<[], { view: string; films: number }>(
    `SELECT coalesce(view, 'unknown') AS view, count(*) AS films FROM films GROUP BY view ORDER BY films DESC, view`,
  );
  const sources = db.prepare<[], { source: string; films: number }>(
    `SELECT coalesce(source, 'unknown') AS source, count(*) AS films FROM films
     GROUP BY source ORDER BY films DESC, source`,
  );

  return {
    /** @returns the row number */
    insert(film: NewFilm): number {
      const row = Object.fromEntries(Object.entries(film).map(([key, value]) => [key, toSql(value)]));
      return Number(insert.run(row).lastInsertRowid);
    },
    find(id: FilmId): FilmRecord | null {
      const row = byId.get(id);
      return row === undefined ? null : toRecord(row);
    },
    findByPixels(pixelSha256: string): FilmRecord | null {
      const row = byPixels.get(pixelSha256);
      return row === undefined ? null : toRecord(row);
    },
    /** Films whose file name is `name`, letter case aside; at most 50. */
    findByName: (name: string): readonly FilmRecord[] => byName.all(name).map(toRecord),
    names: (): readonly { readonly id: FilmId; readonly name: string }[] => names.all(),
    /** Films of the same patient as this one, itself too, by name. */
    ofPatient: (id: FilmId, most: number): readonly PatientFilmRow[] => ofPatient.all(id, most),
    /** @returns true when something changed */
    setFacts(filmNo: number, facts: FilmFacts): boolean {
      const given = (Object.keys(FACT_COLUMNS) as (keyof FilmFacts)[]).filter(
        (key) => facts[key] !== undefined,
      );
      if (given.length === 0) return false;
      const columns = given.map((key) => FACT_COLUMNS[key]);
      const values = given.map((key) => toSql(facts[key]));
      const sql = `UPDATE films SET ${columns.map((column) => `${column} = ?`).join(', ')}
        WHERE no = ? AND (${columns.map((column) => `${column} IS NOT ?`).join(' OR ')})`;
      return db.prepare(sql).run(...values, filmNo, ...values).changes > 0;
    },
    /** True when a split was made with this film: then its patient stays. */
    isInSplit: (filmNo: number): boolean => inSplit.get(filmNo)?.n === 1,
    setPatient(filmNo: number, patientNo: number): void {
      setPatient.run(patientNo, filmNo);
    },
    /** Points at a newly made model image and thumbnail of the same pixels. */
    setMade(filmNo: number, made: { modelSha256: string; thumbnailSha256: string; pipeline: string }): void {
      setMade.run(made.modelSha256, made.thumbnailSha256, made.pipeline, filmNo);
    },
    /** What was not kept when the film came in. */
    setHeader(
      filmNo: number,
      facts: { readonly pixelAspect: number; readonly bodyPart: string | null },
    ): void {
      setHeader.run(facts.pixelAspect, facts.bodyPart, filmNo);
    },
    totals: (): { readonly films: number; readonly bytes: number } => totals.get() ?? { films: 0, bytes: 0 },
    abnormalCounts(): { readonly positive: number; readonly negative: number; readonly unknown: number } {
      const of = new Map(abnormalCounts.all().map(({ abnormal, n }) => [abnormal, n]));
      return { positive: of.get(1) ?? 0, negative: of.get(0) ?? 0, unknown: of.get(null) ?? 0 };
    },
    views: (): { view: string; films: number }[] => views.all(),
    sources: (): { source: string; films: number }[] => sources.all(),
  };
}
