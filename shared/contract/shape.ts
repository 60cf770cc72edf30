/** @file Schema of a shape on a film (shared/domain/shape.ts), for every contract that carries one. */
import { z } from 'zod';

import {
  MAX_COORDINATE,
  MAX_SHAPE_POINTS,
  MAX_SHAPE_TEXT,
  SHAPE_KINDS,
  shapeProblem,
  type Shape,
} from '../domain/shape.ts';

const coordinate = z.number().min(-MAX_COORDINATE).max(MAX_COORDINATE);

/** Refuses a shape whose points do not fit its kind, with a sentence that says so. */
export const shape: z.ZodType<Shape, Shape> = z
  .object({
    id: z.string().regex(/^[0-9a-zA-Z-]{1,64}$/, 'The id of a shape is 1 to 64 letters, digits and dashes.'),
    kind: z.enum(SHAPE_KINDS),
    frame: z.number().int().min(0).max(100_000),
    points: z.array(z.object({ x: coordinate, y: coordinate })).max(MAX_SHAPE_POINTS),
    text: z.string().max(MAX_SHAPE_TEXT),
  })
  .superRefine((value, context) => {
    const problem = shapeProblem(value);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem, path: ['points'] });
  });

/** All shapes of a film; an id stands once. */
export const shapes = z
  .array(shape)
  .max(500)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Two shapes have the same id.');
