/** @file Turns whatever a call throws into what a person reads: what happened, what was kept, what to do, details folded. */
import { ORPCError } from '@orpc/client';

export interface Notice {
  readonly message: string;
  readonly code: string;
  /** Folded details as lines of text; empty = none. */
  readonly details: readonly string[];
}

/** The host's own sentence when it sent one; else a plain statement that the connection or we failed. */
export function noticeOf(error: unknown): Notice {
  if (error instanceof ORPCError) {
    const { message, code, data } = error as ORPCError<string, unknown>;
    return { message, code, details: detailLines(data) };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (/closed|socket|network|fetch|aborted/i.test(text)) {
    return {
      message: 'The connection to Chestlight was lost before an answer came. Saved work is kept. Try again.',
      code: 'CONNECTION',
      details: [text],
    };
  }
  return {
    message: 'This part of the window could not be shown. Saved work is kept. Try again.',
    code: 'WINDOW',
    details: [text],
  };
}

function detailLines(data: unknown): string[] {
  if (typeof data !== 'object' || data === null || !('detail' in data)) return [];
  const { detail } = data;
  if (typeof detail !== 'object' || detail === null) return [];
  return Object.entries(detail).map(([name, value]) => `${name}: ${plain(value)}`);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
