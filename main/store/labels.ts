/** @file Findings and the labels of films. A finding that is unknown for a film has no row: unknown is not negative. */
import type { Db } from './connection.ts';

export interface LabelCountRow {
  readonly finding: string;
  readonly positive: number;
  readonly negative: number;
  readonly unknown: number;
}

export interface FilmLabel {
  readonly finding: string;
  readonly value: boolean;
}

export type LabelStore = ReturnType<typeof createLabelStore>;

const COUNTS = `
  SELECT f.name AS finding,
         (SELECT count(*) FROM labels l WHERE l.finding_no = f.no AND l.value = 1) AS positive,
         (SELECT count(*) FROM labels l WHERE l.finding_no = f.no AND l.value = 0) AS negative,
         (SELECT count(*) FROM films) AS films
  FROM findings f ORDER BY f.no`;

export function createLabelStore(db: Db) {
  const insertFinding = db.prepare<[string]>('INSERT INTO findings (name) VALUES (?) ON CONFLICT DO NOTHING');
  const findingNo = db.prepare<[string], { no: number }>('SELECT no FROM findings WHERE name = ?');
  const allFindings = db.prepare<[], { name: string }>('SELECT name FROM findings ORDER BY no');
  const put = db.prepare<[number, number, number]>(
    `INSERT INTO labels (film_no, finding_no, value) VALUES (?, ?, ?)
     ON CONFLICT (film_no, finding_no) DO UPDATE SET value = excluded.value`,
  );
  const clear = db.prepare<[number, number]>('DELETE FROM labels WHERE film_no = ? AND finding_no = ?');
  const ofFilm = db.prepare<[number], { finding: string; value: number }>(
    `SELECT f.name AS finding, l.value FROM labels l JOIN findings f ON f.no = l.finding_no
     WHERE l.film_no = ? ORDER BY f.no`,
  );
  const counts = db.prepare<[], { finding: string; positive: number; negative: number; films: number }>(
    COUNTS,
  );

  const countsOf = db.prepare<[string], { finding: string; positive: number; negative: number }>(
    `SELECT f.name AS finding, count(*) FILTER (WHERE l.value = 1) AS positive,
       count(*) FILTER (WHERE l.value = 0) AS negative
     FROM json_each(?) film JOIN labels l ON l.film_no = film.value JOIN findings f ON f.no = l.finding_no
     GROUP BY f.no ORDER BY f.no`,
  );

  const ensureFinding = (name: string): number => {
    insertFinding.run(name);
    const row = findingNo.get(name);
    if (row === undefined) throw new Error('a finding just inserted must exist');
    return row.no;
  };

  return {
    ensureFinding,
    /** Names in the order in which they first came into the library. */
    findings: (): readonly string[] => allFindings.all().map(({ name }) => name),
    /** Sets what a labels file says: true, false, or null to make the finding unknown again. */
    set(filmNo: number, finding: string, value: boolean | null): void {
      const no = ensureFinding(finding);
      if (value === null) clear.run(filmNo, no);
      else put.run(filmNo, no, value ? 1 : 0);
    },
    /** Known labels only. */
    ofFilm: (filmNo: number): readonly FilmLabel[] =>
      ofFilm.all(filmNo).map(({ finding, value }) => ({ finding, value: value === 1 })),
    /** Known labels of some films. */
    countsOf: (filmNos: readonly number[]): readonly Omit<LabelCountRow, 'unknown'>[] =>
      countsOf.all(JSON.stringify(filmNos)),
    counts: (): readonly LabelCountRow[] =>
      counts.all().map(({ finding, positive, negative, films }) => ({
        finding,
        positive,
        negative,
        unknown: films - positive - negative,
      })),
  };
}
