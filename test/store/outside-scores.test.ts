/** @file Rows of outside models: a score a film, with the labels as they are now, gone with their model. */
import { expect, it } from 'vitest';

import { openStore } from '../../main/store/store.ts';
import type { FilmId } from '../../shared/domain/ids.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { testClock } from '../helpers/temp-library.ts';

it('keeps scores apart by model and film, and refuses what is no probability', () => {
  const store = openStore(':memory:', { clock: testClock() });
  addFilms(store, [{ patient: 1, abnormal: true, labels: { Edema: true } }, { patient: 2 }]);
  const [first, second] = store.outsideScores.films();
  const model = {
    ...{ id: 'outside-0000000000000001', name: 'M', source: 'm.csv', runId: null, weightsSha256: null },
    ...{ findings: ['Edema', 'Hernia'], createdAt: 1 },
  };
  const { outsideScores: scores } = store;
  scores.addModel(model);
  expect(() => scores.addModel(model)).toThrow();
  scores.put(model.id, first?.no ?? 0, { t1: [0.5, null], t2: null });
  expect(() => scores.put(model.id, first?.no ?? 0, { t1: [0, 0], t2: 0 })).toThrow(); // once a film
  expect(() => scores.put(model.id, second?.no ?? 0, { t1: [0, 0], t2: 1.5 })).toThrow();
  expect(() => scores.put('outside-0000000000000002', second?.no ?? 0, { t1: [], t2: 1 })).toThrow();
  expect(scores.models()).toEqual([model]);
  expect(scores.find(model.id, first?.no ?? 0)).toEqual({ t1: [0.5, null], t2: null });
  expect(scores.ofFilm(first?.id as FilmId)).toEqual([{ modelId: model.id, t1: [0.5, null], t2: null }]);
  expect(scores.labelled(model.id, model.findings)).toMatchObject([
    { filmId: first?.id, abnormal: 1, labels: [1, null], t1: [0.5, null] },
  ]);
  scores.removeModel(model.id);
  expect([scores.models(), scores.ofFilm(first?.id as FilmId), store.check()]).toEqual([[], [], []]);
  store.close();
});
