/** @file Start weights that come with the app: the file is what the index says, a run names it by its id, licences are told. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { importWeights } from '../../../main/numeric/weights/import-weights.ts';
import { bundledStarts, findBundled } from '../../../main/services/training/bundled-starts.ts';
import { fillRequest } from '../../../main/services/training/run-config.ts';
import { keptInit, startPath } from '../../../main/services/training/start-weights.ts';
import { requestOf } from '../../../main/services/training/training-service.ts';
import { sha256Of } from '../../../main/files/artifacts.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';

it('there is a ViT-Tiny of at most 12 MB, which is what the index says, with its sources', () => {
  const starts = bundledStarts();
  expect(starts.map(({ model }) => model)).toContain('tiny');
  for (const { id, model, sha256, bytes, licence, attributions } of starts) {
    const { path } = findBundled(id);
    expect(statSync(path).size).toBe(bytes);
    expect(bytes).toBeLessThanOrEqual(12e6);
    const file = new Uint8Array(readFileSync(path));
    expect(sha256Of(file)).toBe(sha256);
    expect(importWeights(file)).toMatchObject({ config: { variant: model }, dtypes: ['F16'] });
    expect(licence).not.toBe('');
    expect(attributions.length).toBeGreaterThan(0);
  }
});

it('a run names it by its id, in any library', async () => {
  const { library } = await tempLibrary();
  addFilms(
    library.store,
    Array.from({ length: 20 }, (_, patient) => {
      const sick = patient % 2 === 0;
      return { patient, abnormal: sick, labels: { Cardiomegaly: sick } };
    }),
  );
  const start = bundledStarts().find(({ model }) => model === 'tiny');
  const id = start?.id ?? '';
  expect(id).toMatch(/^bundled-/);
  expect(keptInit(id)).toBe(id);
  expect(startPath(library, id)).toBe(findBundled(id).path);
  const request = requestOf({ method: 'teacher', model: 'tiny', resolution: 224, init: id });
  const { config } = await fillRequest(library, testClock(), request);
  expect(config).toMatchObject({ init: id, initSha256: start?.sha256 });
});

it('one whose file is damaged is refused', () => {
  const dir = tempFolder();
  const [start] = bundledStarts();
  writeFileSync(join(dir, 'index.json'), JSON.stringify([start]));
  writeFileSync(join(dir, start?.file ?? ''), 'cut short');
  expect(() => findBundled(start?.id ?? '', dir)).toThrow(
    expect.objectContaining({
      code: 'UNREADABLE_FILE',
      message: expect.stringContaining('damaged') as string,
    }) as Error,
  );
});

it('one that this version does not have is refused', async () => {
  const { library } = await tempLibrary();
  expect(() => startPath(library, 'bundled-none')).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }) as Error,
  );
});
