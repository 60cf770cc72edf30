/** @file ServiceError → HTTP answer with the JSON error body of shared/contract/transport.ts. Byte route and session use it. */
import type { ErrorBody } from '../../shared/contract/transport.ts';
import { ServiceError, type ErrorCode } from '../../shared/domain/service-error.ts';
import type { Log } from '../services/service-types.ts';
import { DEFECT_MESSAGE, describeDefect } from './wire-errors.ts';

const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  BAD_INPUT: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
  BUSY: 409,
  READ_ONLY: 403,
  DISK_FULL: 507,
  UNREADABLE_FILE: 422,
  ENGINE_UNAVAILABLE: 503,
  CANCELLED: 499,
  SIGNED_OUT: 401,
  LOCKED: 423,
  WRONG_PIN: 401,
  NOT_ALLOWED: 403,
};

/** One refused request as JSON. */
export function refuse(
  status: number,
  code: string,
  message: string,
  detail: ErrorBody['error']['detail'] = {},
): Response {
  const body: ErrorBody = { error: { code, message, detail } };
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}

/** The answer for whatever was thrown while serving `route` (a route name without ids, safe for the log). */
export function errorResponse(error: unknown, route: string, log: Log): Response {
  if (error instanceof ServiceError) {
    const declared = typeof error.detail['httpStatus'] === 'number' ? error.detail['httpStatus'] : null;
    return refuse(declared ?? STATUS[error.code] ?? 400, error.code, error.message, error.detail);
  }
  log.error('a byte route failed unexpectedly', { route, ...describeDefect(error) });
  return refuse(500, 'INTERNAL', DEFECT_MESSAGE);
}
