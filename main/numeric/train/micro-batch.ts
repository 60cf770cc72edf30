/** @file One micro-batch as plain arrays and as tensors, and the denominators of the effective batch it belongs to. */
import * as tf from '@tensorflow/tfjs-core';

import type { BatchTotals, LabelTensors, TeacherTensors } from '../methods/joint-loss.ts';
import type { FeatureKind } from '../methods/needs.ts';
import type { VitConfig } from '../vit/config.ts';

/** Teacher outputs of b films. */
export interface TeacherArrays {
  /** [b, K]. */
  readonly t1: Float32Array;
  /** [b, U]. */
  readonly t2: Float32Array;
  /** [b, N, D] or [b, L, N, D] as the method's feature kind says, N the teacher's tokens; null for none. */
  readonly feature: Float32Array | null;
}

/** Plain arrays of one micro-batch of b films; labels NaN where unknown. */
export interface MicroBatch {
  readonly films: number;
  /** Grey films [b, S, S, 1], 0..1. */
  readonly images: Float32Array;
  /** [b, K]. */
  readonly t1: Float32Array;
  /** [b], 1 = abnormal. */
  readonly t2: Float32Array;
  readonly teacher: TeacherArrays | null;
}

/** Counts over the whole effective batch. */
export interface BatchCounts {
  readonly films: number;
  readonly t1Known: number;
  readonly t2Known: number;
}

/** Everything one micro-batch feeds into the step, as tensors. */
export interface MicroTensors {
  readonly images: tf.Tensor4D;
  readonly labels: LabelTensors;
  readonly teacher: TeacherTensors | null;
  readonly totals: BatchTotals;
}

function known(values: Float32Array): number {
  let count = 0;
  for (const value of values) if (!Number.isNaN(value)) count += 1;
  return count;
}

export function batchCounts(microBatches: readonly MicroBatch[]): BatchCounts {
  return {
    films: microBatches.reduce((sum, batch) => sum + batch.films, 0),
    t1Known: microBatches.reduce((sum, batch) => sum + known(batch.t1), 0),
    t2Known: microBatches.reduce((sum, batch) => sum + known(batch.t2), 0),
  };
}

function masked(values: Float32Array): { readonly filled: Float32Array; readonly mask: Float32Array } {
  return {
    filled: values.map((value) => (Number.isNaN(value) ? 0 : value)),
    mask: values.map((value) => (Number.isNaN(value) ? 0 : 1)),
  };
}

function teacherTensors(batch: MicroBatch, config: VitConfig, kind: FeatureKind): TeacherTensors | null {
  const { teacher, films } = batch;
  if (teacher === null) return null;
  const { depth, width, t1Units, t2Units } = config;
  // The teacher's tokens: a student may have fewer.
  const shape = kind === 'blocks' ? [films, depth, -1, width] : [films, -1, width];
  return {
    t1: tf.tensor2d(teacher.t1, [films, t1Units]),
    t2: tf.tensor2d(teacher.t2, [films, t2Units]),
    feature:
      kind === 'none' || teacher.feature === null ? null : tf.reshape(tf.tensor1d(teacher.feature), shape),
  };
}

/** Tensors of one micro-batch. Call inside `tf.tidy`. Throws when an array's length does not fit the model. */
export function microTensors(
  batch: MicroBatch,
  counts: BatchCounts,
  config: VitConfig,
  kind: FeatureKind,
): MicroTensors {
  const { films } = batch;
  const { imageSize, t1Units } = config;
  const t1 = masked(batch.t1);
  const t2 = masked(batch.t2);
  return {
    images: tf.tensor4d(batch.images, [films, imageSize, imageSize, 1]),
    labels: {
      t1: tf.tensor2d(t1.filled, [films, t1Units]),
      t1Mask: tf.tensor2d(t1.mask, [films, t1Units]),
      t2: tf.tensor1d(t2.filled),
      t2Mask: tf.tensor1d(t2.mask),
    },
    teacher: teacherTensors(batch, config, kind),
    totals: {
      share: tf.scalar(films / counts.films),
      t1Known: tf.scalar(Math.max(counts.t1Known, 1)),
      t2Known: tf.scalar(Math.max(counts.t2Known, 1)),
    },
  };
}

/** Every tensor of a micro-batch by a name of its own. */
export function namedTensors({ images, labels, teacher, totals }: MicroTensors): Map<string, tf.Tensor> {
  const all: [string, tf.Tensor][] = [
    ['images', images],
    ...Object.entries(labels as unknown as Record<string, tf.Tensor>),
    ...Object.entries(totals as unknown as Record<string, tf.Tensor>),
  ];
  if (teacher !== null) {
    all.push(['teacher-t1', teacher.t1], ['teacher-t2', teacher.t2]);
    if (teacher.feature !== null) all.push(['teacher-feature', teacher.feature]);
  }
  return new Map(all);
}

/** The rows of `films` films out of those of a batch of `from`, again from the first where it has too few. */
export function resizedRows<A extends Float32Array | Int32Array>(values: A, from: number, films: number): A {
  const each = values.length / from;
  const Rows = values.constructor as new (length: number) => A;
  return new Rows(films * each).map((_, at) => values[at % values.length] ?? 0) as A;
}

/** The films `from` … `to` − 1 of a batch; views. */
export function batchRows(batch: MicroBatch, from: number, to: number): MicroBatch {
  const cut = (values: Float32Array) => {
    const each = values.length / batch.films;
    return values.subarray(from * each, to * each);
  };
  const { teacher } = batch;
  return {
    films: to - from,
    images: cut(batch.images),
    t1: cut(batch.t1),
    t2: cut(batch.t2),
    teacher: teacher && {
      t1: cut(teacher.t1),
      t2: cut(teacher.t2),
      feature: teacher.feature && cut(teacher.feature),
    },
  };
}

/** `films` films out of a batch, some of them again where it has too few. */
export function resizedBatch(batch: MicroBatch, films: number): MicroBatch {
  const fit = (values: Float32Array) => resizedRows(values, batch.films, films);
  const { teacher } = batch;
  return {
    films,
    images: fit(batch.images),
    t1: fit(batch.t1),
    t2: fit(batch.t2),
    teacher: teacher && {
      t1: fit(teacher.t1),
      t2: fit(teacher.t2),
      feature: teacher.feature && fit(teacher.feature),
    },
  };
}
