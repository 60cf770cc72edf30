/** @file What a run keeps of its training films' likeness: where the fit lies, its limit, or why there is none. */
import type { RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

interface Common {
  /** The final weights that it was fitted with. */
  readonly weightsSha256: string;
  readonly trainFilms: number;
  readonly validationFilms: number;
}

export interface FittedLikeness extends Common {
  /** Relative to the run's folder. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** `quantile` (0…1) of films like the validation films are nearer than `limit`. */
  readonly limit: number;
  readonly quantile: number;
  readonly reason: null;
}

export interface UnfittedLikeness extends Common {
  readonly file: null;
  /** A whole sentence. */
  readonly reason: string;
}

export type LikenessRow = FittedLikeness | UnfittedLikeness;

export type LikenessStore = ReturnType<typeof createLikenessStore>;

export function createLikenessStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO run_likeness (run_id, weights_sha256, file, sha256, bytes, train_films, validation_films, distance_limit,
       quantile, reason, created_at)
     VALUES (@runId, @weightsSha256, @file, @sha256, @bytes, @trainFilms, @validationFilms, @limit, @quantile, @reason, @now)
     ON CONFLICT (run_id) DO UPDATE SET weights_sha256 = excluded.weights_sha256, file = excluded.file,
       sha256 = excluded.sha256, bytes = excluded.bytes, train_films = excluded.train_films,
       validation_films = excluded.validation_films, distance_limit = excluded.distance_limit,
       quantile = excluded.quantile, reason = excluded.reason, created_at = excluded.created_at`,
  );
  const find = db.prepare<[string], LikenessRow>(
    `SELECT weights_sha256 AS weightsSha256, file, sha256, bytes, train_films AS trainFilms,
       validation_films AS validationFilms, distance_limit AS "limit", quantile, reason
     FROM run_likeness WHERE run_id = ?`,
  );
  return {
    /** One row a run: a run that is scored again is fitted again. */
    put(runId: RunId, row: LikenessRow, now: number): void {
      const none = { sha256: null, bytes: null, limit: null, quantile: null };
      put.run({ ...none, ...row, runId, now });
    },
    /** Null for a run of a version that did not fit it, or that was not scored yet. */
    find: (runId: RunId): LikenessRow | null => find.get(runId) ?? null,
  };
}
