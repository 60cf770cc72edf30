/** @file Splits: which patient is in which part. One part per patient is kept by the primary key of split_members. */
import type { Part } from '../../shared/contract/base.ts';
import type { FilmId, PatientKey, SplitId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';
import { SPLIT_ELSEWHERE } from '../../shared/domain/split-elsewhere.ts';
import type { LabelCountRow } from './labels.ts';

/** A film as the splitter sees it. `labels` are the known findings. */
export interface SplitCandidate {
  readonly no: number;
  readonly id: FilmId;
  readonly patientNo: number;
  readonly patientKey: PatientKey;
  readonly abnormal: boolean | null;
  readonly givenPart: Part | null;
  readonly positives: readonly string[];
}

export interface SplitRow {
  readonly id: SplitId;
  readonly name: string;
  readonly seed: number;
  readonly createdAt: number;
  readonly request: unknown;
  readonly warnings: readonly string[];
}

export interface PartCountsRow {
  readonly films: number;
  readonly patients: number;
  readonly abnormal: number;
  readonly normal: number;
  readonly findings: readonly LabelCountRow[];
}

/** One film of a split as training and evaluation need it. `labels` in the order of the findings asked for. */
export interface DatasetFilm {
  readonly filmId: FilmId;
  readonly patientKey: PatientKey;
  readonly part: Part;
  readonly modelSha256: string;
  readonly abnormal: 0 | 1 | null;
  readonly labels: readonly (0 | 1 | null)[];
}

export type SplitStore = ReturnType<typeof createSplitStore>;

interface RawSplit {
  readonly id: SplitId;
  readonly name: string;
  readonly seed: number;
  readonly createdAt: number;
  readonly request: string;
  readonly warnings: string;
}

const parse = (row: RawSplit): SplitRow => ({
  ...row,
  request: JSON.parse(row.request) as unknown,
  warnings: JSON.parse(row.warnings) as readonly string[],
});

export function createSplitStore(db: Db) {
  const candidates = db.prepare<
    [],
    Omit<SplitCandidate, 'abnormal' | 'positives'> & { abnormal: number | null }
  >(
    `SELECT f.no, f.id, f.patient_no AS patientNo, p.key AS patientKey, f.abnormal, f.given_part AS givenPart
     FROM films f JOIN patients p ON p.no = f.patient_no ORDER BY f.id`,
  );
  const positives = db.prepare<[], { no: number; finding: string }>(
    `SELECT l.film_no AS no, f.name AS finding FROM findings f
     JOIN labels l ON l.finding_no = f.no AND l.value = 1 ORDER BY f.no, l.film_no`,
  );
  const insertSplit = db.prepare<[string, string, number, number, string, string]>(
    `INSERT INTO splits (id, name, seed, created_at, request, warnings, seq)
     VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM splits))`,
  );
  const insertMember = db.prepare<[string, number, string]>(
    'INSERT INTO split_members (split_id, patient_no, part) VALUES (?, ?, ?)',
  );
  const insertFilm = db.prepare<[string, number, number, string]>(
    'INSERT INTO split_films (split_id, film_no, patient_no, part) VALUES (?, ?, ?, ?)',
  );
  const columns = 'id, name, seed, created_at AS createdAt, request, warnings';
  const all = db.prepare<[], RawSplit>(
    `SELECT ${columns} FROM splits WHERE id <> '${SPLIT_ELSEWHERE}' ORDER BY seq DESC`,
  );
  const byId = db.prepare<[string], RawSplit>(`SELECT ${columns} FROM splits WHERE id = ?`);
  const partTotals = db.prepare<
    [string],
    { part: Part; films: number; patients: number; abnormal: number; normal: number }
  >(
    `SELECT s.part, count(*) AS films, count(DISTINCT s.patient_no) AS patients,
       count(*) FILTER (WHERE f.abnormal = 1) AS abnormal, count(*) FILTER (WHERE f.abnormal = 0) AS normal
     FROM split_films s JOIN films f ON f.no = s.film_no WHERE s.split_id = ? GROUP BY s.part`,
  );
  const partLabels = db.prepare<
    [string],
    { part: Part; finding: string; positive: number; negative: number }
  >(
    `SELECT s.part, n.name AS finding, count(*) FILTER (WHERE l.value = 1) AS positive,
       count(*) FILTER (WHERE l.value = 0) AS negative
     FROM split_films s JOIN labels l ON l.film_no = s.film_no JOIN findings n ON n.no = l.finding_no
     WHERE s.split_id = ? GROUP BY s.part, n.no ORDER BY n.no`,
  );
  const shared = db.prepare<[string], { n: number }>(
    `SELECT count(*) AS n FROM (
       SELECT f.patient_no FROM split_films s JOIN films f ON f.no = s.film_no
       WHERE s.split_id = ? GROUP BY f.patient_no HAVING count(DISTINCT s.part) > 1)`,
  );
  const dataset = db.prepare<
    [string],
    {
      no: number;
      filmId: FilmId;
      patientKey: PatientKey;
      part: Part;
      modelSha256: string;
      abnormal: 0 | 1 | null;
    }
  >(
    `SELECT f.no, f.id AS filmId, p.key AS patientKey, s.part, f.model_sha256 AS modelSha256, f.abnormal
     FROM split_films s JOIN films f ON f.no = s.film_no JOIN patients p ON p.no = s.patient_no
     WHERE s.split_id = ? ORDER BY f.id`,
  );
  const splitLabels = db.prepare<[string], { no: number; finding: string; value: 0 | 1 }>(
    `SELECT l.film_no AS no, n.name AS finding, l.value FROM split_films s
     JOIN labels l ON l.film_no = s.film_no JOIN findings n ON n.no = l.finding_no WHERE s.split_id = ?`,
  );
  const partOf = db.prepare<[string, string], { part: Part }>(
    `SELECT s.part FROM split_films s JOIN films f ON f.no = s.film_no WHERE s.split_id = ? AND f.id = ?`,
  );

  const datasetOf = (id: SplitId, findings: readonly string[]): readonly DatasetFilm[] => {
    const column = new Map(findings.map((finding, index) => [finding, index]));
    const known = new Map<number, (0 | 1 | null)[]>();
    for (const { no, finding, value } of splitLabels.all(id)) {
      const at = column.get(finding);
      if (at === undefined) continue;
      const row = known.get(no) ?? findings.map(() => null);
      row[at] = value;
      known.set(no, row);
    }
    return dataset
      .all(id)
      .map(({ no, ...film }) => ({ ...film, labels: known.get(no) ?? findings.map(() => null) }));
  };

  return {
    /** Every film with what a stratified split looks at, ordered by film id. */
    candidates(): readonly SplitCandidate[] {
      const findings = new Map<number, string[]>();
      for (const { no, finding } of positives.all()) {
        const list = findings.get(no);
        if (list === undefined) findings.set(no, [finding]);
        else list.push(finding);
      }
      return candidates.all().map((film) => ({
        ...film,
        abnormal: film.abnormal === null ? null : film.abnormal === 1,
        positives: findings.get(film.no) ?? [],
      }));
    },
    /** Call inside a transaction. `films` are all the films of the patients in `members`. */
    insert(
      split: SplitRow,
      members: ReadonlyMap<number, Part>,
      films: readonly { readonly no: number; readonly patientNo: number }[],
    ): void {
      insertSplit.run(
        split.id,
        split.name,
        split.seed,
        split.createdAt,
        JSON.stringify(split.request),
        JSON.stringify(split.warnings),
      );
      for (const [patientNo, part] of members) insertMember.run(split.id, patientNo, part);
      for (const { no, patientNo } of films) {
        const part = members.get(patientNo);
        if (part !== undefined) insertFilm.run(split.id, no, patientNo, part);
      }
    },
    /** Newest first, whatever the clock said; without the one of models from elsewhere. */
    list: (): readonly SplitRow[] => all.all().map(parse),
    find(id: SplitId): SplitRow | null {
      const row = byId.get(id);
      return row === undefined ? null : parse(row);
    },
    /** Counted from the stored rows. */
    parts(id: SplitId): Readonly<Record<Part, PartCountsRow>> {
      const totals = new Map(partTotals.all(id).map((row) => [row.part, row]));
      const labels = partLabels.all(id);
      const counts = (part: Part): PartCountsRow => {
        const total = totals.get(part);
        const films = total?.films ?? 0;
        return {
          films,
          patients: total?.patients ?? 0,
          abnormal: total?.abnormal ?? 0,
          normal: total?.normal ?? 0,
          findings: labels
            .filter((row) => row.part === part)
            .map(({ finding, positive, negative }) => ({
              finding,
              positive,
              negative,
              unknown: films - positive - negative,
            })),
        };
      };
      return { train: counts('train'), validation: counts('validation'), test: counts('test') };
    },
    /** Patients with films in two parts, counted over the films as they are now. Always 0; the proof, not an assumption. */
    sharedPatients: (id: SplitId): number => shared.get(id)?.n ?? 0,
    partOf: (id: SplitId, film: FilmId): Part | null => partOf.get(id, film)?.part ?? null,
    /** Films of the split in the order of their ids, labels in the order of `findings`. */
    dataset: datasetOf,
    /** Films of the training part without their labels. */
    trainingFilms: (id: SplitId): readonly DatasetFilm[] =>
      datasetOf(id, []).filter(({ part }) => part === 'train'),
  };
}
