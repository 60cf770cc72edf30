/** @file What each of several readers said of a film, and the boxes that they drew. */
import type { FilmId, SplitId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

/** One reader's known labels of one film. */
export interface Reading {
  readonly reader: string;
  readonly labels: ReadonlyMap<string, boolean | null>;
}

/** What one reader said of one finding of a film. */
export interface FilmReading {
  readonly reader: string;
  readonly finding: string;
  readonly value: boolean;
}

/** Pixels of the film as stored, from its upper left corner. */
export interface FilmBox {
  readonly finding: string;
  readonly reader: string | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How many readers of a film said yes to a finding, of how many that looked for it. */
export interface VoteRow {
  readonly filmId: FilmId;
  readonly finding: string;
  readonly yes: number;
  readonly readers: number;
}

export type ReadingStore = ReturnType<typeof createReadingStore>;

export function createReadingStore(db: Db, ensureFinding: (name: string) => number) {
  const clearReadings = db.prepare<[number, string]>('DELETE FROM readings WHERE film_no = ? AND reader = ?');
  const addReading = db.prepare<[number, number, string, number]>(
    'INSERT INTO readings (film_no, finding_no, reader, value) VALUES (?, ?, ?, ?)',
  );
  const ofFilm = db.prepare<[number], { reader: string; finding: string; value: number }>(
    `SELECT r.reader, f.name AS finding, r.value FROM readings r JOIN findings f ON f.no = r.finding_no
     WHERE r.film_no = ? ORDER BY r.reader, f.no`,
  );
  const clearBoxes = db.prepare<[number, string | null]>(
    'DELETE FROM boxes WHERE film_no = ? AND reader IS ?',
  );
  const addBox = db.prepare<[number, number, string | null, number, number, number, number]>(
    'INSERT INTO boxes (film_no, finding_no, reader, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const boxes = db.prepare<[number], FilmBox>(
    `SELECT f.name AS finding, b.reader, b.x, b.y, b.width, b.height
     FROM boxes b JOIN findings f ON f.no = b.finding_no WHERE b.film_no = ? ORDER BY b.no`,
  );
  const boxesOfSplit = db.prepare<[string], FilmBox & { filmId: FilmId }>(
    `SELECT m.id AS filmId, f.name AS finding, b.reader, b.x, b.y, b.width, b.height
     FROM split_films s JOIN boxes b ON b.film_no = s.film_no JOIN findings f ON f.no = b.finding_no
     JOIN films m ON m.no = s.film_no WHERE s.split_id = ? ORDER BY m.id, b.no`,
  );
  const votes = db.prepare<[string], VoteRow>(
    `SELECT m.id AS filmId, f.name AS finding, sum(r.value) AS yes, count(*) AS readers
     FROM split_films s JOIN readings r ON r.film_no = s.film_no JOIN findings f ON f.no = r.finding_no
     JOIN films m ON m.no = s.film_no WHERE s.split_id = ? GROUP BY r.film_no, r.finding_no`,
  );
  const readFilms = db.prepare<[], { films: number }>(
    `SELECT count(*) AS films FROM (SELECT film_no FROM readings GROUP BY film_no HAVING count(DISTINCT reader) > 1)`,
  );
  const boxed = db.prepare<[], { films: number; boxes: number }>(
    'SELECT count(DISTINCT film_no) AS films, count(*) AS boxes FROM boxes',
  );

  return {
    /** Replaces what each of these readers said of the film; what others said stays. */
    setReadings(filmNo: number, readings: readonly Reading[]): void {
      for (const { reader, labels } of readings) {
        clearReadings.run(filmNo, reader);
        for (const [finding, value] of labels) {
          if (value !== null) addReading.run(filmNo, ensureFinding(finding), reader, value ? 1 : 0);
        }
      }
    },
    /** What each reader said of a film, by reader. */
    ofFilm: (filmNo: number): readonly FilmReading[] =>
      ofFilm.all(filmNo).map(({ value, ...row }) => ({ ...row, value: value === 1 })),
    /** Replaces the boxes of everyone who drew one of these; what others drew stays. */
    setBoxes(filmNo: number, list: readonly FilmBox[]): void {
      for (const reader of new Set(list.map((box) => box.reader))) clearBoxes.run(filmNo, reader);
      for (const { finding, reader, x, y, width, height } of list) {
        addBox.run(filmNo, ensureFinding(finding), reader, x, y, width, height);
      }
    },
    boxes: (filmNo: number): FilmBox[] => boxes.all(filmNo),
    /** Of all films of a split, by film id. */
    boxesOfSplit: (id: SplitId): readonly (FilmBox & { readonly filmId: FilmId })[] => boxesOfSplit.all(id),
    /** Of all films of a split that several readers may have read. */
    votesOfSplit: (id: SplitId): readonly VoteRow[] => votes.all(id),
    /** Films that more than one reader has read. */
    filmsReadTwice: (): number => readFilms.get()?.films ?? 0,
    boxed: (): { readonly films: number; readonly boxes: number } => boxed.get() ?? { films: 0, boxes: 0 },
  };
}
