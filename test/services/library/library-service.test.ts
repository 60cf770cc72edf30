/** @file The library as a window sees it, on the real sample films: overview, search, views, bytes, split, check. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { sampleAttributions } from '../../../main/services/library/sample-library.ts';
import { verifyLibrary } from '../../../main/services/library/verify-library.ts';
import { libraryContract, filmQuery, splitRequest } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import {
  call,
  endOf,
  importAll,
  keptLog,
  tempFolder,
  tempLibrary,
  testClock,
} from '../../helpers/temp-library.ts';
import { failingDisk } from '../../helpers/failing-disk.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

/** Output as the contract lets it through; throws when it does not. */
function checked<
  Name extends 'overview' | 'film' | 'films' | 'viewerImage' | 'preview' | 'tags' | 'createSplit',
>(name: Name, value: unknown) {
  const schema = libraryContract[name]['~orpc'].outputSchema;
  return schema?.parse(value);
}

describe('the sample library', () => {
  let library: OpenLibrary;
  let dir: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'chestlight-test-'));
    library = await openLibrary(dir, {
      workerHost: createNodeWorkerHost(),
      clock: testClock(),
      log: keptLog(),
      pool: { size: 2 },
    });
    const { importId } = await library.service.openSample({}, call);
    const event = await endOf(library, importId as never);
    expect(event).toMatchObject({
      state: 'finished',
      summary: { imported: 160, duplicates: 0, skipped: [], patients: 152, warnings: [] },
    });
    return async () => {
      await library.close();
      rmSync(dir, { recursive: true, force: true });
    };
  });

  it('is balanced and says what it holds', async () => {
    const overview = await library.service.overview({}, call);
    checked('overview', overview);
    expect(overview).toMatchObject({
      films: 160,
      patients: 152,
      abnormal: { positive: 81, negative: 79, unknown: 0 },
      sources: [{ source: 'NIH ChestX-ray14', films: 160 }],
      warnings: [],
    });
    for (const { finding, positive, unknown } of overview.labels) {
      expect(unknown).toBe(0);
      expect(positive, finding).toBeGreaterThanOrEqual(10);
    }
  });

  it('takes at most 8 MB and names its source', async () => {
    expect(library.store.films.totals().bytes).toBeLessThan(8_000_000);
    const [attribution] = await sampleAttributions();
    expect(attribution?.credit).toContain('NIH Clinical Center');
  });

  it('is split as given, validation carved from train, no patient shared', async () => {
    const split = await library.service.createSplit(splitRequest.parse({}), call);
    checked('createSplit', split);
    expect(split.sharedPatients).toBe(0);
    expect(split.parts.test).toMatchObject({ films: 55, abnormal: 28, normal: 27 });
    expect(split.parts.train.films + split.parts.validation.films).toBe(105);
    expect(split.parts.validation.films).toBeGreaterThanOrEqual(8);
    const again = await library.service.createSplit(splitRequest.parse({ name: 'Again' }), call);
    expect(again.parts).toEqual(split.parts);
    expect(await library.service.splits({}, call)).toEqual([again, split]);
    const page = await library.service.films(filmQuery.parse({ part: 'test', splitId: split.id }), call);
    expect(page.total).toBe(55);
  });

  it('says what to do when its copy of a film is gone', async () => {
    const page = await library.service.films(filmQuery.parse({ limit: 1, finding: 'Pneumonia' }), call);
    const filmId = page.rows[0]?.id as FilmId;
    const path = library.files.artifacts.path(library.store.films.find(filmId)?.originalSha256 ?? '');
    renameSync(path, `${path}.away`);
    await expect(library.filmBytes.frame(filmId, 0)).rejects.toMatchObject({
      code: 'UNREADABLE_FILE',
      message: expect.stringContaining('Import the film again') as string,
    });
    renameSync(`${path}.away`, path);
    expect((await library.filmBytes.frame(filmId, 0)).byteLength).toBeGreaterThan(0);
  });

  it('shows films, their details and pixels', async () => {
    const page = await library.service.films(filmQuery.parse({ finding: 'Edema', limit: 5 }), call);
    checked('films', page);
    expect(page.rows.every(({ positives }) => positives.includes('Edema'))).toBe(true);
    const filmId = page.rows[0]?.id as FilmId;
    const detail = await library.service.film({ filmId }, call);
    checked('film', detail);
    expect(detail).toMatchObject({
      format: 'jpeg',
      licence: 'NIH-unrestricted',
      studyDate: null,
      abnormal: true,
    });
    const image = await library.service.viewerImage({ filmId, frame: 0 }, call);
    checked('viewerImage', image);
    const bytes = await library.filmBytes.frame(filmId, 0);
    expect(bytes.byteLength).toBe(image.rows * image.cols);
    expect(await library.service.tags({ filmId }, call)).toEqual([]);
    const thumbnail = await sharp(await library.filmBytes.thumbnail(filmId)).metadata();
    expect(Math.max(thumbnail.width, thumbnail.height)).toBe(160);
  });

  it('shows what a model sees at each resolution', async () => {
    const filmId = library.store.films.names()[0]?.id as FilmId;
    const full = await library.filmBytes.modelImage(filmId);
    expect(full.byteLength).toBe(224 * 224);
    for (const resolution of [224, 112, 56, 28]) {
      const png = await library.filmBytes.input(filmId, resolution);
      const { width, height, channels } = await sharp(png).metadata();
      const data = new Uint8Array(await sharp(png).toColourspace('b-w').raw().toBuffer());
      expect([width, height, channels]).toEqual([resolution, resolution, 1]);
      const mean = (values: Uint8Array): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(mean(data) - mean(full))).toBeLessThan(1);
    }
  });

  it('is sound', async () => {
    const verdict = await verifyLibrary(library.store, library.files);
    expect(verdict).toMatchObject({ ok: true, problems: [], checked: { artifacts: 480 } });
  });
});

describe('a DICOM film', () => {
  async function oneFilm() {
    const folder = tempFolder();
    writeFileSync(
      join(folder, 'film.dcm'),
      tinyDicom({ studyDate: '20190203', patientId: 'MRN-1', view: 'PA', rows: 20, cols: 30 }),
    );
    const { library } = await tempLibrary();
    await importAll(library, { paths: [folder] });
    return { library, filmId: library.store.films.names()[0]?.id as FilmId };
  }

  it('is shown by its stored values', async () => {
    const { library, filmId } = await oneFilm();
    const image = await library.service.viewerImage({ filmId, frame: 0 }, call);
    checked('viewerImage', image);
    expect(image).toMatchObject({
      rows: 20,
      cols: 30,
      elementType: 'uint16',
      invert: false,
    });
    const bytes = await library.filmBytes.frame(filmId, 0);
    const stored = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    expect(stored[7 * 30 + 11]).toBe(pattern(1)(7, 11));
    await expect(library.service.viewerImage({ filmId, frame: 1 }, call)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('tells its tags and study date from the film itself', async () => {
    const { library, filmId } = await oneFilm();
    expect((await library.service.film({ filmId }, call)).studyDate).toBe('2019-02-03');
    const tags = await library.service.tags({ filmId }, call);
    checked('tags', tags);
    expect(tags.find(({ keyword }) => keyword === 'PatientID')?.value).toBe('MRN-1');
  });

  it('that is not there is NOT_FOUND', async () => {
    const { library } = await oneFilm();
    const filmId = 'film-00000000' as FilmId;
    await expect(library.service.film({ filmId }, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(async () => await library.filmBytes.thumbnail(filmId)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('the check of a library', () => {
  it('finds missing and damaged artifacts and says what to do', async () => {
    const folder = tempFolder();
    for (const seed of [1, 2])
      writeFileSync(join(folder, `${seed}.dcm`), tinyDicom({ pixel: pattern(seed) }));
    const { library } = await tempLibrary();
    await importAll(library, { paths: [folder] });
    const [first, second] = library.store.splits.candidates().map(({ id }) => library.store.films.find(id));
    rmSync(library.files.artifacts.path(first?.modelSha256 ?? ''), { force: true });
    const damaged = library.files.artifacts.path(second?.originalSha256 ?? '');
    chmodSync(damaged, 0o600);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1; // one bit
    writeFileSync(damaged, bytes);
    const { ok, problems } = await verifyLibrary(library.store, library.files);
    expect(ok).toBe(false);
    expect(problems.map(({ code, subject }) => [code, subject]).sort()).toEqual(
      [
        ['ARTIFACT_DAMAGED', second?.originalSha256],
        ['ARTIFACT_MISSING', first?.modelSha256],
      ].sort(),
    );
    for (const { remedy } of problems) expect(remedy).toMatch(/Import the film/);
    await importAll(library, { paths: [folder] });
    expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  });

  it('joins in what a later stage finds', async () => {
    const { library } = await tempLibrary();
    const problem = { code: 'CHECKPOINT', message: 'gone', remedy: 'train again', subject: 'run-1' } as const;
    const verdict = await verifyLibrary(library.store, library.files, [() => Promise.resolve([problem])]);
    expect(verdict).toMatchObject({ ok: false, problems: [problem] });
  });
});

it('a split waits for a running import and needs a library that may be written', async () => {
  const { dir, library } = await tempLibrary();
  const { importId } = await library.service.openSample({}, call);
  await expect(
    async () => await library.service.createSplit(splitRequest.parse({}), call),
  ).rejects.toMatchObject({ code: 'BUSY' });
  await library.service.cancelImport({ importId: importId as never }, call);
  await endOf(library, importId as never);
  const second = await tempLibrary({ dir });
  await expect(
    async () => await second.library.service.createSplit(splitRequest.parse({}), call),
  ).rejects.toMatchObject({ code: 'READ_ONLY' });
});

it('closing during an import keeps whole films and gives the lock back', async () => {
  const { dir, library } = await tempLibrary();
  await library.service.openSample({}, call);
  await library.close();
  await library.close();
  expect(existsSync(join(dir, 'library.lock'))).toBe(false);
  const again = await tempLibrary({ dir });
  expect((await verifyLibrary(again.library.store, again.library.files)).ok).toBe(true);
  expect(again.library.store.imports.newest()?.state).toBe('cancelled');
});

it('finds the other films of a patient by date, those without one last', async () => {
  const { library } = await tempLibrary();
  const folder = tempFolder();
  const films = [
    ['c.dcm', { studyDate: '20210305', view: 'PA' }],
    ['a.dcm', { studyDate: '20240101', view: 'LL' }],
    ['b.dcm', {}],
    ['d.dcm', { studyDate: '20190930', view: 'PA' }],
  ] as const;
  films.forEach(([name, film], seed) =>
    writeFileSync(join(folder, name), tinyDicom({ ...film, patientId: 'P', pixel: pattern(seed) })),
  );
  writeFileSync(join(folder, 'e.dcm'), tinyDicom({ patientId: 'Q', pixel: pattern(9) }));
  await importAll(library, { paths: [folder] });
  const ids = new Map(library.store.films.names().map(({ id, name }) => [name, id]));
  const found = await library.service.patientFilms({ filmId: ids.get('b.dcm') as FilmId }, call);
  expect(found.map(({ name, studyDate, view }) => [name, studyDate, view])).toEqual([
    ['d.dcm', '2019-09-30', 'PA'],
    ['c.dcm', '2021-03-05', 'PA'],
    ['a.dcm', '2024-01-01', 'LL'],
    ['b.dcm', null, null],
  ]);
  expect(await library.service.patientFilms({ filmId: ids.get('e.dcm') as FilmId }, call)).toHaveLength(1);
});

describe('a large film', () => {
  const large = () => tinyDicom({ rows: 2500, cols: 2000, studyDate: '20240305', pixel: pattern(4) });

  it('has a preview at once, which is made anew when it is lost', async () => {
    const { dir, library } = await tempLibrary();
    const folder = tempFolder();
    writeFileSync(join(folder, 'large.dcm'), large());
    writeFileSync(join(folder, 'small.dcm'), tinyDicom());
    await importAll(library, { paths: [folder] });
    const ids = new Map(library.store.films.names().map(({ id, name }) => [name, id]));
    const filmId = ids.get('large.dcm') as FilmId;
    const preview = await library.service.preview({ filmId }, call);
    const whole = await library.service.viewerImage({ filmId, frame: 0 }, call);
    checked('preview', preview);
    expect(preview).toEqual({
      image: { ...whole, voiLuts: whole.voiLuts.map((lut) => ({ ...lut, explanation: undefined })) },
      href: `bytes/film/${filmId}/preview`,
    });
    const picture = await library.filmBytes.previewPicture(filmId);
    expect((await sharp(picture).metadata()).height).toBe(1600);

    rmSync(join(dir, 'previews', filmId));
    expect(await library.service.preview({ filmId }, call)).toBeNull();
    await expect(library.filmBytes.previewPicture(filmId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await library.close();
    const { library: again } = await tempLibrary({ dir });
    await again.service.viewerImage({ filmId, frame: 0 }, call);
    expect(await again.filmBytes.previewPicture(filmId)).toEqual(picture);
    expect(await again.service.preview({ filmId: ids.get('small.dcm') as FilmId }, call)).toBeNull();
  });

  it('is shown when there is no room for its preview', async () => {
    const { dir, library } = await tempLibrary();
    const folder = tempFolder();
    writeFileSync(join(folder, 'large.dcm'), large());
    await importAll(library, { paths: [folder] });
    const filmId = library.store.films.names()[0]?.id as FilmId;
    await library.close();
    rmSync(join(dir, 'previews', filmId));
    const full = failingDisk(1);
    const { library: again, log } = await tempLibrary({ dir, disk: full });
    expect((await again.service.viewerImage({ filmId, frame: 0 }, call)).rows).toBe(2500);
    expect(log.lines.some((line) => line.startsWith('a preview could not be kept'))).toBe(true);
    expect(await again.service.film({ filmId }, call)).toMatchObject({ studyDate: '2024-03-05' });
  });
});
