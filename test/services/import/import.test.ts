/** @file Imports of real small files into a real library: what goes in, what is skipped and why, what is kept. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { realDisk } from '../../../main/files/disk.ts';
import { filmQuery, importSource } from '../../../shared/contract/library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { failingDisk } from '../../helpers/failing-disk.ts';
import { call, endOf, importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

type Library = Awaited<ReturnType<typeof tempLibrary>>['library'];

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = tempFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

async function png(seed: number): Promise<Uint8Array> {
  const grey = Uint8Array.from(
    { length: 40 * 30 },
    (_, index) => pattern(seed)(Math.floor(index / 40), index % 40) & 255,
  );
  return new Uint8Array(
    await sharp(grey, { raw: { width: 40, height: 30, channels: 1 } })
      .png()
      .toBuffer(),
  );
}

const rowsOf = async (library: Library) =>
  (await library.service.films(filmQuery.parse({ limit: 500 }), call)).rows;

describe('a mixed folder', () => {
  it('imports what can be read and gives a reason for everything else', async () => {
    const film = tinyDicom({ patientId: 'MRN-1', view: 'PA' });
    const dir = folderOf({
      'a/first.dcm': film,
      'a/copy of first.dcm': film,
      'a/other uid.dcm': tinyDicom({ patientId: 'MRN-1', view: 'PA', sopUid: '9.9' }),
      'b/lateral.DCM': tinyDicom({ patientId: 'MRN-2', view: 'LL', pixel: pattern(2) }),
      'b/no ending': tinyDicom({ patientId: 'MRN-1', pixel: pattern(3) }),
      'b/picture.png': await png(4),
      'broken/cut.dcm': tinyDicom({ cut: 500, pixel: pattern(5) }),
      'broken/empty.dcm': '',
      'broken/text.dcm': 'this is text',
      'broken/named.dcm': await png(6),
      'notes.txt': 'hello',
      '.hidden': 'x',
      'Thumbs.db': 'x',
    });
    symlinkSync(join(dir, 'a'), join(dir, 'link'));
    const { library } = await tempLibrary();
    const event = await importAll(library, { paths: [dir] });
    expect(event).toMatchObject({ state: 'finished', error: null });
    expect(event.summary).toMatchObject({ imported: 4, duplicates: 2, patients: 3 });
    const reasons = Object.fromEntries(
      (event.summary?.skipped ?? []).map(({ file, code }) => [file.replaceAll('\\', '/'), code]),
    );
    expect(reasons).toEqual({
      'broken/cut.dcm': 'TRUNCATED',
      'broken/empty.dcm': 'EMPTY_FILE',
      'broken/text.dcm': 'NOT_AN_IMAGE',
      'broken/named.dcm': 'WRONG_NAME',
      link: 'LINKED_FOLDER',
      'notes.txt': 'NOT_AN_IMAGE',
    });
    for (const { message } of event.summary?.skipped ?? []) expect(message.length).toBeGreaterThan(15);
    expect(event.summary?.warnings.join('\n')).toMatch(/Not a frontal view: the header says LL/);
    expect(event.summary?.warnings.join('\n')).toMatch(/No patient is named for 1 film/);
    const rows = await rowsOf(library);
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(({ patient }) => patient)).size).toBe(3);
  });

  it('writes nobody’s identity into database, log or caches', async () => {
    const dir = folderOf({
      'x.dcm': tinyDicom({ patientId: 'CANARY-ID-77', patientName: 'Canary^Name', studyDate: '19770707' }),
    });
    const { library, log, dir: home } = await tempLibrary();
    await importAll(library, { paths: [dir] });
    await library.close();
    const original = library.files.artifacts;
    const artifacts = new Set(await original.list());
    const texts = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => ({
        name: entry.name,
        text: readFileSync(join(entry.parentPath, entry.name), 'latin1'),
      }));
    const holders = texts
      .filter(({ text }) => /CANARY-ID-77|Canary\^Name|19770707/.test(text))
      .map(({ name }) => name);
    expect(holders).toHaveLength(1); // the film itself, as it came
    expect(artifacts.has(holders[0] ?? '')).toBe(true);
    expect(log.lines.join('\n')).not.toMatch(/CANARY|x\.dcm/i);
  });

  it('follows a DICOMDIR to its films and does not take the index for one', async () => {
    const index = readFileSync(join(import.meta.dirname, '../../fixtures/dicomdir/DICOMDIR'));
    const dir = folderOf({
      DICOMDIR: index,
      'IMG/I0000000': tinyDicom({ pixel: pattern(1) }),
      'IMG/I0000002': tinyDicom({ pixel: pattern(2) }),
      'IMG/unlisted': tinyDicom({ pixel: pattern(3) }),
    });
    const { library } = await tempLibrary();
    const named = await importAll(library, { paths: [join(dir, 'DICOMDIR')] });
    expect(named.summary).toMatchObject({
      imported: 2,
      skipped: [{ file: 'IMG/I0000001', code: 'MISSING' }],
    });
    const whole = await importAll(library, { paths: [dir] });
    expect(whole.summary).toMatchObject({ imported: 1, duplicates: 2, skipped: [] });
  });

  it.skipIf(process.platform === 'win32')('a DICOMDIR leads out of its folder by no link', async () => {
    const index = readFileSync(join(import.meta.dirname, '../../fixtures/dicomdir/DICOMDIR'));
    const outside = folderOf({ I0000000: tinyDicom({ pixel: pattern(1) }) });
    const dir = folderOf({ DICOMDIR: index });
    symlinkSync(outside, join(dir, 'IMG'));
    const { library } = await tempLibrary();
    const { summary } = await importAll(library, { paths: [join(dir, 'DICOMDIR')] });
    expect(summary?.imported).toBe(0);
    expect(summary?.skipped).toContainEqual(
      expect.objectContaining({ file: 'IMG/I0000000', code: 'OUTSIDE_FOLDER' }),
    );
  });
});

describe('with labels', () => {
  const files = {
    'a.dcm': tinyDicom({ patientId: 'X', pixel: pattern(1) }),
    'b.dcm': tinyDicom({ patientId: 'Y', pixel: pattern(2) }),
    'c.dcm': tinyDicom({ patientId: 'Z', pixel: pattern(3) }),
  };

  it('counts known and unknown, tells rows without films and films without rows', async () => {
    const dir = folderOf({
      ...files,
      'labels.csv':
        'file,patient,Edema,No finding,split\na.dcm,P1,1,0,train\nb.dcm,P1,,1,test\nzz.dcm,P2,1,0,\n',
    });
    const { library } = await tempLibrary();
    const { summary } = await importAll(library, { paths: [dir], labels: join(dir, 'labels.csv') });
    expect(summary).toMatchObject({
      imported: 3,
      patients: 2,
      skipped: [],
      labels: [
        { finding: 'Edema', positive: 1, negative: 0, unknown: 2 },
        { finding: 'No finding', positive: 1, negative: 1, unknown: 1 },
      ],
    });
    expect(summary?.warnings.join('\n')).toMatch(/not there \(1: zz\.dcm\)/);
    expect(summary?.warnings.join('\n')).toMatch(/without a row.*\(1: c\.dcm\)/);
    const detail = await library.service.film({ filmId: (await rowsOf(library))[1]?.id as FilmId }, call);
    expect(detail.labels).toEqual([
      { finding: 'Edema', value: null },
      { finding: 'No finding', value: true },
    ]);
  });

  it('imports nothing at all when the labels file is wrong', async () => {
    const dir = folderOf({ ...files, 'labels.csv': 'file,Edema\na.dcm,1\na.dcm,0\n' });
    const { library } = await tempLibrary();
    const source = importSource.parse({ paths: [dir], labels: join(dir, 'labels.csv') });
    await expect(library.service.import(source, call)).rejects.toMatchObject({ code: 'DUPLICATE_IDS' });
    expect(await rowsOf(library)).toEqual([]);
    expect(await library.service.currentImport({}, call)).toBeNull();
  });

  it('a new labels file changes the labels of films that are here, and makes known ones unknown again', async () => {
    const dir = folderOf({ ...files, 'old.csv': 'file,Edema\na.dcm,1\nb.dcm,1\nc.dcm,1\n' });
    const { library } = await tempLibrary();
    await importAll(library, { paths: [dir], labels: join(dir, 'old.csv') });
    const later = folderOf({ 'new.csv': 'file,Edema,Hernia\na.dcm,0,1\nb.dcm,,\nc,1,\n' });
    const { summary } = await importAll(library, { labels: join(later, 'new.csv') });
    expect(summary).toMatchObject({ imported: 0, duplicates: 0 });
    expect(summary?.warnings.join('\n')).toMatch(/updated for 2 films/);
    const overview = await library.service.overview({}, call);
    expect(overview.labels).toEqual([
      { finding: 'Edema', positive: 1, negative: 1, unknown: 1 },
      { finding: 'Hernia', positive: 1, negative: 0, unknown: 2 },
    ]);
  });

  it('takes the films that a labels file names when it alone is chosen', async () => {
    const dir = folderOf({ ...files, 'labels.csv': 'file,Edema\na.dcm,1\nb.dcm,0\n', 'other.txt': 'x' });
    const { library } = await tempLibrary();
    const { summary } = await importAll(library, { labels: join(dir, 'labels.csv') });
    expect(summary).toMatchObject({ imported: 2, skipped: [] });
  });

  it('finds the labels of a VinDr-CXR folder by itself and keeps its parts', async () => {
    const header = 'image_id,rad_id,Edema,No finding';
    const dir = folderOf({
      'train/aa.dicom': files['a.dcm'],
      'test/bb.dicom': files['b.dcm'],
      'annotations/image_labels_train.csv': `${header}\naa,R1,1,0\naa,R2,1,0\naa,R3,0,1\n`,
      'annotations/image_labels_test.csv': 'image_id,Edema,No finding\nbb,0,1\n',
    });
    const { library } = await tempLibrary();
    const { summary } = await importAll(library, { paths: [dir] });
    expect(summary).toMatchObject({ imported: 2, skipped: [] });
    const given = library.store.splits.candidates().map(({ givenPart, abnormal }) => [givenPart, abnormal]);
    expect(given).toEqual(
      expect.arrayContaining([
        ['train', true],
        ['test', false],
      ]),
    );
  });

  it('says that a VinDr-CXR folder names no patients, and keeps readers and boxes', async () => {
    const film = (pixel: number) => tinyDicom({ patientId: '', sopUid: `1.${pixel}`, pixel: pattern(pixel) });
    const dir = folderOf({
      'train/aa.dicom': film(21),
      'test/bb.dicom': film(22),
      'annotations/image_labels_train.csv':
        'image_id,rad_id,Edema,No finding\naa,R1,1,0\naa,R2,1,0\naa,R3,0,1\n',
      'annotations/annotations_train.csv':
        'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\naa,R1,Edema,1,1,3,4\naa,R3,No finding,,,,\n',
      'annotations/image_labels_test.csv': 'image_id,Edema,No finding\nbb,0,1\n',
    });
    const { library } = await tempLibrary();
    const { summary } = await importAll(library, { paths: [dir] });
    expect(summary?.warnings).toContain(
      'VinDr-CXR names no patients: each film counts as its own patient (2 films).',
    );
    expect(library.store.readings.filmsReadTwice()).toBe(1);
    const read = library.store.splits.candidates().find(({ givenPart }) => givenPart === 'train');
    expect(library.store.readings.boxes(read?.no ?? 0)).toEqual([
      { finding: 'Edema', reader: 'R1', x: 1, y: 1, width: 2, height: 3 },
    ]);
  });

  it('keeps a film’s patient once it stands in a split', async () => {
    const dir = folderOf({ ...files, 'labels.csv': 'file,normal_abnormal\na.dcm,1\nb.dcm,0\nc.dcm,1\n' });
    const { library } = await tempLibrary();
    await importAll(library, { paths: [dir], labels: join(dir, 'labels.csv') });
    library.store.transaction(() => {
      const films = library.store.splits.candidates();
      const members = new Map(
        films.map(({ patientNo }, index) => [patientNo, index === 0 ? 'train' : 'test'] as const),
      );
      const row = {
        id: 'split-00000001' as never,
        name: 's',
        seed: 1,
        createdAt: 1,
        request: {},
        warnings: [],
      };
      library.store.splits.insert(row, members, films);
    });
    const later = folderOf({
      'new.csv': 'file,patient,normal_abnormal\na.dcm,same,0\nb.dcm,same,0\nc.dcm,same,0\n',
    });
    const { summary } = await importAll(library, { labels: join(later, 'new.csv') });
    expect(summary?.warnings.join('\n')).toMatch(/3 films in a split kept the patient/);
    expect(library.store.splits.sharedPatients('split-00000001' as never)).toBe(0);
  });
});

describe('refused', () => {
  it('a path that does not exist; nothing to import', async () => {
    const { library } = await tempLibrary();
    const run = (source: object) => library.service.import(importSource.parse(source), call);
    await expect(run({ paths: [join(tempFolder(), 'nowhere')] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(run({})).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(run({ uploadId: 'upload-0001' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('a second import at the same time', async () => {
    const dir = folderOf({ 'a.dcm': tinyDicom() });
    const { library } = await tempLibrary();
    const first = await library.service.import(importSource.parse({ paths: [dir] }), call);
    await expect(library.service.import(importSource.parse({ paths: [dir] }), call)).rejects.toMatchObject({
      code: 'BUSY',
    });
    expect((await endOf(library, first.importId as never)).state).toBe('finished');
  });

  it('a library that another window has open', async () => {
    const folder = folderOf({ 'a.dcm': tinyDicom() });
    const { dir, library } = await tempLibrary();
    await importAll(library, { paths: [folder] });
    const second = await tempLibrary({ dir });
    expect((await second.library.service.overview({}, call)).readOnly).toBe(true);
    expect(await rowsOf(second.library)).toHaveLength(1);
    await expect(
      second.library.service.import(importSource.parse({ paths: [folder] }), call),
    ).rejects.toMatchObject({
      code: 'READ_ONLY',
    });
  });
});

describe('a full or failing disk', () => {
  it('is told before anything is written when the space is known to be short', async () => {
    const dir = folderOf({ 'a.dcm': tinyDicom() });
    const { library } = await tempLibrary({ disk: { ...realDisk, freeBytes: () => Promise.resolve(1000) } });
    const event = await importAll(library, { paths: [dir] });
    expect(event).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL' }, summary: { imported: 0 } });
    expect(await library.files.artifacts.list()).toEqual([]);
  });

  it('keeps whole films only, says so, and goes on when there is space again', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const dir = folderOf(
      Object.fromEntries(names.map((name, index) => [`${name}.dcm`, tinyDicom({ pixel: pattern(index) })])),
    );
    const home = join(tempFolder(), 'library');
    const { library } = await tempLibrary({ dir: home, disk: failingDisk(40) });
    const event = await importAll(library, { paths: [dir] });
    expect(event.error?.code).toBe('DISK_FULL');
    expect(event.error?.message).toMatch(/what is in is kept/);
    const { films } = await library.service.overview({}, call);
    expect(films).toBe(event.summary?.imported);
    expect(films).toBeLessThan(names.length);
    await library.close();
    const again = await tempLibrary({ dir: home });
    const rest = await importAll(again.library, { paths: [dir] });
    expect(rest.summary).toMatchObject({ imported: names.length - films, duplicates: films });
    expect(again.library.store.check()).toEqual([]);
  });
});

describe('the course of an import', () => {
  it('is told by events whose numbers rise, and a watcher that comes late still gets the end', async () => {
    const dir = folderOf({ 'a.dcm': tinyDicom(), 'b.dcm': tinyDicom({ pixel: pattern(2) }) });
    const { library } = await tempLibrary();
    const { importId } = await library.service.import(importSource.parse({ paths: [dir] }), call);
    const seqs: number[] = [];
    for await (const event of library.imports.watch(importId as never, call.signal)) seqs.push(event.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    const late = await endOf(library, importId as never);
    expect(late).toMatchObject({ state: 'finished', progress: { done: 2, total: 2 } });
    expect(await library.service.currentImport({}, call)).toEqual(late);
  });

  it('cancelling keeps what is in', async () => {
    const dir = folderOf(
      Object.fromEntries(
        Array.from({ length: 30 }, (_, index) => [`${index}.dcm`, tinyDicom({ pixel: pattern(index) })]),
      ),
    );
    const { library } = await tempLibrary();
    const { importId } = await library.service.import(importSource.parse({ paths: [dir] }), call);
    let last = null;
    for await (const event of library.imports.watch(importId as never, call.signal)) {
      if (event.progress.phase === 'Reading films')
        await library.service.cancelImport({ importId: event.importId }, call);
      last = event;
    }
    expect(last).toMatchObject({ state: 'cancelled', error: null });
    const { films } = await library.service.overview({}, call);
    expect(films).toBe(last?.summary?.imported);
    expect(films).toBeLessThan(30);
    expect((await importAll(library, { paths: [dir] })).summary).toMatchObject({
      imported: 30 - films,
      duplicates: films,
    });
  });

  it('a watcher that leaves does not stop the import', async () => {
    const dir = folderOf({ 'a.dcm': tinyDicom() });
    const { library } = await tempLibrary();
    const { importId } = await library.service.import(importSource.parse({ paths: [dir] }), call);
    const leaving = new AbortController();
    for await (const _event of library.imports.watch(importId as never, leaving.signal)) leaving.abort();
    expect((await endOf(library, importId as never)).summary).toMatchObject({ imported: 1 });
  });

  it('is remembered after a restart', async () => {
    const dir = folderOf({ 'a.dcm': tinyDicom(), 'bad.dcm': 'x' });
    const { dir: home, library } = await tempLibrary();
    await importAll(library, { paths: [dir] });
    await library.close();
    const again = await tempLibrary({ dir: home });
    expect(await again.library.service.currentImport({}, call)).toMatchObject({
      state: 'finished',
      summary: { imported: 1, skipped: [{ file: 'bad.dcm', code: 'NOT_AN_IMAGE' }] },
    });
  });
});

it('brings back a film’s lost files when it is imported again', async () => {
  const dir = folderOf({ 'a.dcm': tinyDicom() });
  const { library } = await tempLibrary();
  await importAll(library, { paths: [dir] });
  for (const sha256 of await library.files.artifacts.list())
    rmSync(library.files.artifacts.path(sha256), { force: true });
  expect((await importAll(library, { paths: [dir] })).summary).toMatchObject({ imported: 0, duplicates: 1 });
  expect(await library.files.artifacts.list()).toHaveLength(3);
});

it('gives the same film the same id in every library', async () => {
  const dir = folderOf({ 'a.dcm': tinyDicom() });
  const ids = [];
  for (const _library of [1, 2]) {
    const { library } = await tempLibrary();
    await importAll(library, { paths: [dir] });
    ids.push((await rowsOf(library))[0]?.id);
  }
  expect(ids[0]).toBe(ids[1]);
});

it('imports what a window uploaded and then lets the upload go', async () => {
  const { library, dir: home } = await tempLibrary();
  const send = async (name: string, content: Uint8Array | string): Promise<void> => {
    const body = (async function* () {
      await Promise.resolve();
      yield Buffer.from(content);
    })();
    await library.files.uploads.save('upload-0001', name, body, null);
  };
  await send('set/a.dcm', tinyDicom());
  await send('set/labels.csv', 'file,Edema\na.dcm,1\n');
  const preview = await library.service.previewCsv({ path: 'set/labels.csv', uploadId: 'upload-0001' }, call);
  expect(preview).toMatchObject({ rowCount: 1, suggested: { file: 'file' }, unknownColumns: [] });
  const { summary } = await importAll(library, { uploadId: 'upload-0001', labels: 'set/labels.csv' });
  expect(summary).toMatchObject({ imported: 1, labels: [{ finding: 'Edema', positive: 1 }] });
  expect(readdirSync(join(home, 'uploads'))).toEqual([]);
});

it('reads a film whose file is slow or hostile only for so long', async () => {
  const dir = folderOf({ 'a.dcm': tinyDicom() });
  copyFileSync(join(dir, 'a.dcm'), join(dir, 'b.dcm'));
  const { library } = await tempLibrary({ pool: { size: 1, timeoutMs: 0 } });
  const { summary } = await importAll(library, { paths: [dir] });
  expect(summary?.skipped.map(({ code }) => code)).toEqual(['TIMEOUT', 'TIMEOUT']);
});
