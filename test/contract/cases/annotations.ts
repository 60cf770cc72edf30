/** @file Cases of the contract of annotations. */
import { badFilmIds, NOBODY, type Cases } from './case.ts';

const shape = {
  id: 's-1',
  kind: 'length',
  frame: 0,
  points: [
    { x: 1, y: 2 },
    { x: 9, y: 4 },
  ],
  text: '',
} as const;

export const annotationsCases: Cases['annotations'] = {
  of: {
    valid: ({ client, world }) => client.annotations.of({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  save: {
    async valid({ client, world }) {
      const { filmId } = world;
      const { version } = await client.annotations.of({ filmId });
      return client.annotations.save({
        filmId,
        shapes: [{ ...shape, points: [...shape.points] }],
        after: version,
      });
    },
    bad: [
      ...badFilmIds,
      { filmId: NOBODY.film, shapes: [shape, shape], after: 0 },
      { filmId: NOBODY.film, shapes: [{ ...shape, points: [] }], after: 0 },
      { filmId: NOBODY.film, shapes: [], after: -1 },
    ],
    refused: [
      { input: () => ({ filmId: NOBODY.film, shapes: [], after: 0 }), code: 'NOT_FOUND' },
      { input: ({ filmId }) => ({ filmId, shapes: [], after: 10_000 }), code: 'CONFLICT' },
    ],
  },
};
