/** @file A path in a folder or not: by name, through links, and where it is not there yet. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { isInside } from '../../main/files/inside.ts';
import { tempFolder } from '../helpers/temp-library.ts';

it('is told by where a path leads, not by what it is called', () => {
  const home = tempFolder();
  const dir = join(home, 'library');
  mkdirSync(join(dir, 'reports'), { recursive: true });
  mkdirSync(join(home, 'library-2'));
  symlinkSync(join(dir, 'reports'), join(home, 'link'), 'junction');
  symlinkSync(dir, join(home, 'same'), 'junction');
  for (const within of [
    dir,
    join(dir, 'new.html'),
    join(dir, 'not', 'there'),
    join(home, 'link', 'new.html'),
  ]) {
    expect([within, isInside(dir, within)]).toEqual([within, true]);
    expect(isInside(join(home, 'same'), within)).toBe(true);
  }
  for (const outside of [
    home,
    join(home, 'library-2', 'new.html'),
    join(dir, '..', 'new.html'),
    join(home, 'other'),
  ])
    expect([outside, isInside(dir, outside)]).toEqual([outside, false]);
});
