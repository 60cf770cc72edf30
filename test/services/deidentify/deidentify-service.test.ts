/** @file Films of a real library without their patients: nothing of them in what is written, in the database, in logs and caches. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';
import type { z } from 'zod';

import type { deidentifyEvent, DeidentifyChoice } from '../../../shared/contract/deidentify.ts';
import { deidentifyRequest } from '../../../shared/contract/deidentify.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import type { CleanFile } from '../../../main/dicom/deidentify/clean-file.ts';
import { realDisk, type Disk } from '../../../main/files/disk.ts';
import { createDeidentifyService } from '../../../main/services/deidentify/deidentify-service.ts';
import { writeFilms } from '../../../main/services/deidentify/write-films.ts';
import { call, importAll, tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

/** As services give it, before the contract looks at it. */
type DeidentifyEvent = z.input<typeof deidentifyEvent>;

const FIXTURES = new URL('../../fixtures/deidentify/', import.meta.url);
const NOTHING: DeidentifyChoice = {
  shiftDates: false,
  keepPatientCharacteristics: false,
  keepDevice: false,
  keepOverlays: false,
};
/** Canaries, and what stands in the films with names in other alphabets. */
const SECRETS = [
  ...['KANARI', '3680043.8.498.99', 'MRN-', 'SN-4711', '20190203', '19210211', 'ACME', 'stood', 'called'],
  ...[
    'Müller',
    'Jürgen',
    'Διονυσιος',
    'Петрова',
    'Анна',
    "O'Connor",
    'Siobhán',
    'Yamada',
    '山田',
    'Hong^Gildong',
    '길동',
  ],
];

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function secretsIn(bytes: Buffer): readonly string[] {
  const codes = (text: string) =>
    /^[\x20-\xff]*$/.test(text) ? (['utf8', 'latin1', 'utf16le'] as const) : (['utf8', 'utf16le'] as const);
  return SECRETS.filter((text) => codes(text).some((code) => bytes.includes(Buffer.from(text, code))));
}

async function open() {
  const source = join(tempFolder(), 'films');
  mkdirSync(source);
  const names = readdirSync(FIXTURES);
  names.forEach((name, index) => copyFileSync(new URL(name, FIXTURES), join(source, `film ${index}.dcm`)));
  for (const index of [0, 1]) {
    const film = {
      patientId: 'MRN-same',
      patientName: 'Doe^Jane',
      sopUid: `1.2.3.${index}`,
      pixel: pattern(index + 3),
    };
    writeFileSync(join(source, `same ${index}.dcm`), tinyDicom(film));
  }
  const opened = await tempLibrary();
  await importAll(opened.library, { paths: [source] });
  const parts = createDeidentifyService({ library: opened.library, clock: testClock(), log: opened.log });
  onTestFinished(() => parts.close());
  const films = opened.library.store.films.names().map(({ id }) => id);
  return { ...opened, ...parts, films };
}

async function run(
  service: Awaited<ReturnType<typeof open>>['service'],
  input: unknown,
): Promise<DeidentifyEvent> {
  const { deidentificationId } = await service.start(deidentifyRequest.parse(input), call);
  let last: DeidentifyEvent | null = null;
  for await (const event of await service.watch({ deidentificationId: deidentificationId as never }, call))
    last = event;
  if (last === null) throw new Error('it sends at least one event');
  return last;
}

it('writes films in which nothing of the patient remains, and leaves nothing of them in database, logs and caches', async () => {
  const { service, films, dir, library, log } = await open();
  for (const filmId of films) await service.preview({ filmId, choice: NOTHING }, call);
  const { state, result } = await run(service, {
    films: films.map((filmId) => ({ filmId })),
    choice: NOTHING,
  });
  expect(state).toBe('finished');
  expect(result?.left).toEqual([]);
  expect(result?.films).toBe(films.length);
  const written = filesBelow(result?.folder ?? '');
  expect(written).toHaveLength(films.length);
  // The films as they came are the library's artifacts; there the canaries are.
  const originals = new Set(films.map((id) => library.store.films.find(id)?.originalSha256));
  const found: string[] = [];
  let originalsWithSecrets = 0;
  for (const path of filesBelow(dir)) {
    const secrets = [...secretsIn(readFileSync(path)), ...secretsIn(Buffer.from(path.slice(dir.length)))];
    if (originals.has(path.split('/').at(-1))) originalsWithSecrets += secrets.length > 0 ? 1 : 0;
    else if (secrets.length > 0) found.push(`${path}: ${secrets.join(', ')}`);
  }
  expect(originalsWithSecrets).toBe(films.length);
  expect(found).toEqual([]);
  expect(secretsIn(Buffer.from(log.lines.join('\n')))).toEqual([]);
  expect(secretsIn(Buffer.from(JSON.stringify(library.store.audit.after(0))))).toEqual([]);
});

it('keeps films of a patient together, tells the trail of every film, and gives the same codes the next time', async () => {
  const { service, films, library } = await open();
  const input = { films: films.map((filmId) => ({ filmId })), choice: { ...NOTHING, shiftDates: true } };
  const first = await run(service, input);
  const again = await run(service, input);
  const list = (event: DeidentifyEvent) =>
    filesBelow(event.result?.folder ?? '')
      .map((path) => path.slice(event.result?.folder.length))
      .sort();
  expect(list(first)).toEqual(list(again));
  expect(first.result?.patients).toBe(films.length - 1);
  const entries = library.store.audit.after(0).filter(({ action }) => action === 'deidentify');
  expect(entries.map(({ subject }) => subject)).toEqual([...films, ...films]);
  expect(entries[0]?.detail).toMatchObject({ methods: '113100 113107', boxes: 0, seen: false });
});

it('shows what would be done without writing, finds no writing where there is none', async () => {
  const { service, films, dir } = await open();
  const before = filesBelow(dir).length;
  const film = films[0] as FilmId;
  const preview = await service.preview({ filmId: film, choice: NOTHING }, call);
  expect(preview.patientCode).toMatch(/^P-[0-9A-F]{12}$/);
  expect(preview.actions.find(({ tag }) => tag === '(0010,0010)')).toMatchObject({
    treatment: 'written',
    after: preview.patientCode,
  });
  expect(await service.writing({ filmId: film }, call)).toMatchObject({ regions: [], frames: 1 });
  expect(filesBelow(dir)).toHaveLength(before);
});

it('leaves nothing when it is cancelled, and nothing of a film that is gone', async () => {
  const { service, films, dir, library } = await open();
  const input = deidentifyRequest.parse({ films: films.map((filmId) => ({ filmId })), choice: NOTHING });
  const { deidentificationId } = await service.start(input, call);
  await expect(Promise.resolve(service.start(input, call))).rejects.toMatchObject({ code: 'CONFLICT' });
  await service.cancel({ deidentificationId: deidentificationId as never }, call);
  expect((await service.current({}, call))?.state).toBe('cancelled');
  expect(readdirSync(join(dir, 'deidentified'))).toEqual([]);
  expect(library.store.audit.after(0).some(({ action }) => action === 'deidentify')).toBe(false);
  await expect(
    Promise.resolve(
      service.start(
        { ...input, films: [{ filmId: 'film-00000000' as FilmId, boxes: [], seen: false }] },
        call,
      ),
    ),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('of two films with one SOP Instance UID one is written and the other is named', async () => {
  const source = join(tempFolder(), 'films');
  mkdirSync(source);
  for (const index of [0, 1]) {
    const film = {
      patientId: 'MRN-same',
      patientName: 'Doe^Jane',
      sopUid: '1.2.3',
      pixel: pattern(index + 3),
    };
    writeFileSync(join(source, `${index}.dcm`), tinyDicom(film));
  }
  const { library, log } = await tempLibrary();
  await importAll(library, { paths: [source] });
  const parts = createDeidentifyService({ library, clock: testClock(), log });
  onTestFinished(() => parts.close());
  const films = library.store.films.names().map(({ id }) => ({ filmId: id }));
  expect(films).toHaveLength(2);
  const { state, result } = await run(parts.service, { films, choice: NOTHING });
  expect(state).toBe('finished');
  expect(result).toMatchObject({ films: 1, left: [{ filmId: films[1]?.filmId, code: 'SAME_UID' }] });
  expect(filesBelow(result?.folder ?? '').filter((path) => path.endsWith('.dcm'))).toHaveLength(1);
});

it('a film that lies on the disk otherwise than it was written is told, and nothing is left', async () => {
  const parent = tempFolder();
  const disk: Disk = {
    ...realDisk,
    async create(path, mode) {
      const file = await realDisk.create(path, mode);
      return { ...file, write: (bytes) => file.write(bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte))) };
    },
  };
  const file: CleanFile = { bytes: new Uint8Array(64), path: 'P-1/2.25.1.dcm', methods: [], actions: [] };
  const writing = writeFilms({
    films: [{ filmId: 'film-0' as FilmId, boxes: [], seen: false }],
    target: join(parent, 'out'),
    signal: new AbortController().signal,
    disk,
    clean: () => Promise.resolve(file),
    report: () => undefined,
    written: () => undefined,
  });
  await expect(writing).rejects.toMatchObject({ code: 'UNREADABLE_FILE' });
  expect(readdirSync(parent)).toEqual([]);
});
