/**
 * @file One cached view of a film as bytes: teacher logits in f32, then the feature in f16. A shard is records of one
 * size, one after the other; keys, files and checks belong to the knowledge service.
 */
import type { FeatureKind } from '../methods/needs.ts';
import { tokenCount, type VitConfig } from '../vit/config.ts';
import { decodeHalf, encodeHalf, HALF_MAX } from './half.ts';

/** Sizes in bytes and counts in values of one record. Every record is a multiple of 4 bytes. */
export interface RecordLayout {
  readonly t1: number;
  readonly t2: number;
  /** Values of the feature: 0, N·D, or L·N·D. */
  readonly feature: number;
  readonly bytes: number;
}

/** Teacher knowledge of one view. */
export interface ViewKnowledge {
  /** Logits [K]. */
  readonly t1: Float32Array;
  /** Logits [U]. */
  readonly t2: Float32Array;
  /** [N, D] or [L, N, D], flat; null for none. */
  readonly feature: Float32Array | null;
}

/** A feature is too large for f16. */
export class KnowledgeRangeError extends Error {
  constructor(value: number) {
    super(
      `The teacher's features hold the value ${value.toPrecision(3)}, beyond what the cache can hold (${HALF_MAX}). ` +
        'Choose another teacher, or train this one anew with a lower learning rate; vanilla distillation takes no features.',
    );
    this.name = 'KnowledgeRangeError';
  }
}

/** A record of the logits, the feature of `kind`, or both. */
export function recordLayout(config: VitConfig, kind: FeatureKind, logits = true): RecordLayout {
  const each = tokenCount(config) * config.width;
  const feature = kind === 'none' ? 0 : each * (kind === 'blocks' ? config.depth : 1);
  const halves = Math.ceil(feature / 2) * 2;
  const [t1, t2] = logits ? [config.t1Units, config.t2Units] : [0, 0];
  return { t1, t2, feature, bytes: 4 * (t1 + t2) + 2 * halves };
}

function assertLength(what: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new RangeError(`${what} has ${actual} values, the record holds ${expected}.`);
}

/** Writes one record at `offset` of `shard` (a multiple of 4). @throws KnowledgeRangeError, RangeError */
export function writeRecord(
  shard: ArrayBuffer,
  offset: number,
  layout: RecordLayout,
  knowledge: ViewKnowledge,
): void {
  assertLength('t1', knowledge.t1.length, layout.t1);
  assertLength('t2', knowledge.t2.length, layout.t2);
  assertLength('the feature', knowledge.feature?.length ?? 0, layout.feature);
  const logits = new Float32Array(shard, offset, layout.t1 + layout.t2);
  logits.set(knowledge.t1);
  logits.set(knowledge.t2, layout.t1);
  if (knowledge.feature === null) return;
  const beyond = knowledge.feature.find((value) => !(Math.abs(value) <= HALF_MAX)); // NaN too
  if (beyond !== undefined) throw new KnowledgeRangeError(beyond);
  encodeHalf(knowledge.feature, new Uint16Array(shard, offset + 4 * (layout.t1 + layout.t2), layout.feature));
}

/** Reads one record at `offset` of `shard`. `target` is filled and returned as the feature where given. */
export function readRecord(
  shard: ArrayBuffer,
  offset: number,
  layout: RecordLayout,
  target?: Float32Array,
): ViewKnowledge {
  const logits = new Float32Array(shard, offset, layout.t1 + layout.t2);
  const halves = new Uint16Array(shard, offset + 4 * logits.length, layout.feature);
  return {
    t1: logits.slice(0, layout.t1),
    t2: logits.slice(layout.t1),
    feature: layout.feature === 0 ? null : decodeHalf(halves, target),
  };
}
