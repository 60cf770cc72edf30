/** @file What is done where memory runs out: what is tried next, in which order, and that no film is left out or taken twice. */
import { describe, expect, it } from 'vitest';

import { OutOfMemoryError } from '../../main/numeric/engine/out-of-memory.ts';
import type { StepMeasurements } from '../../main/numeric/train/train-step.ts';
import { shrinkingSteps, type StepSize } from '../../main/worker/shrinking-steps.ts';
import { SmallerPieces } from '../../main/worker/smaller-pieces.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';

interface Films {
  readonly films: number;
  readonly first: number;
}

const DONE: StepMeasurements = { loss: 1, gradNorm: 1, terms: [] };
const SETTINGS = { learningRate: 1e-3, weightDecay: 0, clipNorm: null, emaDecay: null, emaWarmup: false };

/** Steps that succeed where `fits` says so. */
function stepsWhere(fits: (size: StepSize) => boolean) {
  const told: StepSize[] = [];
  const taken: Films[][] = [];
  let givenBack = 0;
  const steps = shrinkingSteps<Films>({
    work: { rows: ({ first }, from, to) => ({ films: to - from, first: first + from }) },
    size: { microBatch: 5, recompute: false },
    stepsOf: (size) => ({
      step(batches) {
        if (!fits(size)) return Promise.reject(new OutOfMemoryError(null));
        taken.push([...batches]);
        return Promise.resolve(DONE);
      },
      giveBack: () => (givenBack += 1),
      dispose: () => undefined,
    }),
    onShrink: (size) => told.push(size),
  });
  const batches = [
    { films: 5, first: 0 },
    { films: 2, first: 5 },
  ];
  return { step: () => steps.step(batches, SETTINGS), told, taken, givenBack: () => givenBack };
}

const rows = (batches: readonly Films[] | undefined): number[] =>
  (batches ?? []).flatMap(({ films, first }) => Array.from({ length: films }, (_, at) => first + at));

describe('steps', () => {
  it('halve their micro-batches, every film once, and stay at what fits', async () => {
    const tried = stepsWhere(({ microBatch }) => microBatch <= 2);
    expect(await tried.step()).toBe(DONE);
    expect(tried.told.map(({ microBatch }) => microBatch)).toEqual([3, 2]);
    expect(tried.givenBack()).toBe(2); // the state has its values before the next is tried
    expect(tried.taken[0]?.map(({ films }) => films)).toEqual([2, 2, 1, 2]);
    expect(rows(tried.taken[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await tried.step();
    expect(tried.told).toHaveLength(2);
  });

  it('compute again what is not kept only where one film at once is too many', async () => {
    const tried = stepsWhere(({ recompute }) => recompute);
    await tried.step();
    expect(tried.told.map(({ microBatch, recompute }) => [microBatch, recompute])).toEqual([
      [3, false],
      [2, false],
      [1, false],
      [1, true],
    ]);
    expect(rows(tried.taken[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('end with a sentence where nothing helps', async () => {
    const failed = await stepsWhere(() => false)
      .step()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ServiceError);
    expect(failed).toMatchObject({ code: 'OUT_OF_MEMORY' });
  });

  it('leave other failures alone', async () => {
    const tried = stepsWhere(() => {
      throw new TypeError('other');
    });
    await expect(tried.step()).rejects.toThrow(TypeError);
    expect(tried.told).toEqual([]);
  });
});

describe('pieces', () => {
  /** What `pieces` of seven films are done where more than `most` are too many. */
  function doneWith(most: number, pieces: SmallerPieces): number[][] {
    const done: number[][] = [];
    pieces.each(7, (from, to) => {
      if (to - from > most) throw new OutOfMemoryError(null);
      done.push([from, to]);
    });
    return done;
  }

  it('become smaller, cover every film once and stay small', () => {
    const pieces = new SmallerPieces(7);
    expect(doneWith(2, pieces)).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 7],
    ]);
    expect(pieces.most).toBe(2);
  });

  it('are one where all fit', () => {
    expect(doneWith(7, new SmallerPieces(7))).toEqual([[0, 7]]);
  });

  it('end with a sentence where one film is too many, and with anything else at once', () => {
    expect(() => doneWith(0, new SmallerPieces(7))).toThrow('The memory does not suffice');
    let calls = 0;
    const fail = (): void => {
      calls += 1;
      throw new RangeError('other');
    };
    expect(() => new SmallerPieces(4).each(4, fail)).toThrow(RangeError);
    expect(calls).toBe(1);
  });
});
