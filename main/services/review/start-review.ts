/**
 * @file Sets a review session up: checks that readers, films and the model are there, and draws each reader's order of films
 * from the session's seed.
 */
import { createHash, randomBytes } from 'node:crypto';

import type { Review, ReviewPlan } from '../../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReviewId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Store } from '../../store/store.ts';
import { seededRandom, shuffled } from '../library/seeded-random.ts';
import type { Clock } from '../service-types.ts';

export interface ReviewRequest {
  readonly name: string;
  readonly plan: ReviewPlan;
  readonly readers: readonly ReaderId[];
  readonly films: readonly FilmId[];
}

/** @throws ServiceError BAD_INPUT nobody or nothing to read, no model to show; NOT_FOUND a reader, film or run is missing */
export function startReview(store: Store, clock: Clock, request: ReviewRequest): Review {
  const readers = [...new Set(request.readers)];
  const films = [...new Set(request.films)];
  const { name, plan } = request;
  if (readers.length === 0 || films.length === 0) {
    throw new ServiceError(
      'BAD_INPUT',
      'A session needs at least one reader and one film. Nothing was made; choose both and start again.',
    );
  }
  checkModel(store, plan);
  const known = new Set(store.readers.all().map(({ id }) => id));
  refuseMissing(
    'reader',
    'readers',
    readers.filter((id) => !known.has(id)),
  );
  refuseMissing(
    'film',
    'films',
    films.filter((id) => store.films.find(id) === null),
  );
  const id = `review-${randomBytes(8).toString('hex')}` as ReviewId;
  const review = { id, name, plan, createdAt: clock.now() };
  store.reviews.begin(review, new Map(readers.map((reader) => [reader, orderFor(films, plan.seed, reader)])));
  return review;
}

/** The order in which a reader sees the films: the same on every machine, whatever order they were chosen in. */
export function orderFor(films: readonly FilmId[], seed: number, reader: ReaderId): readonly FilmId[] {
  const own = createHash('sha256').update(`${seed} ${reader}`).digest().readUInt32LE(0);
  const sorted = [...films].sort((a, b) => (a < b ? -1 : 1));
  return shuffled(sorted, seededRandom(own));
}

function checkModel(store: Store, { blinding, runId }: ReviewPlan): void {
  if (runId === null && blinding !== 'hidden') {
    throw new ServiceError(
      'BAD_INPUT',
      'This session shows a model, but none is chosen. Nothing was made; choose a model or keep it hidden.',
    );
  }
  if (runId !== null && store.runs.find(runId) === null) {
    throw new ServiceError(
      'NOT_FOUND',
      'The model of this session is not in the library. Nothing was made.',
      {
        runId,
      },
    );
  }
}

function refuseMissing(one: string, many: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const what = missing.length === 1 ? `One ${one} is` : `${missing.length} ${many} are`;
  throw new ServiceError(
    'NOT_FOUND',
    `${what} not in the library. Nothing was made; choose again from what is there.`,
    { missing: missing.slice(0, 20) },
  );
}
