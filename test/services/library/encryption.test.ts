/**
 * @file An encrypted library: nothing of a patient can be read in its folder after import, training, prediction, annotation, export and copy;
 * it opens with its passphrase or its recovery key and with nothing else; an existing one is converted and back, whatever the disk does.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { openStore } from '../../../main/store/store.ts';
import {
  beginDecryption,
  beginEncryption,
  changePassphrase,
  changeRecoveryKey,
  encryptionOf,
  ENCRYPTION_FILE,
} from '../../../main/services/library/encryption.ts';
import { openLibrary, type OpenLibrary } from '../../../main/services/library/open-library.ts';
import { verifyLibrary } from '../../../main/services/library/verify-library.ts';
import { writeStudyFiles } from '../../../main/cli/study-files.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import { figureRequest } from '../../../shared/contract/inference.ts';
import type { StudyCell } from '../../../shared/contract/study.ts';
import type { ExportId, FilmId, RunId } from '../../../shared/domain/ids.ts';
import { failingDisk } from '../../helpers/failing-disk.ts';
import { filesBelow, foundIn, middle, words, type Sought } from '../../helpers/folder-search.ts';
import { openTestApp, runToEnd, startRun } from '../../helpers/open-app.ts';
import { smallFilmFolder } from '../../helpers/small-library.ts';
import { call, importAll, keptLog, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

type TestApp = Awaited<ReturnType<typeof openTestApp>>;

const secret = 'Lunge Herz Rippe Zwerchfell';
const clock = Date;
const options = { clock };

const FILM = 'Kanarienvogel_Aufnahme.dcm';
const CHOICE = {
  shiftDates: false,
  keepPatientCharacteristics: false,
  keepDevice: false,
  keepOverlays: false,
} as const;
const WORDS = words('Kanarienvogel', 'KANARI-4711', 'Verschattung links oben');

/** A folder with one film of a patient whom we look for. */
function patientFolder(): string {
  const dir = join(tempFolder(), 'films');
  mkdirSync(dir);
  const film = tinyDicom({
    rows: 2200,
    cols: 2000,
    patientName: 'Kanarienvogel^Anna',
    patientId: 'KANARI-4711',
    pixel: pattern(5),
  });
  writeFileSync(join(dir, FILM), film);
  return dir;
}

/** Stretches of everything that the library keeps of its films; of an export's record the middle is its own name. */
async function picturesOf({ files }: OpenLibrary): Promise<readonly Sought[]> {
  const sought: Sought[] = [];
  for (const sha256 of await files.artifacts.list())
    sought.push(...middle(`artifact ${sha256}`, await files.artifacts.read(sha256)));
  for (const file of filesBelow(files.dir).filter((name) =>
    /^(runs|knowledge|previews|reports|exports)\/(?!export-[0-9a-f]+\.json$)/.test(name),
  ))
    sought.push(...middle(file, await files.vault.read(join(files.dir, file))));
  return sought;
}

async function annotate(app: Awaited<ReturnType<typeof openTestApp>>['app'], filmId: FilmId): Promise<void> {
  const points = [
    { x: 1, y: 2 },
    { x: 9, y: 4 },
  ];
  const shape = { id: 's-1', kind: 'length' as const, frame: 0, points, text: 'Verschattung links oben' };
  await app.services.annotations.save({ filmId, shapes: [shape], after: 0 }, call);
}

/** Reports, tables, cards and figures come by their address, for their files are sealed: nobody is sent to one of those. */
async function keptFilesAreNotPaths(app: TestApp, runId: RunId, filmId: FilmId): Promise<void> {
  const { evaluation, exchange } = app;
  const made = [
    await evaluation.service.report({ runIds: [runId] }, call),
    await exchange.service.modelCard({ runId }, call),
  ];
  for (const { path, sha256 } of made) {
    expect(path).toBeNull();
    expect(Buffer.from((await app.app.bytes.report(sha256)).bytes).toString()).toMatch(/^<!doctype html>/i);
  }
  const figure = await app.app.services.inference.figure(
    figureRequest.parse({ films: [filmId], runIds: [runId] }),
    call,
  );
  expect(figure.path).toBeNull();
  expect((await app.app.bytes.figure(figure.sha256, 'png')).bytes.length).toBeGreaterThan(1000);

  const cell = { key: 'k', system: 'none', title: 'No distillation', state: 'done', runId };
  const cells = { id: 'study-x', cells: [cell as unknown as StudyCell] };
  const { files } = app.library;
  const before = filesBelow(files.dir).length;
  expect(await writeStudyFiles(app, cells, null)).toEqual({
    paths: [],
    notes: [expect.stringContaining('--out FOLDER')],
  });
  expect(filesBelow(files.dir)).toHaveLength(before);
  const { paths } = await writeStudyFiles(app, cells, tempFolder());
  expect(paths.map((path) => readFileSync(path, 'utf8').length > 100)).toEqual([true, true, true, true]);

  const within = exportRequest.parse({ what: 'annotations', folder: join(files.dir, 'exports') });
  await expect(async () => await exchange.service.start(within, call)).rejects.toThrow(
    /nobody could open what is written/,
  );
}

it(
  'leaves nothing of a patient to read in its folder, whatever was done with it',
  { timeout: 600_000 },
  async () => {
    const dir = join(tempFolder(), 'library');
    await beginEncryption(dir, secret, options);
    const app = await openTestApp({ dir, secret });
    const small = smallFilmFolder();
    await importAll(app.library, { paths: [small.dir], labels: small.labels });
    await importAll(app.library, { paths: [patientFolder()] });
    const film = app.library.store.films.names().find(({ name }) => name === FILM);
    const filmId = film?.id as FilmId;
    const runId = await startRun(app, { method: 'none', resolution: 28 });
    expect((await runToEnd(app, runId)).state).toBe('finished');
    const attention = [{ method: 'last', head: null, target: null }] as const;
    const { t2 } = await app.inference.service.predict({ runId, filmId, attention: [...attention] }, call);
    expect(t2.score).toBeGreaterThan(0);
    await app.app.bytes.frame(filmId, 0);
    await app.app.bytes.preview(filmId);
    await annotate(app.app, filmId);
    const request = exportRequest.parse({ what: 'annotations', format: 'json' });
    const started = await app.exchange.service.start(request, call);
    const exportId = started.exportId as ExportId;
    for await (const event of await app.exchange.service.watch({ exportId }, call)) {
      if (event.state !== 'running') break;
    }
    const [record] = await app.exchange.service.list({ token: null }, call);
    const [file] = record?.files ?? [];
    const taken = await app.exchange.exportBytes(exportId, file?.name ?? '');
    expect(Buffer.from(taken).includes('Kanarienvogel')).toBe(true);
    await keptFilesAreNotPaths(app, runId, filmId);
    app.library.store.copies.make();
    const pictures = await picturesOf(app.library);
    expect(pictures.length).toBeGreaterThan(50);
    // While it is open the database's log lies beside it.
    expect(foundIn(dir, [...WORDS, ...pictures])).toEqual([]);
    await app.app.close();
    expect(foundIn(dir, [...WORDS, ...pictures])).toEqual([]);
    expect(app.log.lines.join('\n')).not.toMatch(/Lunge Herz/);

    const { library } = await tempLibrary({ dir, secret });
    expect(library.store.films.totals().films).toBe(small.films + 1);
    expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  },
);

it('opens with its passphrase or its recovery key, and with nothing else; nothing is harmed by trying', async () => {
  const dir = join(tempFolder(), 'library');
  const { recoveryKey } = await beginEncryption(dir, secret, options);
  const first = await tempLibrary({ dir, secret });
  await importAll(first.library, { paths: [patientFolder()] });
  await first.library.close();
  const before = readFileSync(join(dir, ENCRYPTION_FILE));
  const opening = (typed: string | null) =>
    openLibrary(dir, { workerHost: createNodeWorkerHost(), clock, log: keptLog(), secret: typed });
  await expect(opening(null)).rejects.toMatchObject({ code: 'PASSPHRASE_NEEDED' });
  await expect(opening(`${secret}.`)).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining('not the passphrase') as string,
  });
  expect(readFileSync(join(dir, ENCRYPTION_FILE)).equals(before)).toBe(true);
  for (const typed of [secret, recoveryKey, recoveryKey.toLowerCase().replaceAll('-', ' ')]) {
    const library = await opening(typed);
    expect(library.store.films.totals().films).toBe(1);
    await library.close();
  }
  await changePassphrase(dir, recoveryKey, 'Sternum Clavicula Hilus');
  const renewed = await changeRecoveryKey(dir, 'Sternum Clavicula Hilus');
  await expect(opening(secret)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await expect(opening(recoveryKey)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  for (const typed of ['Sternum Clavicula Hilus', renewed]) await (await opening(typed)).close();
});

it('does not open as a plain database, and a plain one is not encrypted by half', async () => {
  const dir = join(tempFolder(), 'library');
  await beginEncryption(dir, secret, options);
  await (await tempLibrary({ dir, secret })).library.close();
  expect(() => openStore(join(dir, 'library.db'), { clock })).toThrow(/damaged/);
  await expect(beginEncryption(dir, secret, options)).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(beginEncryption(join(tempFolder(), 'new'), 'short', options)).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
});

async function filled() {
  const { dir, library } = await tempLibrary();
  await importAll(library, { paths: [patientFolder()] });
  await library.files.signingKey();
  library.store.copies.make();
  const pictures = await picturesOf(library);
  const copies = library.store.copies.list().map(({ id }) => id);
  await library.close();
  return { dir, pictures, copies };
}

it('encrypts a library that was plain, and gives it back plain', async () => {
  const { dir, pictures, copies: before } = await filled();
  expect(foundIn(dir, WORDS)).not.toEqual([]);
  expect(new Set(foundIn(dir, pictures).map((line) => line.split(':')[0])).size).toBe(pictures.length);
  await beginEncryption(dir, secret, options);
  expect(encryptionOf(dir)).toBe('encrypting');
  await expect(
    openLibrary(dir, { workerHost: createNodeWorkerHost(), clock, log: keptLog() }),
  ).rejects.toMatchObject({
    code: 'PASSPHRASE_NEEDED',
  });
  const encrypted = await tempLibrary({ dir, secret });
  expect(encryptionOf(dir)).toBe('encrypted');
  expect((await verifyLibrary(encrypted.library.store, encrypted.library.files)).problems).toEqual([]);
  const { copies } = encrypted.library.store;
  expect(copies.list().map(({ id }) => id)).toEqual(expect.arrayContaining([...before]));
  expect(copies.damaged()).toEqual([]);
  expect(encrypted.library.store.audit.after(0).at(-1)).toMatchObject({
    action: 'setting',
    detail: { what: 'encryption', on: true },
  });
  const { fingerprint } = await encrypted.library.files.signingKey();
  await encrypted.library.close();
  expect(foundIn(dir, [...WORDS, ...pictures])).toEqual([]);

  await expect(beginDecryption(dir, 'not this one', options)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await beginDecryption(dir, secret, options);
  const { library } = await tempLibrary({ dir, secret });
  expect(encryptionOf(dir)).toBe('plain');
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
  expect((await library.files.signingKey()).fingerprint).toBe(fingerprint);
  await library.close();
  await (await tempLibrary({ dir })).library.close(); // no passphrase any more
});

it('is not encrypted while de-identified films for others lie in it', async () => {
  const { dir } = await filled();
  mkdirSync(join(dir, 'deidentified', 'one'), { recursive: true });
  await expect(beginEncryption(dir, secret, options)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(encryptionOf(dir)).toBe('plain');
});

it('goes on after the disk failed at any operation', { timeout: 300_000 }, async () => {
  const { dir, pictures } = await filled();
  await beginEncryption(dir, secret, options);
  let failures = 0;
  for (let failAt = 1; encryptionOf(dir) === 'encrypting'; failAt += 3) {
    const opening = openLibrary(dir, {
      workerHost: createNodeWorkerHost(),
      clock,
      log: keptLog(),
      secret,
      disk: failingDisk(failAt),
    });
    const library = await opening.catch(() => null);
    failures += Number(library === null);
    await library?.close();
    if (failAt > 500) throw new Error('it does not come to an end');
  }
  expect(failures).toBeGreaterThan(2);
  expect(foundIn(dir, [...WORDS, ...pictures])).toEqual([]);
  const { library } = await tempLibrary({ dir, secret });
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
});

it('imports films and labels that a window uploaded', async () => {
  const dir = join(tempFolder(), 'library');
  await beginEncryption(dir, secret, options);
  const { library } = await tempLibrary({ dir, secret });
  const { uploads } = library.files;
  const send = (name: string, content: Buffer) =>
    uploads.save('upload-12345678', name, Readable.from([content]), content.length);
  await send(`films/${FILM}`, tinyDicom({ patientId: 'KANARI-4711', pixel: pattern(5) }));
  await send('labels.csv', Buffer.from(`file,patient,abnormal,Edema\n${FILM},Kanarienvogel,1,1\n`));
  expect(foundIn(join(dir, 'uploads'), words('KANARI-4711', 'Kanarienvogel,1,1'))).toEqual([]);
  const { summary } = await importAll(library, {
    paths: [],
    uploadId: 'upload-12345678',
    labels: 'labels.csv',
  });
  expect(summary).toMatchObject({ imported: 1, patients: 1 });
  expect(library.store.labels.counts()).toMatchObject([{ positive: 1 }]);
});

it('de-identified films and exports outside of it can be read, inside it has none for others', async () => {
  const { dir } = await filled();
  await beginEncryption(dir, secret, options);
  const app = await openTestApp({ dir, secret });
  const [film] = app.library.store.films.names();
  const choice = CHOICE;
  const request = { films: [{ filmId: film?.id as FilmId, boxes: [], seen: true }], choice };
  const { deidentify } = app.app.services;
  await expect(deidentify.start({ ...request, folder: null }, call)).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  const folder = join(dir, 'exports');
  await expect(deidentify.start({ ...request, folder }, call)).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
