/**
 * @file What a frozen teacher says of every view of every training film, computed once and kept in shards on disk: its logits
 * in one cache, each feature that a method compares in one of its own, so that all students of a teacher share them.
 * Shards are written whole, so a build that was cut off goes on; index.json comes last. How they are read: knowledge-reader.ts.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';

import { errorCode } from '../../shared/domain/disk-error.ts';
import type { FeaturePoint } from '../../shared/domain/recipe.ts';
import type { LibraryVault } from '../files/vault.ts';
import type { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import {
  recordLayout,
  writeRecord,
  type RecordLayout,
  type ViewKnowledge,
} from '../numeric/knowledge/view-record.ts';
import type { FeatureKind } from '../numeric/methods/needs.ts';
import type { VitConfig } from '../numeric/vit/config.ts';
import { knowledgeOf } from '../numeric/knowledge/knowledge-of.ts';
import type { FilmInputs } from './input-feed.ts';
import { SHARD_FILMS, shardFile, type KnowledgeSource } from './knowledge-reader.ts';
import { microParts } from './micro-parts.ts';
import type { LoadedModel } from './model-cache.ts';
import type { InputView } from './model-input.ts';
import { oneAhead } from './one-ahead.ts';
import { SmallerPieces } from './smaller-pieces.ts';

/** One cache: the logits (`none`) or one feature. */
export interface KnowledgePart {
  readonly key: string;
  readonly dir: string;
  readonly feature: FeatureKind;
  readonly point: FeaturePoint;
}

export interface KnowledgeSettings {
  /** The logits and at most one feature. */
  readonly parts: readonly KnowledgePart[];
  readonly views: number;
  /** Films change from view to view; false = they are as they are. */
  readonly augmented: boolean;
  /** Films through the teacher at a time, fewer where memory runs out. */
  readonly batch: number;
  readonly functions: CompiledFunctions;
  readonly vault: LibraryVault;
}

export interface KnowledgeSize {
  readonly key: string;
  readonly feature: FeatureKind;
  readonly films: number;
  readonly views: number;
  readonly bytes: number;
  readonly complete: boolean;
}

export interface KnowledgeHooks {
  /** Awaited after each batch, with its films; what it throws ends the build, whose whole shards stay. */
  readonly between: (films: number) => Promise<void>;
  /** Films of a shard that is there already: they need no work. */
  readonly onKnown: (films: number) => void;
  readonly onShard: (size: KnowledgeSize) => void;
}

const layoutOf = (config: VitConfig, { feature }: KnowledgePart): RecordLayout =>
  recordLayout(config, feature, feature === 'none');

async function sizeOf(vault: LibraryVault, path: string): Promise<number | null> {
  try {
    return await vault.size(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What the teacher says of a batch, cut into one record a film for `part`. */
function recordsOf(
  part: KnowledgePart,
  layout: RecordLayout,
  answers: { readonly t1: Float32Array; readonly t2: Float32Array; readonly feature: Float32Array | null },
  film: number,
): ViewKnowledge {
  const cut = (values: Float32Array, each: number) => values.slice(film * each, (film + 1) * each);
  const feature =
    part.feature === 'none' || answers.feature === null ? null : cut(answers.feature, layout.feature);
  return { t1: cut(answers.t1, layout.t1), t2: cut(answers.t2, layout.t2), feature };
}

/** One shard of each of `parts`: a record a film, in order. */
async function computeShards(
  teacher: LoadedModel,
  inputs: FilmInputs,
  indices: Uint32Array,
  view: number,
  parts: readonly KnowledgePart[],
  settings: KnowledgeSettings,
  pieces: SmallerPieces,
  between: KnowledgeHooks['between'],
): Promise<readonly Uint8Array[]> {
  const { config, normalisation, parameters } = teacher;
  const layouts = parts.map((part) => layoutOf(config, part));
  const shards = layouts.map(({ bytes }) => new ArrayBuffer(bytes * indices.length));
  const { feature, point } = parts.find((part) => part.feature !== 'none') ?? {
    feature: 'none',
    point: 'block',
  };
  const answered = (pixels: Float32Array, count: number, start: number): void => {
    const images = tf.tensor4d(pixels, [count, config.imageSize, config.imageSize, 1]);
    try {
      const key = `knowledge ${JSON.stringify([config, normalisation, count, feature, point])}`;
      const made = settings.functions.run(key, { ...Object.fromEntries(parameters), images }, () =>
        knowledgeOf({ parameters, images }, config, normalisation, feature, point),
      );
      const { t1, t2, feature: compared = null } = made;
      if (t1 === undefined || t2 === undefined) throw new Error('the teacher gave no logits');
      const answers = { t1, t2, feature: compared };
      parts.forEach((part, index) => {
        const layout = layouts[index] as RecordLayout;
        const shard = shards[index] as ArrayBuffer;
        for (let film = 0; film < count; film += 1) {
          const record = recordsOf(part, layout, answers, film);
          writeRecord(shard, (start + film) * layout.bytes, layout, record);
        }
      });
    } finally {
      images.dispose();
    }
  };
  const area = config.imageSize ** 2;
  const makeImages = (chosen: Uint32Array) => inputs.images(chosen, settings.augmented ? view : null);
  let start = 0;
  for await (const { item, made } of oneAhead(microParts(indices, pieces.most), makeImages)) {
    const first = start;
    pieces.each(item.length, (from, to) =>
      answered(made.slice(from * area, to * area), to - from, first + from),
    );
    start += item.length;
    await between(item.length);
  }
  return shards.map((shard) => new Uint8Array(shard));
}

/** Writes the index of a complete cache: it says what the shards hold. */
async function writeIndex(
  vault: LibraryVault,
  part: KnowledgePart,
  recordBytes: number,
  films: number,
  views: number,
): Promise<void> {
  const { key, feature, point } = part;
  const index = { key, feature, point, films, views, recordBytes };
  await vault.write(join(part.dir, 'index.json'), new TextEncoder().encode(JSON.stringify(index)));
}

/** What the teacher gets of a film of `size` × `size` pixels. */
export function teacherInput({ imageSize }: VitConfig, size: number): InputView {
  return { resolution: size, side: imageSize, reduce: 'area', upsample: 'bilinear' };
}

/**
 * Computes what is missing of every part, all of a shard's in one pass; `inputs` as of `teacherInput`.
 * @throws ServiceError DISK_FULL, OUT_OF_MEMORY; KnowledgeRangeError
 */
export async function buildKnowledge(
  teacher: LoadedModel,
  inputs: FilmInputs,
  indices: Uint32Array,
  settings: KnowledgeSettings,
  { between, onKnown, onShard }: KnowledgeHooks,
): Promise<void> {
  const { parts, views, vault } = settings;
  const bytes = parts.map(() => 0);
  const pieces = new SmallerPieces(settings.batch);
  const tell = (complete: boolean) =>
    parts.forEach(({ key, feature }, index) =>
      onShard({ key, feature, films: indices.length, views, bytes: bytes[index] ?? 0, complete }),
    );
  for (const { dir } of parts) await mkdir(dir, { recursive: true });
  for (let view = 0; view < views; view += 1) {
    for (let start = 0; start < indices.length; start += SHARD_FILMS) {
      const chosen = indices.subarray(start, start + SHARD_FILMS);
      const shard = start / SHARD_FILMS;
      const missing: KnowledgePart[] = [];
      for (const [index, part] of parts.entries()) {
        const size = chosen.length * layoutOf(teacher.config, part).bytes;
        bytes[index] = (bytes[index] ?? 0) + size;
        if ((await sizeOf(vault, shardFile(part.dir, view, shard))) !== size) missing.push(part);
      }
      if (missing.length > 0) {
        const made = await computeShards(teacher, inputs, chosen, view, missing, settings, pieces, between);
        for (const [index, part] of missing.entries()) {
          await vault.write(shardFile(part.dir, view, shard), made[index] ?? new Uint8Array());
        }
      } else onKnown(chosen.length);
      tell(false);
    }
  }
  for (const part of parts)
    await writeIndex(vault, part, layoutOf(teacher.config, part).bytes, indices.length, views);
  tell(true);
}

/** How the cache of `indices`, as they were when it was built, is read. */
export function knowledgeSource(
  { config }: Pick<LoadedModel, 'config'>,
  indices: Uint32Array,
  { parts, vault }: Pick<KnowledgeSettings, 'parts' | 'vault'>,
): KnowledgeSource {
  const shards = parts.map((part) => ({
    dir: part.dir,
    feature: part.feature,
    layout: layoutOf(config, part),
  }));
  return { parts: shards, films: indices, access: vault.access };
}
