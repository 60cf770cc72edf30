/** @file Where the overlays of one call go: a file each, whatever the films are called, known before anything is computed. */
import { basename, join } from 'node:path';

/**
 * One path a film, in their order: `FILM.METHOD.png`, and `FILM (2).METHOD.png` where an earlier film of the call has that name.
 * The same films in the same order get the same names. Names that differ only in case count as the same: many disks hold both
 * for one file.
 */
export function overlayPaths(dir: string, films: readonly string[], method: string): readonly string[] {
  const taken = new Set<string>();
  return films.map((film) => {
    const base = basename(film);
    let name = `${base}.${method}.png`;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1)
      name = `${base} (${number}).${method}.png`;
    taken.add(name.toLowerCase());
    return join(dir, name);
  });
}
