/** @file A value of the command line checked by a schema, refused with what does not fit. */
import { z } from 'zod';

import { Refusal } from './verb.ts';

/** @throws Refusal BAD_INPUT saying what does not fit */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Refusal('BAD_INPUT', `That does not fit: ${z.prettifyError(result.error)}`);
}
