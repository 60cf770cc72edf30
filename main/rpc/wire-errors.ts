/** @file Turns whatever a service throws into an error of the contract: a code, a sentence, details. Used by all routers. */
import { ORPCError, ValidationError } from '@orpc/server';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { Log } from '../services/service-types.ts';

/** What a person reads when the defect is ours. The log has the rest. */
export const DEFECT_MESSAGE =
  'Something in Chestlight broke. This is a defect of ours, not something you did; what was saved before is kept. ' +
  'The log in the library folder says what happened.';

interface WireData {
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * The error as it goes over the wire. `ServiceError` keeps code, message and detail; input that does not fit the
 * contract becomes BAD_INPUT naming the fields; everything else is logged and becomes INTERNAL.
 */
export function toWireError(error: unknown, path: readonly string[], log: Log): ORPCError<string, WireData> {
  if (error instanceof ServiceError) {
    return new ORPCError(error.code, {
      message: error.message,
      data: { detail: error.detail },
      cause: error,
    });
  }
  if (error instanceof ORPCError) {
    if (error.code === 'BAD_REQUEST' && error.cause instanceof ValidationError) {
      return badInput(error.cause, path);
    }
    if (isWireData(error.data)) return error as ORPCError<string, WireData>;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new ORPCError('CANCELLED', { message: 'The request was cancelled.', data: { detail: {} } });
  }
  log.error('a procedure failed unexpectedly', { procedure: path.join('.'), ...describeDefect(error) });
  return new ORPCError('INTERNAL', { status: 500, message: DEFECT_MESSAGE, data: { detail: {} } });
}

/** Fields of an unexpected error for the log: its kind, its own words, where it was thrown, the schema issues. */
export function describeDefect(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const cause = error.cause;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(cause instanceof ValidationError ? { issues: issuesOf(cause) } : {}),
  };
}

function badInput(cause: ValidationError, path: readonly string[]): ORPCError<string, WireData> {
  const issues = issuesOf(cause);
  const first = issues[0];
  const where = first === undefined || first.field === '' ? path.join('.') : first.field;
  return new ORPCError('BAD_INPUT', {
    status: 400,
    message: `The request is not valid: ${where}: ${first?.message ?? 'not as the contract says'}.`,
    data: { detail: { procedure: path.join('.'), issues } },
  });
}

function issuesOf(error: ValidationError): { readonly field: string; readonly message: string }[] {
  return error.issues.map((issue) => ({
    field: (issue.path ?? [])
      .map((part) => String(typeof part === 'object' && part !== null ? part.key : part))
      .join('.'),
    message: issue.message,
  }));
}

function isWireData(data: unknown): data is WireData {
  return typeof data === 'object' && data !== null && 'detail' in data;
}
