/** @file A real small file system that fills up: an import stops in time, what is saved is kept, and with room it goes on. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { verifyLibrary } from '../../main/services/library/verify-library.ts';
import { RESERVE_BYTES } from '../../main/files/disk.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { enlargeDisk, mountSmallDisk } from '../helpers/small-disk.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { numberedFilms } from './numbered-films.ts';

const FILMS = 20;
const RESERVE_MB = RESERVE_BYTES / 1024 / 1024;

/** Fills the file system to the last block. @returns the path of what fills it */
function fill(dir: string): string {
  const path = join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(path, new Uint8Array(bavail * bsize));
  return path;
}

it('an import stops in time on a disk that is nearly full, and goes on with more room', async (test) => {
  const disk = join(tempFolder(), 'disk');
  const refused = mountSmallDisk(disk, RESERVE_MB + 1);
  if (refused !== null) return test.skip(`no small disk can be mounted here: ${refused}`);
  const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
  const films = { paths: [source.dir], labels: source.labels };
  const { library } = await tempLibrary({ dir: join(disk, 'library') });
  const { error } = await importAll(library, films);
  expect(error).toMatchObject({ code: 'DISK_FULL' });
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  enlargeDisk(disk, RESERVE_MB + 40);
  const { state, summary } = await importAll(library, films);
  expect([state, (summary?.imported ?? 0) + (summary?.duplicates ?? 0)]).toEqual(['finished', FILMS]);
  await library.close();
});

it('on a disk without a free block nothing more is saved, that is said, and nothing saved is lost', async (test) => {
  const disk = join(tempFolder(), 'disk');
  const refused = mountSmallDisk(disk, RESERVE_MB + 40);
  if (refused !== null) return test.skip(`no small disk can be mounted here: ${refused}`);
  const dir = join(disk, 'library');
  const source = numberedFilms(join(tempFolder(), 'films'), FILMS);
  const { library } = await tempLibrary({ dir });
  await importAll(library, { paths: [source.dir], labels: source.labels });
  const filler = fill(disk);
  const save = (): void => {
    for (let entry = 0; entry < 1000; entry += 1)
      library.store.transaction(() => library.store.settings.set(`entry-${entry}`, 'x'.repeat(10_000)));
  };
  expect(save).toThrow(ServiceError);
  expect(save).toThrow(/disk is full.*saved before is kept/);
  await library.close();

  const full = await tempLibrary({ dir });
  expect((await verifyLibrary(full.library.store, full.library.files)).problems).toEqual([]);
  expect(full.library.store.films.totals().films).toBe(FILMS);
  rmSync(filler);
  full.library.store.settings.set('entry', 1);
  await full.library.close();
});
