/** @file What can be made again is made again, from the film as it came; what cannot is left as it is and explained. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { repairLibrary } from '../../../main/services/library/repair-library.ts';
import { verifyLibrary } from '../../../main/services/library/verify-library.ts';
import { numberedFilms } from '../../faults/numbered-films.ts';
import { importAll, tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';

it('brings back model images, thumbnails and drops damaged copies; a film that is gone stays a problem', async () => {
  const { dir, library } = await tempLibrary();
  const source = numberedFilms(join(tempFolder(), 'films'), 3);
  await importAll(library, { paths: [source.dir], labels: source.labels });
  const { store, files } = library;
  const [first, second, third] = store.films.names().map(({ id }) => store.films.find(id));
  if (!first || !second || !third) throw new Error('three films are in');
  const damage = (sha256: string): void => {
    chmodSync(files.artifacts.path(sha256), 0o600);
    writeFileSync(files.artifacts.path(sha256), 'x');
  };
  damage(first.modelSha256);
  rmSync(files.artifacts.path(second.thumbnailSha256));
  damage(third.originalSha256);
  damage(third.modelSha256);
  const { id } = store.copies.make();
  writeFileSync(join(dir, `library.db.${id}`), 'x'.repeat(8192));

  const before = await verifyLibrary(store, files);
  expect(before.problems.map(({ code }) => code).sort()).toEqual([
    'ARTIFACT_DAMAGED',
    'ARTIFACT_DAMAGED',
    'ARTIFACT_DAMAGED',
    'ARTIFACT_MISSING',
    'COPY',
  ]);
  const { repaired, failed } = await repairLibrary(library, testClock(), before.problems);
  expect(failed).toEqual([]);
  expect(repaired.map(({ subject }) => subject).sort()).toEqual([id, first.id, second.id].sort());
  const after = await verifyLibrary(store, files);
  expect(after.problems.map(({ subject }) => subject).sort()).toEqual(
    [third.originalSha256, third.modelSha256].sort(),
  );
  for (const { remedy } of after.problems) expect(remedy).toBe('Import the film’s file again to restore it.');
});
