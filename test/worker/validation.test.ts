/** @file The best epoch: tasks with many labelled films decide, those with one positive film hardly. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import { isBetter, validate } from '../../main/worker/validation.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const SIDE = 2;
/** Findings: one with a single positive, one with half of twelve films. T2 follows the second. */
const films = Array.from({ length: 12 }, (_, index) => ({
  rare: index === 0 ? (1 as const) : (0 as const),
  common: index % 2 === 0 ? (1 as const) : (0 as const),
}));

async function filmSet(): Promise<FilmSet> {
  const image = join(tempFolder(), 'image');
  writeFileSync(image, new Uint8Array(SIDE * SIDE));
  const plan = films.map(({ rare, common }, index) => ({
    filmId: `film-${index}`,
    patient: `p-${index}`,
    part: 'validation' as const,
    image,
    t1: [rare, common],
    t2: common,
  }));
  return await FilmSet.load(plainVault(), plan, 2, SIDE);
}

/** Scores that rank a finding rightly, or the other way round. */
const column = (labels: readonly number[], right: boolean): Float64Array =>
  Float64Array.from(labels, (label) => (label === 1 ? 0.75 : 0.25)).map((score) =>
    right ? score : 1 - score,
  );

it('prefers the epoch that ranks the many films rightly', async () => {
  const set = await filmSet();
  const indices = set.part('validation');
  const epoch = (rareRight: boolean, commonRight: boolean) => {
    const rare = column(
      films.map((film) => film.rare),
      rareRight,
    );
    const common = column(
      films.map((film) => film.common),
      commonRight,
    );
    const logits = { t1: new Float32Array(2 * films.length), t2: new Float32Array(2 * films.length) };
    return validate(set, indices, { t1: [rare, common], t2: common, logits });
  };
  const onlyRare = epoch(true, false);
  const onlyCommon = epoch(false, true);
  expect(onlyRare.t1.value).toBe(0.5);
  expect(onlyCommon.t1.value).toBe(0.5);
  expect(isBetter(onlyCommon, onlyRare)).toBe(true);
  expect(isBetter(onlyRare, onlyCommon)).toBe(false);
  // weights: 1·11/13 for the rare finding, 6·6/13 each for the common one and T2
  expect(onlyRare.merit).toBeCloseTo(11 / (11 + 36 + 36), 12);
  expect(isBetter(onlyCommon, onlyCommon)).toBe(false);
});

it('goes by the loss where no AUROC is defined', () => {
  const epoch = (loss: number | null) => ({
    loss,
    t1: { value: null, k: 0, of: 1, perFinding: [null] },
    t2: null,
    merit: null,
  });
  expect(isBetter(epoch(0.5), epoch(0.6))).toBe(true);
  expect(isBetter(epoch(0.6), epoch(0.5))).toBe(false);
  expect(isBetter(epoch(null), epoch(null))).toBe(true);
  expect(isBetter(epoch(null), epoch(0.6))).toBe(false); // a diverged epoch
  expect(isBetter(epoch(0.6), epoch(null))).toBe(true);
  expect(isBetter({ ...epoch(9), merit: 0.4 }, epoch(0.1))).toBe(true);
});
