/** @file Scores of models that are not in the library, by model and film; what else a film is known by. */
import type { FilmId, PatientKey } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

export interface OutsideModelRow {
  readonly id: string;
  readonly name: string;
  /** Name of the file that its scores came in. */
  readonly source: string;
  /** As the file says; null where it says none. */
  readonly runId: string | null;
  readonly weightsSha256: string | null;
  readonly findings: readonly string[];
  readonly createdAt: number;
}

/** Probabilities 0…1; null = not scored. */
export interface OutsideScore {
  /** In the order of the model's findings. */
  readonly t1: readonly (number | null)[];
  readonly t2: number | null;
}

/** A film by everything that a file may call it. */
export interface FilmKeys {
  readonly no: number;
  readonly id: FilmId;
  readonly name: string;
  readonly pixelSha256: string;
  readonly originalSha256: string;
  readonly format: string;
}

/** With the labels as the library has them, for metrics. */
export interface LabelledScore extends OutsideScore {
  readonly filmId: FilmId;
  readonly patientKey: PatientKey;
  readonly abnormal: 0 | 1 | null;
  /** In the order of the model's findings. */
  readonly labels: readonly (0 | 1 | null)[];
}

type RawModel = Omit<OutsideModelRow, 'findings'> & { readonly findings: string };
interface RawScore {
  readonly t1: string;
  readonly t2: number | null;
}

export type OutsideScoreStore = ReturnType<typeof createOutsideScoreStore>;

export function createOutsideScoreStore(db: Db) {
  const columns =
    'id, name, source, run_id AS runId, weights_sha256 AS weightsSha256, findings, created_at AS createdAt';
  const all = db.prepare<[], RawModel>(`SELECT ${columns} FROM outside_models ORDER BY created_at, id`);
  const add = db.prepare(
    `INSERT INTO outside_models (id, name, source, run_id, weights_sha256, findings, created_at)
     VALUES (@id, @name, @source, @runId, @weightsSha256, @findings, @createdAt)`,
  );
  const remove = db.prepare<[string]>('DELETE FROM outside_models WHERE id = ?');
  const put = db.prepare<[string, number, string, number | null]>(
    'INSERT INTO outside_scores (model_id, film_no, t1, t2) VALUES (?, ?, ?, ?)',
  );
  const find = db.prepare<[string, number], RawScore>(
    'SELECT t1, t2 FROM outside_scores WHERE model_id = ? AND film_no = ?',
  );
  const ofFilm = db.prepare<[string], RawScore & { modelId: string }>(
    `SELECT s.model_id AS modelId, s.t1, s.t2 FROM outside_scores s JOIN films f ON f.no = s.film_no WHERE f.id = ?`,
  );
  const films = db.prepare<[], FilmKeys>(
    `SELECT no, id, name, pixel_sha256 AS pixelSha256, original_sha256 AS originalSha256, format FROM films ORDER BY no`,
  );
  const labelled = db.prepare<
    [string],
    RawScore & { no: number; filmId: FilmId; patientKey: PatientKey; abnormal: 0 | 1 | null }
  >(
    `SELECT f.no, f.id AS filmId, p.key AS patientKey, f.abnormal, s.t1, s.t2
     FROM outside_scores s JOIN films f ON f.no = s.film_no JOIN patients p ON p.no = f.patient_no
     WHERE s.model_id = ? ORDER BY f.id`,
  );
  const labels = db.prepare<[string], { no: number; finding: string; value: 0 | 1 }>(
    `SELECT l.film_no AS no, n.name AS finding, l.value FROM outside_scores s
     JOIN labels l ON l.film_no = s.film_no JOIN findings n ON n.no = l.finding_no WHERE s.model_id = ?`,
  );
  const score = ({ t1, t2 }: RawScore): OutsideScore => ({ t1: JSON.parse(t1) as (number | null)[], t2 });

  return {
    /** In the order in which they came. */
    models: (): readonly OutsideModelRow[] =>
      all.all().map((row) => ({ ...row, findings: JSON.parse(row.findings) as string[] })),
    addModel: (row: OutsideModelRow): void =>
      void add.run({ ...row, findings: JSON.stringify(row.findings) }),
    /** With all its scores. */
    removeModel: (id: string): void => void remove.run(id),
    put: (modelId: string, filmNo: number, { t1, t2 }: OutsideScore): void =>
      void put.run(modelId, filmNo, JSON.stringify(t1), t2),
    find(modelId: string, filmNo: number): OutsideScore | null {
      const row = find.get(modelId, filmNo);
      return row === undefined ? null : score(row);
    },
    ofFilm: (id: FilmId): readonly (OutsideScore & { readonly modelId: string })[] =>
      ofFilm.all(id).map(({ modelId, ...row }) => ({ modelId, ...score(row) })),
    films: (): readonly FilmKeys[] => films.all(),
    /** Films that the model scored, by id. */
    labelled(modelId: string, findings: readonly string[]): readonly LabelledScore[] {
      const known = new Map(labels.all(modelId).map(({ no, finding, value }) => [`${no} ${finding}`, value]));
      return labelled.all(modelId).map(({ no, t1, t2, ...film }) => ({
        ...film,
        ...score({ t1, t2 }),
        labels: findings.map((finding) => known.get(`${no} ${finding}`) ?? null),
      }));
    },
  };
}
