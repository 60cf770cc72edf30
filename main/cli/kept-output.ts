/**
 * @file `--output FILE`, before the verb: what is printed is written to a new file as well. A program with windows has no console
 * under Windows, and prints into nothing there.
 */
import { appendFileSync, closeSync, existsSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { Refusal } from './verb.ts';

/** What a library's folder is known by. */
const DATABASE = 'library.db';

/**
 * From now on everything printed goes to `file` too.
 * @returns ends that @throws Refusal CONFLICT where there is a file already, BAD_INPUT in a library's folder, NOT_FOUND where none can be made
 */
export function keepOutput(file: string): () => void {
  const fd = open(file);
  const undo = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    // Its three forms differ in what follows the first argument, which is passed on as it is.
    stream.write = (chunk: string | Uint8Array, ...rest: []) => {
      appendFileSync(fd, chunk);
      return write(chunk, ...rest);
    };
    return () => void (stream.write = write);
  });
  return () => {
    for (const one of undo) one();
    closeSync(fd);
  };
}

function open(file: string): number {
  for (let at = resolve(file); dirname(at) !== at; at = dirname(at)) {
    if (existsSync(join(dirname(at), DATABASE)))
      throw new Refusal('BAD_INPUT', `${file} lies in a library’s folder. Name a place outside.`);
  }
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Refusal('CONFLICT', `${file} is there already. Name a new file after --output.`);
    throw new Refusal('NOT_FOUND', `${file} could not be made: ${(error as Error).message}`);
  }
}
