/** @file One rule for paths that come from outside: relative, plain segments, below a root. Static files and uploads use it. */
import { realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

const MAX_LENGTH = 1024;
const MAX_SEGMENT_BYTES = 200;
/** Device names that Windows opens whatever the folder: `con.png` too. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/**
 * The segments of a percent-encoded relative path (`a/b%20c.png`), or null when any part could leave the folder, name a
 * device, an alternate stream or a hidden file, or hide a separator in an escape.
 */
export function safeSegments(encodedPath: string): readonly string[] | null {
  if (encodedPath.length === 0 || encodedPath.length > MAX_LENGTH * 3) return null;
  const segments: string[] = [];
  for (const encoded of encodedPath.split('/')) {
    const segment = decode(encoded);
    if (segment === null || !isPlainSegment(segment)) return null;
    segments.push(segment);
  }
  return segments.join('/').length <= MAX_LENGTH ? segments : null;
}

function decode(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded).normalize('NFC');
  } catch {
    return null;
  }
}

function isPlainSegment(segment: string): boolean {
  if (segment === '' || segment.startsWith('.') || /[. ]$/.test(segment)) return false;
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES || RESERVED.test(segment)) return false;
  // Separators, drive and stream colons, wildcards, control characters, direction marks that disguise an extension.
  return !/[/\\:*?"<>|\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(segment);
}

/** The absolute path of `segments` below `root`, or null when it would lie outside. Touches no disk. */
export function joinBelow(root: string, segments: readonly string[]): string | null {
  const base = resolve(root);
  const target = resolve(join(base, ...segments));
  return target.startsWith(base + sep) ? target : null;
}

/** As `joinBelow`, and the file that is really there (links followed) lies below the real root. Null when absent. */
export async function existingBelow(root: string, segments: readonly string[]): Promise<string | null> {
  const target = joinBelow(root, segments);
  if (target === null) return null;
  try {
    const [realRoot, realTarget] = await Promise.all([realpath(root), realpath(target)]);
    const inside = relative(realRoot, realTarget);
    return inside !== '' && !inside.startsWith('..') && resolve(realRoot, inside) === realTarget
      ? realTarget
      : null;
  } catch {
    return null;
  }
}
