/** @file Looks through every file of a folder for stretches of bytes, as somebody with the disk would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Sought {
  readonly what: string;
  readonly bytes: Buffer;
}

/** Files below `dir`, relative, with forward slashes. */
export function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(dir.length + 1)
        .replaceAll('\\', '/'),
    );
}

/** `what: file` for everything that is found, in contents or in names. */
export function foundIn(dir: string, sought: readonly Sought[]): readonly string[] {
  return filesBelow(dir).flatMap((file) => {
    const content = readFileSync(join(dir, file));
    const name = Buffer.from(file);
    return sought
      .filter(({ bytes }) => content.includes(bytes) || name.includes(bytes))
      .map(({ what }) => `${what}: ${file}`);
  });
}

/** A text as SQLite, JSON and DICOM hold it, and as Windows would. */
export const words = (...texts: readonly string[]): readonly Sought[] =>
  texts.flatMap((text) => [
    { what: text, bytes: Buffer.from(text, 'utf8') },
    { what: `${text} (UTF-16)`, bytes: Buffer.from(text, 'utf16le') },
  ]);

/** Thirty-two bytes out of the middle, where a file is like no other; nothing of what is too short or the same all over. */
export function middle(what: string, content: Uint8Array): readonly Sought[] {
  const from = content.length >> 1;
  const bytes = Buffer.from(content.slice(from, from + 32));
  return bytes.length < 32 || new Set(bytes).size < 8 ? [] : [{ what, bytes }];
}
