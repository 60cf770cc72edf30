/** @file Cases of the contract of inference. */
import { NOBODY, badRunIds, type Cases } from './case.ts';
import { call } from '../../helpers/temp-library.ts';
import type { World } from '../world.ts';
import { owner } from './readers.ts';

/** The world's film, once no session waits for a reader who is to see it without a model. */
async function readFilm(world: World) {
  const { token } = await owner(world);
  for (const { id, closedAt } of await world.services.review.list({ token }, call))
    if (closedAt === null) await world.services.review.close({ token, reviewId: id as never }, call);
  return world.filmId;
}

export const inferenceCases: Cases['inference'] = {
  figure: {
    valid: async ({ client, world }) =>
      await client.inference.figure({ films: [await readFilm(world)], runIds: [world.runId], format: 'pdf' }),
    bad: [
      { films: [] },
      { films: Array(9).fill(NOBODY.film) },
      { films: [NOBODY.film], runIds: [] },
      { films: [NOBODY.film], format: 'svg' },
      { films: [NOBODY.film], opacity: 2 },
    ],
    refused: [
      {
        input: async (world) => ({ films: [await readFilm(world)], runIds: [NOBODY.run] }),
        code: 'NOT_FOUND',
      },
      { input: async (world) => ({ films: [await readFilm(world)], runIds: [null] }), code: 'CONFLICT' },
      { input: ({ runId }) => ({ films: [NOBODY.film], runIds: [runId] }), code: 'NOT_FOUND' },
    ],
  },
  predict: {
    valid: async ({ client, world }) =>
      await client.inference.predict({
        runId: world.runId,
        filmId: await readFilm(world),
        attention: [{ method: 'rollout' }, { method: 'last', head: 1 }],
      }),
    bad: [
      ...badRunIds,
      { runId: NOBODY.run, filmId: NOBODY.film, attention: [{ method: 'guess' }] },
      { runId: NOBODY.run, filmId: NOBODY.film, attention: Array(17).fill({ method: 'last' }) },
    ],
    refused: [
      { input: async (world) => ({ runId: NOBODY.run, filmId: await readFilm(world) }), code: 'NOT_FOUND' },
      { input: ({ runId }) => ({ runId, filmId: NOBODY.film }), code: 'NOT_FOUND' },
      {
        input: async (world) => ({ runId: await world.atWork(), filmId: await readFilm(world) }),
        code: 'CONFLICT',
      },
    ],
  },
};
