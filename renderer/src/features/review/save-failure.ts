/** @file What a failed save of a review page means: sent again, given up, or the film has to be opened again. */
import { ORPCError } from '@orpc/client';

import type { Failure } from '../../state/autosave.ts';

/** Answers of the host that stay the same however often it is asked. */
const REFUSED: readonly string[] = ['NOT_FOUND', 'BAD_INPUT', 'BAD_REQUEST', 'NOT_ALLOWED'];

/** After a CONFLICT this window does not know how the film stands: it has to be opened again. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof ORPCError)) return 'retry';
  const { code } = error as ORPCError<string, unknown>;
  if (code === 'CONFLICT') return 'stuck';
  return REFUSED.includes(code) ? 'refused' : 'retry';
}
