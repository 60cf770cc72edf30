/**
 * @file What a frozen teacher says of every view of every training film, computed once and kept in f16 shards on disk.
 * Shards are written whole, so a build that was cut off goes on; index.json comes last. Reads are positional: a cache may
 * be larger than memory.
 */
import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';

import { writeFileAtomic } from '../files/atomic-write.ts';
import { errorCode } from '../files/disk.ts';
import type { ViewSettings } from '../numeric/augment/views.ts';
import {
  readRecord,
  recordLayout,
  writeRecord,
  type RecordLayout,
} from '../numeric/knowledge/view-record.ts';
import { featureOf } from '../numeric/methods/features.ts';
import type { FeatureKind } from '../numeric/methods/needs.ts';
import type { TeacherArrays } from '../numeric/train/micro-batch.ts';
import { forward } from '../numeric/vit/forward.ts';
import type { FilmSet } from './film-set.ts';
import type { LoadedModel } from './model-cache.ts';

/** Films of one shard: 5 MB of a ViT-Tiny's means. */
const SHARD_FILMS = 32;

export interface KnowledgeSettings {
  readonly dir: string;
  readonly key: string;
  readonly kind: FeatureKind;
  readonly views: number;
  /** The change of a film (by position) in a view; null = films as they are. */
  readonly view: ((film: number, view: number) => ViewSettings) | null;
  /** Films through the teacher at a time. */
  readonly batch: number;
  readonly resolution: number;
}

export interface KnowledgeSize {
  readonly films: number;
  readonly views: number;
  readonly bytes: number;
  readonly complete: boolean;
}

function shardFile(settings: KnowledgeSettings, view: number, shard: number): string {
  return join(settings.dir, `view-${String(view).padStart(2, '0')}-${String(shard).padStart(6, '0')}.bin`);
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** One shard's bytes: a record a film, in order. */
async function computeShard(
  teacher: LoadedModel,
  films: FilmSet,
  indices: Uint32Array,
  view: number,
  layout: RecordLayout,
  settings: KnowledgeSettings,
  between: () => Promise<void>,
): Promise<Uint8Array> {
  const shard = new ArrayBuffer(layout.bytes * indices.length);
  const { config, normalisation, parameters } = teacher;
  for (let start = 0; start < indices.length; start += settings.batch) {
    const chosen = indices.subarray(start, start + settings.batch);
    const change = settings.view;
    const { images } = films.microBatch(
      chosen,
      settings.resolution,
      change === null ? undefined : (film) => change(film, view),
    );
    tf.tidy(() => {
      const input = tf.tensor4d(images, [chosen.length, config.imageSize, config.imageSize, 1]);
      const result = forward(parameters, input, config, normalisation, { blocks: settings.kind !== 'none' });
      const t1 = result.t1.dataSync<'float32'>();
      const t2 = result.t2.dataSync<'float32'>();
      const feature = featureOf(settings.kind, result.blocks)?.dataSync<'float32'>() ?? null;
      chosen.forEach((_, row) =>
        writeRecord(shard, (start + row) * layout.bytes, layout, {
          t1: t1.slice(row * layout.t1, (row + 1) * layout.t1),
          t2: t2.slice(row * layout.t2, (row + 1) * layout.t2),
          feature: feature?.slice(row * layout.feature, (row + 1) * layout.feature) ?? null,
        }),
      );
    });
    await between();
  }
  return new Uint8Array(shard);
}

/**
 * Computes what is missing. `goOn` is asked between shards; false leaves the rest for another time.
 * @returns whether it is complete. @throws ServiceError DISK_FULL, KnowledgeRangeError
 */
export async function buildKnowledge(
  teacher: LoadedModel,
  films: FilmSet,
  indices: Uint32Array,
  settings: KnowledgeSettings,
  hooks: {
    readonly between: () => Promise<void>;
    readonly goOn: () => boolean;
    readonly onShard: (size: KnowledgeSize) => void;
  },
): Promise<boolean> {
  const layout = recordLayout(teacher.config, settings.kind);
  const { views } = settings;
  await mkdir(settings.dir, { recursive: true });
  let bytes = 0;
  for (let view = 0; view < views; view += 1) {
    for (let start = 0; start < indices.length; start += SHARD_FILMS) {
      if (!hooks.goOn()) return false;
      const chosen = indices.subarray(start, start + SHARD_FILMS);
      const file = shardFile(settings, view, start / SHARD_FILMS);
      if ((await sizeOf(file)) !== chosen.length * layout.bytes) {
        const shard = await computeShard(teacher, films, chosen, view, layout, settings, hooks.between);
        await writeFileAtomic(file, shard);
      }
      bytes += chosen.length * layout.bytes;
      hooks.onShard({ films: indices.length, views, bytes, complete: false });
    }
  }
  const index = {
    key: settings.key,
    feature: settings.kind,
    films: indices.length,
    views,
    recordBytes: layout.bytes,
  };
  await writeFileAtomic(join(settings.dir, 'index.json'), new TextEncoder().encode(JSON.stringify(index)));
  hooks.onShard({ films: indices.length, views, bytes, complete: true });
  return true;
}

/** Reads teacher outputs of films (by position in the set) in a view. `indices` as they were when it was built. */
export function knowledgeReader(
  teacher: LoadedModel,
  indices: Uint32Array,
  settings: KnowledgeSettings,
): (films: Uint32Array, view: number) => Promise<TeacherArrays> {
  const layout = recordLayout(teacher.config, settings.kind);
  const placeOf = new Map(Array.from(indices, (film, place) => [film, place]));
  return async (films, view) => {
    const t1 = new Float32Array(films.length * layout.t1);
    const t2 = new Float32Array(films.length * layout.t2);
    const feature = layout.feature === 0 ? null : new Float32Array(films.length * layout.feature);
    for (const [row, film] of films.entries()) {
      const place = placeOf.get(film);
      if (place === undefined) throw new Error(`no knowledge of the film at position ${film}`);
      const record = new ArrayBuffer(layout.bytes);
      const file = await open(shardFile(settings, view, Math.floor(place / SHARD_FILMS)), 'r');
      try {
        const at = (place % SHARD_FILMS) * layout.bytes;
        const { bytesRead } = await file.read(new Uint8Array(record), 0, layout.bytes, at);
        if (bytesRead !== layout.bytes) throw new Error('a shard of the knowledge cache is cut off');
      } finally {
        await file.close();
      }
      const known = readRecord(record, 0, layout);
      t1.set(known.t1, row * layout.t1);
      t2.set(known.t2, row * layout.t2);
      if (feature !== null && known.feature !== null) feature.set(known.feature, row * layout.feature);
    }
    return { t1, t2, feature };
  };
}
