/** @file Search and filter over films: one page of rows and how many there are in all. Every filter has an index. */
import type { FilmQuery } from '../../shared/contract/library.ts';
import type { Part } from '../../shared/contract/base.ts';
import type { FilmId, PatientKey, SplitId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';
import { SPLIT_ELSEWHERE } from '../../shared/domain/split-elsewhere.ts';

/** A row of the film table. */
export interface FilmListRow {
  readonly id: FilmId;
  readonly name: string;
  readonly patientKey: PatientKey;
  readonly view: string | null;
  readonly sex: string | null;
  readonly ageYears: number | null;
  readonly rows: number;
  readonly cols: number;
  readonly format: string;
  readonly source: string | null;
  readonly abnormal: boolean | null;
  readonly positives: readonly string[];
  readonly part: Part | null;
}

type RawRow = Omit<FilmListRow, 'abnormal' | 'positives'> & {
  readonly no: number;
  readonly abnormal: number | null;
};

type Binding = Record<string, string | number | null>;

export interface FilmSql {
  readonly count: string;
  readonly page: string;
  readonly binding: Binding;
}

const ORDER: Readonly<Record<FilmQuery['sort'], string>> = {
  name: 'f.name COLLATE NOCASE',
  patient: 'f.patient_no',
  imported: 'f.imported_at',
};

/** `unknown` stands for films without a view or source, as the overview counts them. */
function equals(column: string, parameter: string, value: string, binding: Binding): string {
  if (value === 'unknown') return `${column} IS NULL`;
  binding[parameter] = value;
  return `${column} = @${parameter}`;
}

function textCondition(text: string, binding: Binding): string {
  const escaped = text.replace(/[\\%_]/g, (letter) => `\\${letter}`);
  binding['text'] = `%${escaped}%`;
  const short = /^p-([0-9a-f]{1,6})$/i.exec(text);
  const byName = String.raw`f.name LIKE @text ESCAPE '\'`;
  if (short?.[1] === undefined) return byName;
  binding['patientFrom'] = short[1].toLowerCase();
  binding['patientTo'] = `${short[1].toLowerCase()}g`; // after every hexadecimal digit
  return `(${byName} OR f.patient_no IN (SELECT no FROM patients WHERE key >= @patientFrom AND key < @patientTo))`;
}

/** The SQL of a query; exported so that tests can look at its plan. */
export function filmSql(query: FilmQuery, splitId: SplitId | null): FilmSql {
  const binding: Binding = { splitId };
  const where: string[] = [];
  let sets = 0;
  /** Of several sets of films one is looked up by an index, the others are asked of each film (+): else SQLite looks up every pair. */
  const among = (films: string): void => void where.push(`${sets++ === 0 ? '' : '+'}f.no IN (${films})`);
  const text = query.text.trim();
  if (text !== '') where.push(textCondition(text, binding));
  if (query.finding !== null) {
    binding['finding'] = query.finding;
    among(`SELECT film_no FROM labels
        WHERE finding_no = (SELECT no FROM findings WHERE name = @finding) AND value = 1`);
  }
  if (query.abnormal === 'unknown') where.push('f.abnormal IS NULL');
  else if (query.abnormal !== 'any') where.push(`f.abnormal = ${query.abnormal === 'abnormal' ? 1 : 0}`);
  if (query.view !== null) where.push(equals('f.view', 'view', query.view, binding));
  if (query.source !== null) where.push(equals('f.source', 'source', query.source, binding));
  if (query.part !== null) {
    binding['part'] = query.part;
    among('SELECT film_no FROM split_films WHERE split_id = @splitId AND part = @part');
  } else if (query.splitId !== null) {
    among('SELECT film_no FROM split_films WHERE split_id = @splitId');
  }
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
  const direction = query.descending ? 'DESC' : 'ASC';
  return {
    count: `SELECT count(*) AS total FROM films f ${condition}`,
    page: `
      SELECT f.no, f.id, f.name, p.key AS patientKey, f.view, f.sex, f.age_years AS ageYears, f.rows, f.cols, f.format,
        f.source, f.abnormal, s.part
      FROM (SELECT f.no FROM films f ${condition}
            ORDER BY ${ORDER[query.sort]} ${direction}, f.no ${direction} LIMIT @limit OFFSET @offset) AS page
      CROSS JOIN films f ON f.no = page.no -- CROSS: the page first, then its films; else all films are gone through
      JOIN patients p ON p.no = f.patient_no
      LEFT JOIN split_films s ON s.split_id = @splitId AND s.film_no = f.no
      ORDER BY ${ORDER[query.sort]} ${direction}, f.no ${direction}`,
    binding,
  };
}

export type FilmQueryStore = ReturnType<typeof createFilmQueryStore>;

export function createFilmQueryStore(db: Db) {
  const newestSplit = db.prepare<[], { id: SplitId }>(
    `SELECT id FROM splits WHERE id <> '${SPLIT_ELSEWHERE}' ORDER BY seq DESC LIMIT 1`,
  );
  const positives = db.prepare<[string], { no: number; finding: string }>(
    `SELECT l.film_no AS no, f.name AS finding FROM json_each(?) page
     JOIN labels l ON l.film_no = page.value AND l.value = 1
     JOIN findings f ON f.no = l.finding_no ORDER BY f.no`,
  );

  return {
    /** One page in the asked order. `part` is that of the asked split, else of the newest one. */
    search(query: FilmQuery): { readonly total: number; readonly rows: readonly FilmListRow[] } {
      const splitId = query.splitId ?? newestSplit.get()?.id ?? null;
      const sql = filmSql(query, splitId);
      const total = db.prepare<[Binding], { total: number }>(sql.count).get(sql.binding)?.total ?? 0;
      const rows = db
        .prepare<[Binding], RawRow>(sql.page)
        .all({ ...sql.binding, limit: query.limit, offset: query.offset });
      const findings = new Map<number, string[]>();
      for (const { no, finding } of positives.all(JSON.stringify(rows.map(({ no }) => no)))) {
        const list = findings.get(no);
        if (list === undefined) findings.set(no, [finding]);
        else list.push(finding);
      }
      return {
        total,
        rows: rows.map(({ no, abnormal, ...row }) => ({
          ...row,
          abnormal: abnormal === null ? null : abnormal === 1,
          positives: findings.get(no) ?? [],
        })),
      };
    },
  };
}
