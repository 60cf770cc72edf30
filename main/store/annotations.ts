/** @file Shapes drawn on films in the reading room, a row a film. */
import { shapes as shapesSchema } from '../../shared/contract/shape.ts';
import type { Shape } from '../../shared/domain/shape.ts';
import type { Db } from './connection.ts';

export interface StoredAnnotation {
  readonly shapes: readonly Shape[];
  /** Number of changes so far. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

export type AnnotationStore = ReturnType<typeof createAnnotationStore>;

export function createAnnotationStore(db: Db) {
  const find = db.prepare<[number], { shapes: string; version: number; changedAt: number }>(
    'SELECT shapes, version, changed_at AS changedAt FROM annotations WHERE film_no = ?',
  );
  const put = db.prepare<[number, string, number, number]>(
    `INSERT INTO annotations (film_no, shapes, version, changed_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (film_no) DO UPDATE
     SET shapes = excluded.shapes, version = excluded.version, changed_at = excluded.changed_at`,
  );
  return {
    /** null for a film that was never drawn on. */
    find(filmNo: number): StoredAnnotation | null {
      const row = find.get(filmNo);
      return row === undefined ? null : { ...row, shapes: shapesSchema.parse(JSON.parse(row.shapes)) };
    },
    put(filmNo: number, { shapes, version, changedAt }: StoredAnnotation): void {
      put.run(filmNo, JSON.stringify(shapes), version, changedAt);
    },
  };
}
