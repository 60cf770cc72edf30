/** @file The app's log: lines of JSON in the library's folder, where messages about defects send people; else standard error. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

import pino from 'pino';

import type { Log } from '../services/service-types.ts';

export const LOG_NAME = 'chestlight.log';
/** A longer log is set aside as `chestlight.log.1` when the app starts; that one replaces the one before. */
const KEEP_BYTES = 5_000_000;

/** Never throws: a folder that cannot be written is the library's to refuse, in a better sentence. */
export function openAppLog(libraryDir: string, level = process.env.CHESTLIGHT_LOG ?? 'info'): Log {
  return logOf(pino({ level }, destination(join(libraryDir, LOG_NAME), libraryDir)));
}

/** A pino logger as services see it. */
export function logOf(logger: pino.Logger): Log {
  return {
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}

function destination(path: string, dir: string): pino.DestinationStream {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    setAside(path);
    return pino.destination({ dest: path, sync: true, mode: 0o600 });
  } catch {
    return pino.destination(2);
  }
}

function setAside(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > KEEP_BYTES) renameSync(path, `${path}.1`);
}
