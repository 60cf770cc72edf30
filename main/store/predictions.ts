/** @file Cached predictions and attention maps: scores as a row, each map's grid as an artifact. */
import type { AttentionMap } from '../../shared/contract/inference.ts';
import type { FilmId, RunId } from '../../shared/domain/ids.ts';
import type { Db } from './connection.ts';

/** What a prediction depends on. */
export interface PredictionKey {
  readonly runId: RunId;
  readonly filmId: FilmId;
  readonly weightsSha256: string;
}

export interface PredictionRow {
  /** Probabilities in the order of the run's findings. */
  readonly t1: readonly number[];
  readonly t2: number;
  /** From the training films of the run; null = its model has none fitted, or it was predicted before there was one. */
  readonly distance: number | null;
  readonly seconds: number;
}

export type MapKey = Pick<AttentionMap, 'method' | 'head' | 'target'>;

export interface MapRow extends MapKey {
  readonly grid: number;
  readonly peak: number;
  /** Artifact of grid² little-endian 32-bit floats. */
  readonly valuesSha256: string;
}

export type PredictionStore = ReturnType<typeof createPredictionStore>;

export function createPredictionStore(db: Db) {
  const put = db.prepare(
    `INSERT INTO predictions (run_id, film_id, weights_sha256, t1, t2, distance, seconds, created_at)
     VALUES (@runId, @filmId, @weightsSha256, @t1, @t2, @distance, @seconds, @now)
     ON CONFLICT DO UPDATE SET distance = coalesce(excluded.distance, distance)`,
  );
  const find = db.prepare<
    [PredictionKey],
    { t1: string; t2: number; distance: number | null; seconds: number }
  >(
    `SELECT t1, t2, distance, seconds FROM predictions
     WHERE run_id = @runId AND film_id = @filmId AND weights_sha256 = @weightsSha256`,
  );
  const putMap = db.prepare(
    `INSERT INTO attention_maps (run_id, film_id, weights_sha256, method, head, target, grid, peak, values_sha256)
     VALUES (@runId, @filmId, @weightsSha256, @method, @head, @target, @grid, @peak, @valuesSha256)
     ON CONFLICT DO NOTHING`,
  );
  const findMap = db.prepare<
    [PredictionKey & { method: string; head: number; target: string }],
    { grid: number; peak: number; valuesSha256: string }
  >(
    `SELECT grid, peak, values_sha256 AS valuesSha256 FROM attention_maps
     WHERE run_id = @runId AND film_id = @filmId AND weights_sha256 = @weightsSha256
       AND method = @method AND head = @head AND target = @target`,
  );
  const keyed = ({ method, head, target }: MapKey) => ({ method, head: head ?? -1, target: target ?? '' });

  return {
    /** The same key twice is one row: the same weights give the same scores. A distance that was not known before is added. */
    put: (key: PredictionKey, row: PredictionRow, now: number): void =>
      void put.run({ ...key, ...row, t1: JSON.stringify(row.t1), now }),
    find(key: PredictionKey): PredictionRow | null {
      const row = find.get(key);
      return row === undefined ? null : { ...row, t1: JSON.parse(row.t1) as number[] };
    },
    /** Its prediction and its artifact must be there. */
    putMap: (key: PredictionKey, map: MapRow): void => void putMap.run({ ...key, ...map, ...keyed(map) }),
    findMap(key: PredictionKey, map: MapKey): MapRow | null {
      const row = findMap.get({ ...key, ...keyed(map) });
      return row === undefined ? null : { ...map, ...row };
    },
  };
}
