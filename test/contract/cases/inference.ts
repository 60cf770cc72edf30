/** @file Cases of the contract of inference. */
import { NOBODY, badRunIds, type Cases } from './case.ts';

export const inferenceCases: Cases['inference'] = {
  figure: {
    valid: ({ client, world }) =>
      client.inference.figure({ films: [world.filmId], runIds: [world.runId], format: 'pdf' }),
    bad: [
      { films: [] },
      { films: Array(9).fill(NOBODY.film) },
      { films: [NOBODY.film], runIds: [] },
      { films: [NOBODY.film], format: 'svg' },
      { films: [NOBODY.film], opacity: 2 },
    ],
    refused: [
      { input: ({ filmId }) => ({ films: [filmId], runIds: [NOBODY.run] }), code: 'NOT_FOUND' },
      { input: ({ filmId }) => ({ films: [filmId], runIds: [null] }), code: 'CONFLICT' },
      { input: ({ runId }) => ({ films: [NOBODY.film], runIds: [runId] }), code: 'NOT_FOUND' },
    ],
  },
  predict: {
    valid: ({ client, world }) =>
      client.inference.predict({
        runId: world.runId,
        filmId: world.filmId,
        attention: [{ method: 'rollout' }, { method: 'last', head: 1 }],
      }),
    bad: [
      ...badRunIds,
      { runId: NOBODY.run, filmId: NOBODY.film, attention: [{ method: 'guess' }] },
      { runId: NOBODY.run, filmId: NOBODY.film, attention: Array(17).fill({ method: 'last' }) },
    ],
    refused: [
      { input: ({ filmId }) => ({ runId: NOBODY.run, filmId }), code: 'NOT_FOUND' },
      { input: ({ runId }) => ({ runId, filmId: NOBODY.film }), code: 'NOT_FOUND' },
      {
        input: async (world) => ({ runId: await world.atWork(), filmId: world.filmId }),
        code: 'CONFLICT',
      },
    ],
  },
};
