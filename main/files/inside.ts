/** @file Whether a path, be it there or not, lies in a folder; links are followed as far as the path is there. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(above), basename(path));
  }
}

/** True also of the folder itself. */
export function isInside(dir: string, path: string): boolean {
  const [top, place] = [real(resolve(dir)), real(resolve(path))];
  return place === top || place.startsWith(top.endsWith(sep) ? top : top + sep);
}
