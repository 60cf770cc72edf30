/** @file Paths from outside stay below their root, whatever they contain. */
import fc from 'fast-check';
import { mkdtemp, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { existingBelow, joinBelow, safeSegments } from '../../main/rpc/confined-path.ts';

const HOSTILE = [
  '',
  '..',
  '../secret',
  'a/../../secret',
  '%2e%2e/secret',
  '%2e%2e%2fsecret',
  'a/%2E./secret',
  '..%5csecret',
  'a\\..\\secret',
  '/etc/passwd',
  '//server/share',
  'C:/Windows/win.ini',
  'c%3a%5cwindows',
  'file.txt::$DATA',
  'a//b',
  'a/./b',
  '.env',
  'a/.git/config',
  'nul',
  'COM1.txt',
  'a/con.png',
  'a%00.png',
  'a%0a.png',
  '%',
  '%ff%fe',
  'name.',
  'name ',
  'evil%E2%80%AEgnp.exe',
  'x'.repeat(300),
];

describe('safeSegments', () => {
  it.each(HOSTILE)('refuses %j', (path) => {
    expect(safeSegments(path)).toBeNull();
  });

  it('keeps plain names, spaces and letters of any language', () => {
    expect(safeSegments('films/IM-0001.dcm')).toEqual(['films', 'IM-0001.dcm']);
    expect(safeSegments('Ordner%20eins/r%C3%B6ntgen.png')).toEqual(['Ordner eins', 'röntgen.png']);
  });

  it('never yields a path outside the root', () => {
    const piece = fc.constantFrom('..', '.', '%2e', '%2f', '%5c', '/', '\\', 'a', 'b.png', ':', '%00', ' ');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((list) => list.join('')),
          fc.string(),
        ),
        (path) => {
          const segments = safeSegments(path);
          if (segments === null) return;
          expect(joinBelow('/srv/root', segments)?.startsWith(`${sep}srv${sep}root${sep}`)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('existingBelow', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'confined-'));
    await mkdir(join(root, 'pages'));
    await writeFile(join(root, 'secret.txt'), 'secret');
    await writeFile(join(root, 'pages', 'index.html'), 'hello');
    await symlink(join(root, 'secret.txt'), join(root, 'pages', 'link.txt'));
    await symlink(root, join(root, 'pages', 'up'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('finds files and refuses links that lead out', async () => {
    const pages = join(root, 'pages');
    expect(await existingBelow(pages, ['index.html'])).toBe(join(await realpath(pages), 'index.html'));
    expect(await existingBelow(pages, ['link.txt'])).toBeNull();
    expect(await existingBelow(pages, ['up', 'secret.txt'])).toBeNull();
    expect(await existingBelow(pages, ['absent.txt'])).toBeNull();
  });
});
