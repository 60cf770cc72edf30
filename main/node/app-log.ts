/**
 * @file The app's log: lines of JSON in the library's folder, where messages about defects send people; else standard error. A full
 * log is set aside, the oldest goes: a program that runs for months does not fill the disk with it.
 */
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import pino from 'pino';

import type { Log } from '../services/service-types.ts';
import { KEPT_LOGS, LOG_NAME } from '../services/system/log-files.ts';

/** A longer log is set aside as `chestlight.log.1`, that one as `.2`, and so on. */
export const LOG_BYTES = 5_000_000;

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

/** Writes at once, and turns over to a new file when this one is full. */
function destination(path: string, dir: string): pino.DestinationStream {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > LOG_BYTES) {
      setAside(path);
      bytes = 0;
    }
    const file = pino.destination({ dest: path, sync: true, mode: 0o600 });
    // A full disk must not end the app because of a line in its log.
    file.on('error', () => undefined);
    return {
      write(line: string) {
        file.write(line);
        bytes += Buffer.byteLength(line);
        if (bytes <= LOG_BYTES) return;
        bytes = 0;
        try {
          setAside(path);
          file.reopen();
        } catch {
          // the lines go on into the file that could not be moved
        }
      },
    };
  } catch {
    return pino.destination(2);
  }
}

function setAside(path: string): void {
  rmSync(`${path}.${KEPT_LOGS}`, { force: true });
  for (let age = KEPT_LOGS - 1; age >= 1; age -= 1) {
    const old = `${path}.${age}`;
    if (statSync(old, { throwIfNoEntry: false }) !== undefined) renameSync(old, `${path}.${age + 1}`);
  }
  renameSync(path, `${path}.1`);
}
