/** @file Setting a review session up: each reader's own order, and nothing made when something is missing. */
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { orderFor, startReview, type ReviewRequest } from '../../../main/services/review/start-review.ts';
import { openStore, type Store } from '../../../main/store/store.ts';
import { reviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReaderId, RunId } from '../../../shared/domain/ids.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../../helpers/temp-library.ts';

const A = 'reader-00000000000a' as ReaderId;
const B = 'reader-00000000000b' as ReaderId;
const plan = reviewPlan.parse({
  findings: ['Edema'],
  questions: [],
  blinding: 'hidden',
  runId: null,
  timed: false,
  seed: 7,
});

function openReaders(): { readonly store: Store; readonly request: ReviewRequest } {
  const store = openStore(join(tempFolder(), 'library.db'), { clock: testClock() });
  onTestFinished(() => store.close());
  const films = addFilms(
    store,
    Array.from({ length: 30 }, (_, patient) => ({ patient })),
  );
  for (const id of [A, B]) {
    store.readers.add({ id, name: id, role: 'reader', pinHash: null, createdAt: 1 });
  }
  return { store, request: { name: 'Round', plan, readers: [A, B], films } };
}

describe('starting a review session', () => {
  it('gives every reader all films once, each in another order that the seed decides', () => {
    const { store, request } = openReaders();
    const twice = { ...request, readers: [A, B, A], films: [...request.films, ...request.films].reverse() };
    const { id } = startReview(store, testClock(), twice);
    const [ofA, ofB] = [A, B].map((reader) => store.reviews.worklist(id, reader).map(({ filmId }) => filmId));
    expect(ofA?.toSorted()).toEqual([...request.films].sort());
    expect(ofB?.toSorted()).toEqual([...request.films].sort());
    expect(ofA).not.toEqual(ofB);
    expect(ofA).toEqual(orderFor(request.films, 7, A));
    expect(ofA).not.toEqual(orderFor(request.films, 8, A));
    expect(ofA).not.toEqual(request.films);
  });

  it.each<[string, Partial<ReviewRequest>, string]>([
    ['without readers', { readers: [] }, 'at least one reader'],
    ['without films', { films: [] }, 'at least one reader and one film'],
    ['with a reader who is not there', { readers: [A, 'reader-0000dead' as ReaderId] }, 'One reader is not'],
    ['with films that are not there', { films: ['film-a', 'film-b'] as FilmId[] }, '2 films are not'],
    ['that shows no model', { plan: { ...plan, blinding: 'shown' } }, 'none is chosen'],
    ['with a model that is not there', { plan: { ...plan, runId: 'run-0000dead' as RunId } }, 'The model'],
  ])('is refused %s, and nothing is made', (_, part, message) => {
    const { store, request } = openReaders();
    expect(() => startReview(store, testClock(), { ...request, ...part })).toThrow(message);
    expect(store.reviews.all()).toEqual([]);
  });
});
