/** @file From logits to probabilities, in double precision: large logits of a sure model do not all become 1. */

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** p(abnormal) of one film from T2's logits: σ((z_abn − z_nor)/2) with two units, σ(z) with one. */
export function abnormalProbability(logits: Float32Array): number {
  const [first = Number.NaN, second] = logits;
  return sigmoid(second === undefined ? first : (second - first) / 2);
}
