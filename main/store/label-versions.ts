/** @file Label versions: what a review says of films, beside the imported labels. A version is added whole and never changed. */
import { labelVersionRequest, type LabelVersion } from '../../shared/contract/label-version.ts';
import type { Box } from '../../shared/domain/geometry.ts';
import type { FilmId, LabelVersionId, ReaderId, SplitId } from '../../shared/domain/ids.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Db } from './connection.ts';

/** null = unknown, whatever was imported. */
export type VersionValue = 0 | 1 | null;

/** Where a finding is, in pixels of the film as stored. */
export interface VersionBox extends Box {
  readonly finding: string;
}

/** What a version says of one film; what it does not name stays as imported. */
export interface FilmLabels {
  readonly labels: ReadonlyMap<string, VersionValue>;
  /** undefined = as imported. */
  readonly abnormal: VersionValue | undefined;
  /** Of findings that the version calls present; without one the place is not known. */
  readonly boxes: readonly VersionBox[];
}

export type NewLabelVersion = Pick<LabelVersion, 'id' | 'name' | 'reviewId' | 'request' | 'createdAt'> & {
  readonly madeBy: ReaderId;
};

type RawVersion = Omit<LabelVersion, 'request' | 'positives'> & { readonly request: string };

export type LabelVersionStore = ReturnType<typeof createLabelVersionStore>;

export function createLabelVersionStore(db: Db, ensureFinding: (name: string) => number) {
  const taken = db.prepare<[string], { id: string }>('SELECT id FROM label_versions WHERE name = ?');
  const insert = db.prepare(
    `INSERT INTO label_versions (id, name, review_id, reader_id, request, created_at, seq)
     VALUES (@id, @name, @reviewId, @madeBy, @request, @createdAt,
       (SELECT coalesce(max(seq), 0) + 1 FROM label_versions))`,
  );
  const filmNo = db.prepare<[string], { no: number }>('SELECT no FROM films WHERE id = ?');
  const addLabel = db.prepare<[string, number, number, VersionValue]>(
    'INSERT INTO version_labels (version_id, film_no, finding_no, value) VALUES (?, ?, ?, ?)',
  );
  const addAbnormal = db.prepare<[string, number, VersionValue]>(
    'INSERT INTO version_abnormal (version_id, film_no, value) VALUES (?, ?, ?)',
  );
  const addBox = db.prepare(
    `INSERT INTO version_boxes (version_id, film_no, finding_no, number, x, y, width, height)
     VALUES (@version, @film, @findingNo, @number, @x, @y, @width, @height)`,
  );
  const boxesOf = db.prepare<[string, string], VersionBox & { filmId: FilmId }>(
    `SELECT m.id AS filmId, f.name AS finding, b.x, b.y, b.width, b.height FROM version_boxes b
     JOIN split_films s ON s.split_id = ? AND s.film_no = b.film_no JOIN films m ON m.no = b.film_no
     JOIN findings f ON f.no = b.finding_no WHERE b.version_id = ? ORDER BY m.id, b.number`,
  );
  const select = `SELECT v.id, v.name, v.review_id AS reviewId, r.name AS reviewName, v.created_at AS createdAt, v.request,
      (SELECT count(*) FROM (SELECT film_no FROM version_labels l WHERE l.version_id = v.id
         UNION SELECT film_no FROM version_abnormal a WHERE a.version_id = v.id)) AS films,
      (SELECT count(*) FROM version_labels l WHERE l.version_id = v.id) AS labels,
      (SELECT count(*) FROM version_boxes b WHERE b.version_id = v.id) AS boxes
    FROM label_versions v JOIN reviews r ON r.id = v.review_id`;
  const all = db.prepare<[], RawVersion>(`${select} ORDER BY v.seq DESC`);
  const byId = db.prepare<[string], RawVersion>(`${select} WHERE v.id = ?`);
  const labelsOf = db.prepare<[string, string], { filmId: FilmId; finding: string; value: VersionValue }>(
    `SELECT m.id AS filmId, f.name AS finding, l.value FROM version_labels l
     JOIN split_films s ON s.split_id = ? AND s.film_no = l.film_no JOIN films m ON m.no = l.film_no
     JOIN findings f ON f.no = l.finding_no WHERE l.version_id = ?`,
  );
  const abnormalOf = db.prepare<[string, string], { filmId: FilmId; value: VersionValue }>(
    `SELECT m.id AS filmId, a.value FROM version_abnormal a
     JOIN split_films s ON s.split_id = ? AND s.film_no = a.film_no JOIN films m ON m.no = a.film_no
     WHERE a.version_id = ?`,
  );
  const positives = db.prepare<[string], { name: string }>(
    `SELECT name FROM findings WHERE no IN
       (SELECT finding_no FROM version_labels WHERE version_id = ? AND value = 1) ORDER BY no`,
  );
  const parse = (row: RawVersion): LabelVersion => ({
    ...row,
    positives: positives.all(row.id).map(({ name }) => name),
    request: labelVersionRequest.parse(JSON.parse(row.request)),
  });

  function add(made: NewLabelVersion, films: ReadonlyMap<FilmId, FilmLabels>): void {
    if (taken.get(made.name) !== undefined) {
      throw new ServiceError(
        'CONFLICT',
        `There is a label version "${made.name}" already. Nothing was made; choose another name.`,
      );
    }
    insert.run({ ...made, request: JSON.stringify(made.request) });
    for (const [filmId, { labels, abnormal, boxes }] of films) {
      const no = filmNo.get(filmId)?.no;
      if (no === undefined) continue; // not in the library any more: nothing to learn from
      for (const [finding, value] of labels) addLabel.run(made.id, no, ensureFinding(finding), value);
      if (abnormal !== undefined) addAbnormal.run(made.id, no, abnormal);
      for (const [number, { finding, ...box }] of boxes.entries()) {
        addBox.run({ version: made.id, film: no, findingNo: ensureFinding(finding), number, ...box });
      }
    }
  }

  return {
    /** Kept whole or not at all. @throws ServiceError CONFLICT the name is taken */
    add: (made: NewLabelVersion, films: ReadonlyMap<FilmId, FilmLabels>): void =>
      db.transaction(add).immediate(made, films),
    /** Newest first, whatever the clock said. */
    all: (): readonly LabelVersion[] => all.all().map(parse),
    find(id: LabelVersionId): LabelVersion | null {
      const row = byId.get(id);
      return row === undefined ? null : parse(row);
    },
    /** What the version says of the films of a split. */
    ofSplit(id: LabelVersionId, split: SplitId): ReadonlyMap<FilmId, FilmLabels> {
      const films = new Map<
        FilmId,
        { labels: Map<string, VersionValue>; abnormal: VersionValue | undefined; boxes: VersionBox[] }
      >();
      const of = (film: FilmId) => {
        const known = films.get(film) ?? {
          labels: new Map<string, VersionValue>(),
          abnormal: undefined,
          boxes: [],
        };
        films.set(film, known);
        return known;
      };
      for (const { filmId, finding, value } of labelsOf.all(split, id)) of(filmId).labels.set(finding, value);
      for (const { filmId, value } of abnormalOf.all(split, id)) of(filmId).abnormal = value;
      for (const { filmId, ...box } of boxesOf.all(split, id)) of(filmId).boxes.push(box);
      return films;
    },
  };
}
