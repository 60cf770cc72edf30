/**
 * @file Reads what a teacher says of films from its cache (see knowledge-cache.ts), in whichever thread: what a reader needs can be
 * sent to one. Nothing of the engine is loaded here.
 */
import { join } from 'node:path';

import type { FeatureKind } from '../numeric/methods/needs.ts';
import { openVault } from '../files/sealed-vault.ts';
import type { LibraryAccess } from '../files/vault.ts';
import { readRecord, type RecordLayout } from '../numeric/knowledge/view-record.ts';
import type { TeacherArrays } from '../numeric/train/micro-batch.ts';

/** Films of one shard: 5 MB of a ViT-Tiny's means. */
export const SHARD_FILMS = 32;

/** One cache as its readers need it. */
export interface KnowledgeShards {
  readonly dir: string;
  readonly feature: FeatureKind;
  readonly layout: RecordLayout;
}

/** A complete cache: plain values, so that it can be sent to a thread. */
export interface KnowledgeSource {
  /** The logits and at most one feature. */
  readonly parts: readonly KnowledgeShards[];
  /** Films by their positions in the set, in the order of the records. */
  readonly films: Uint32Array;
  readonly access: LibraryAccess | null;
}

export type KnowledgeReader = (films: Uint32Array, view: number) => Promise<TeacherArrays>;

export function shardFile(dir: string, view: number, shard: number): string {
  return join(dir, `view-${String(view).padStart(2, '0')}-${String(shard).padStart(6, '0')}.bin`);
}

/** Reads teacher outputs of films (by position in the set) in a view; memory holds those of the films that are asked for. */
export function knowledgeReader({ parts, films, access }: KnowledgeSource): KnowledgeReader {
  const vault = openVault(access);
  const placeOf = new Map(Array.from(films, (film, place) => [film, place]));
  const most = (of: (layout: RecordLayout) => number) =>
    Math.max(0, ...parts.map(({ layout }) => of(layout)));
  const each = {
    t1: most(({ t1 }) => t1),
    t2: most(({ t2 }) => t2),
    feature: most(({ feature }) => feature),
  };

  async function record({ dir, layout }: KnowledgeShards, view: number, place: number): Promise<ArrayBuffer> {
    const bytes = new ArrayBuffer(layout.bytes);
    const path = shardFile(dir, view, Math.floor(place / SHARD_FILMS));
    const read = await vault.readAt(path, (place % SHARD_FILMS) * layout.bytes, new Uint8Array(bytes));
    if (read !== layout.bytes) throw new Error('a shard of the knowledge cache is cut off');
    return bytes;
  }

  return async (asked, view) => {
    const t1 = new Float32Array(asked.length * each.t1);
    const t2 = new Float32Array(asked.length * each.t2);
    const feature = each.feature === 0 ? null : new Float32Array(asked.length * each.feature);
    const row = async (film: number, at: number): Promise<void> => {
      const place = placeOf.get(film);
      if (place === undefined) throw new Error(`no knowledge of the film at position ${film}`);
      for (const part of parts) {
        const { layout } = part;
        const target = feature?.subarray(at * each.feature, (at + 1) * each.feature);
        const known = readRecord(await record(part, view, place), 0, layout, target);
        if (layout.t1 > 0) t1.set(known.t1, at * each.t1);
        if (layout.t2 > 0) t2.set(known.t2, at * each.t2);
      }
    };
    // All at once: the disk and the ciphers of an encrypted library work beside one another.
    await Promise.all(Array.from(asked, row));
    return { t1, t2, feature };
  };
}
