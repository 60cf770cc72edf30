/** @file Fields of the film that the features are averaged over. */

const A_SIDE = 3;
/** Features F are this many times the model's width. */
export const LIKENESS_FIELDS = A_SIDE ** 2;
