/** @file What several readers said becomes labels: by majority, any, all, or their share; metrics always get 0, 1 or unknown. */
import { expect, it } from 'vitest';

import { labelledFilms } from '../../../main/services/library/labelled-films.ts';
import type { SplitId } from '../../../shared/domain/ids.ts';
import type { LabelRule } from '../../../shared/domain/recipe.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempLibrary } from '../../helpers/temp-library.ts';

const FINDINGS = ['Edema', 'Nodule/Mass'];

/** One training film that three readers read, one that nobody read twice, and a test film that two disagree on. */
async function films(rule: LabelRule) {
  const { library } = await tempLibrary();
  const { store } = library;
  addFilms(store, [
    { patient: 1, abnormal: true, labels: { Edema: true, 'Nodule/Mass': false } },
    { patient: 2, abnormal: false, labels: { Edema: false } },
    { patient: 3, abnormal: null, labels: {} },
  ]);
  const splitId = 'split-00000001' as SplitId;
  const candidates = store.splits.candidates();
  const members = new Map(
    candidates.map(({ patientNo }, index) => [patientNo, index < 2 ? ('train' as const) : ('test' as const)]),
  );
  store.splits.insert(
    { id: splitId, name: 'Split', seed: 1, createdAt: 1, request: {}, warnings: [] },
    members,
    candidates,
  );
  const [read, , disputed] = candidates.map(({ id }) => store.films.find(id));
  const reading = (reader: string, edema: boolean, nodule: boolean, normal: boolean) => ({
    reader,
    labels: new Map<string, boolean | null>([
      ['Edema', edema],
      ['Nodule/Mass', nodule],
      ['No finding', normal],
    ]),
  });
  store.readings.setReadings(read?.no ?? 0, [
    reading('R1', true, false, false),
    reading('R2', true, true, false),
    reading('R3', false, false, true),
  ]);
  store.readings.setReadings(disputed?.no ?? 0, [
    reading('R1', true, false, false),
    reading('R2', false, false, true),
  ]);
  expect(store.readings.filmsReadTwice()).toBe(2);
  const byId = new Map(labelledFilms(store, splitId, FINDINGS, rule).map((film) => [film.filmId, film]));
  return [read, disputed].map((film) => byId.get(film?.id as never));
}

it.each([
  ['any', [1, 1], 1, [1, 1], 1, [1, 0], 1],
  ['all', [0, 0], 0, [0, 0], 0, [0, 0], 0],
  // Shares are for the loss of training films; metrics keep the majority, and a tie is unknown.
  ['mean', [1, 0], 1, [2 / 3, 1 / 3], 2 / 3, [null, 0], null],
] as const)('%s', async (rule, labels, abnormal, t1, t2, disputedLabels, disputedAbnormal) => {
  const [read, disputed] = await films(rule);
  expect(read).toMatchObject({ labels, abnormal, targets: { t1, t2 } });
  expect(disputed).toMatchObject({
    labels: disputedLabels,
    abnormal: disputedAbnormal,
    targets: { t1: disputedLabels, t2: disputedAbnormal },
  });
});

it('majority is what was imported', async () => {
  const [read] = await films('majority');
  expect(read).toMatchObject({ labels: [1, 0], abnormal: 1, targets: { t1: [1, 0], t2: 1 } });
});
