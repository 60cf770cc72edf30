/** @file Predictions and attention grids kept in the library: rows for scores, immutable artifacts for the grids. */
import type { AttentionMap } from '../../../shared/contract/inference.ts';
import type { PredictionKey, PredictionRow, MapKey } from '../../store/predictions.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock } from '../service-types.ts';
import type { Predicted } from './inference-process.ts';

export interface CachedPrediction extends PredictionRow {
  /** In the order asked for; null = not computed yet. */
  readonly maps: readonly (AttentionMap | null)[];
}

const FLOAT_BYTES = 4;

/** Little-endian on every machine. @param values [grid · grid] */
function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * FLOAT_BYTES);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setFloat32(index * FLOAT_BYTES, value, true));
  return bytes;
}

function toValues(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / FLOAT_BYTES }, (_, index) =>
    view.getFloat32(index * FLOAT_BYTES, true),
  );
}

export function createPredictionCache({ store, files }: OpenLibrary, clock: Clock) {
  async function readMap(key: PredictionKey, map: MapKey): Promise<AttentionMap | null> {
    const row = store.predictions.findMap(key, map);
    if (row === null) return null;
    const bytes = await files.artifacts.read(row.valuesSha256).catch(() => null);
    if (bytes?.byteLength !== row.grid ** 2 * FLOAT_BYTES) return null; // lost: it is computed again
    const { method, head, target, grid, peak } = row;
    return { method, head, target, grid, peak, values: toValues(bytes) };
  }

  return {
    /** Null when the film was never predicted with these weights. */
    async find(key: PredictionKey, wanted: readonly MapKey[]): Promise<CachedPrediction | null> {
      const row = store.predictions.find(key);
      if (row === null) return null;
      return { ...row, maps: await Promise.all(wanted.map((map) => readMap(key, map))) };
    },
    /** Files first, then the rows that point at them. A library that is only read keeps nothing. */
    async put(
      key: PredictionKey,
      { t1, t2, seconds, attention }: Predicted,
      distance: number | null,
    ): Promise<void> {
      if (files.readOnly) return;
      const kept = await Promise.all(
        attention.map(async (map) => ({ map, file: await files.artifacts.put(toBytes(map.values)) })),
      );
      store.transaction(() => {
        store.predictions.put(key, { t1, t2, distance, seconds }, clock.now());
        for (const { map, file } of kept) {
          store.artifacts.add({ ...file, kind: 'attention' }, clock.now());
          const { method, head, target, grid, peak } = map;
          store.predictions.putMap(key, { method, head, target, grid, peak, valuesSha256: file.sha256 });
        }
      });
    },
  };
}
