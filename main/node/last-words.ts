/** @file What a process wrote last to standard error: what a person is told of its end. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const MAX_CHARACTERS = 2000;

/** How a line begins that names an error; Node and Python write more around it. */
const NAMES_ERROR = /^\w*Error\b/;

/**
 * Reads `stream` to its end. @param onLine told every line
 * @returns the last line so far that names an error, or else the last that is not empty; '' = none
 */
export function followLastWords(
  stream: NodeJS.ReadableStream | Readable | null,
  onLine: (line: string) => void = () => undefined,
): () => string {
  let last = '';
  let error = '';
  if (stream !== null) {
    createInterface({ input: stream }).on('line', (text) => {
      const line = text.slice(0, MAX_CHARACTERS);
      onLine(line);
      if (line.trim() === '') return;
      last = line.trim();
      if (NAMES_ERROR.test(line)) error = last;
    });
  }
  return () => (error === '' ? last : error);
}
