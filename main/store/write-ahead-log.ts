/**
 * @file What the last session left of SQLite's write-ahead log. A clean close removes it; SQLite itself passes over a log whose end
 * is missing without a word, so that is looked for here, before the database is opened.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';

export interface LeftOverLog {
  /** The last session ended without closing the library. */
  readonly isThere: boolean;
  /** Its end is missing: what was stored last may be gone. */
  readonly isCutOff: boolean;
}

// https://sqlite.org/walformat.html
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const SALT_AT = 16;
const INDEX_HEADER_BYTES = 48;

interface LogIndex {
  /** Frames that were committed. */
  readonly frames: number;
  /** Frames that are in the database itself already. */
  readonly copied: number;
  readonly salt: string;
}

/** The log's index as the killed process left it; null where it cannot be relied on. */
function readIndex(path: string): LogIndex | null {
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  if (bytes.length < 2 * INDEX_HEADER_BYTES + 4) return null;
  const [first, second] = [0, 1].map((copy) =>
    bytes.subarray(copy * INDEX_HEADER_BYTES, (copy + 1) * INDEX_HEADER_BYTES),
  );
  if (first === undefined || second === undefined || !first.equals(second) || first[12] !== 1) return null;
  return {
    frames: first.readUInt32LE(16),
    salt: first.subarray(32, 40).toString('hex'),
    copied: bytes.readUInt32LE(2 * INDEX_HEADER_BYTES),
  };
}

/** @param file path of the database, not yet opened by this process */
export function leftOverLog(file: string): LeftOverLog {
  const path = `${file}-wal`;
  const size = existsSync(path) ? statSync(path).size : 0;
  const index = readIndex(`${file}-shm`);
  const isMissing = index !== null && index.frames > index.copied;
  if (size === 0) return { isThere: isMissing, isCutOff: isMissing };
  if (size < HEADER_BYTES) return { isThere: true, isCutOff: true };
  const log = readFileSync(path);
  const pageBytes = log.readUInt32BE(8);
  const isLog = log.readUInt32BE(0) >>> 1 === 0x377f0682 >>> 1 && pageBytes >= 512;
  if (!isLog) return { isThere: true, isCutOff: true };
  const frames = (size - HEADER_BYTES) / (FRAME_HEADER_BYTES + pageBytes);
  const sameLog = index?.salt === log.subarray(SALT_AT, SALT_AT + 8).toString('hex');
  const isShort = sameLog && isMissing && index.frames > Math.max(Math.floor(frames), index.copied);
  return { isThere: true, isCutOff: isShort || !Number.isInteger(frames) };
}
