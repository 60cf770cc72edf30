/** @file AUROC of weighted films: sorted once, then one pass over counts for each replicate of a bootstrap. */
import { checkScores } from './binary-scores.ts';

/** One binary task of a system. */
export interface BinaryTask {
  /** One a film: 0, 1, or null where unknown (left out). */
  readonly labels: readonly (0 | 1 | null)[];
  /** One a film. */
  readonly scores: ArrayLike<number>;
}

/**
 * Known films by rising score, negatives first among equal scores, cut into blocks of negatives and then positives, so that
 * a replicate sums counts without looking at a label.
 */
export interface SortedTask {
  readonly films: Uint32Array;
  /** End (exclusive) of the negatives and of the positives of each block. */
  readonly negativeEnds: Uint32Array;
  readonly positiveEnds: Uint32Array;
  /** What a block's positives win over its own negatives: 1 where they lie above, ½ where scores are equal. */
  readonly shares: Float64Array;
}

interface Block {
  negativeEnd: number;
  positiveEnd: number;
  readonly share: number;
}

/** @throws MetricsError when a label or score of a known film is none */
export function sortTask({ labels, scores }: BinaryTask): SortedTask {
  const known = Uint32Array.from(labels.keys()).filter((film) => labels[film] !== null);
  checkScores({
    labels: Array.from(known, (film) => labels[film] ?? 0),
    scores: Array.from(known, (film) => scores[film] ?? Number.NaN),
  });
  const films = known.sort(
    (a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || (labels[a] ?? 0) - (labels[b] ?? 0),
  );
  const blocks: Block[] = [];
  let start = 0;
  while (start < films.length) {
    const score = scores[films[start] ?? 0];
    let end = start;
    let negativeEnd = start;
    for (; end < films.length && scores[films[end] ?? 0] === score; end += 1) {
      if (labels[films[end] ?? 0] === 0) negativeEnd = end + 1;
    }
    append(blocks, start, negativeEnd, end);
    start = end;
  }
  return {
    films,
    negativeEnds: Uint32Array.from(blocks, (block) => block.negativeEnd),
    positiveEnds: Uint32Array.from(blocks, (block) => block.positiveEnd),
    shares: Float64Array.from(blocks, (block) => block.share),
  };
}

/** Adds the films of one score: to the last block where that changes no comparison, else as a block of its own. */
function append(blocks: Block[], start: number, negativeEnd: number, end: number): void {
  const last = blocks.at(-1);
  const onlyPositive = negativeEnd === start;
  const onlyNegative = negativeEnd === end;
  if (last?.share === 1 && onlyPositive) {
    last.positiveEnd = end;
  } else if (last?.share === 1 && onlyNegative && last.positiveEnd === last.negativeEnd) {
    last.negativeEnd = end;
    last.positiveEnd = end;
  } else {
    blocks.push({ negativeEnd, positiveEnd: end, share: onlyPositive || onlyNegative ? 1 : 0.5 });
  }
}

/** AUROC when film f occurs `counts[f]` times; NaN when a class is absent. Sums of whole and half numbers: exact. */
export function countedAuroc(task: SortedTask, counts: Uint16Array): number {
  const { films, negativeEnds, positiveEnds, shares } = task;
  let negatives = 0;
  let positives = 0;
  let wins = 0;
  let position = 0;
  for (let block = 0; block < shares.length; block += 1) {
    let below = 0;
    for (const end = negativeEnds[block] as number; position < end; position += 1) {
      below += counts[films[position] as number] as number;
    }
    let above = 0;
    for (const end = positiveEnds[block] as number; position < end; position += 1) {
      above += counts[films[position] as number] as number;
    }
    wins += above * (negatives + below * (shares[block] as number));
    negatives += below;
    positives += above;
  }
  return positives === 0 || negatives === 0 ? Number.NaN : wins / (positives * negatives);
}
