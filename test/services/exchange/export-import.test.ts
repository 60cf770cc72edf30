/** @file What leaves a library comes back into another one the same; what is broken is refused; a disk that fails leaves nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { plainVault } from '../../../main/files/vault.ts';
import { writeChecked } from '../../../main/services/exchange/checked-files.ts';
import { runExport, type ExportDeps } from '../../../main/services/exchange/export-job.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import { reviewPlan, type ReadingContent } from '../../../shared/contract/review.ts';
import { TABLE_FORMATS } from '../../../shared/domain/exchange.ts';
import type { DecisionId, FilmId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { failingDisk } from '../../helpers/failing-disk.ts';
import { importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../../helpers/tiny-dicom.ts';

const quiet = { signal: new AbortController().signal, report: () => undefined };
const noPredictions: ExportDeps['predict'] = () => {
  throw new Error('no scores are asked for');
};

function filmFolder(): string {
  const dir = join(tempFolder(), 'films');
  mkdirSync(join(dir, 'b'), { recursive: true });
  writeFileSync(join(dir, 'a.dcm'), tinyDicom({ pixel: pattern(1) }));
  writeFileSync(join(dir, 'c.dcm'), tinyDicom({ pixel: pattern(2) }));
  writeFileSync(join(dir, 'b', 'a.dcm'), tinyDicom({ pixel: pattern(3) })); // two films of one name
  return dir;
}

async function withFilms(): Promise<OpenLibrary> {
  const { library } = await tempLibrary();
  await importAll(library, { paths: [filmFolder()] });
  return library;
}

async function withAnnotations(): Promise<OpenLibrary> {
  const library = await withFilms();
  const { store } = library;
  for (const [index, { id }] of store.films.names().entries()) {
    const no = store.films.find(id)?.no ?? 0;
    store.films.setFacts(no, { abnormal: index === 0 ? true : null });
    store.labels.set(no, 'Edema', index === 0);
    if (index === 1) store.labels.set(no, 'Scoliosis', true); // a finding of the library's own
    if (index === 2) continue;
    const box = { finding: 'Edema', x: 1.25, y: 2, width: 10.5 + index, height: 7 };
    store.readings.setBoxes(no, [
      { ...box, reader: 'R1' },
      { ...box, reader: null, x: 3 },
    ]);
  }
  return library;
}

/** Everything that was said of every film. */
function said({ store }: OpenLibrary) {
  return store.films
    .names()
    .map(({ id }) => {
      const film = store.films.find(id);
      const no = film?.no ?? 0;
      const byName = <One extends { readonly finding: string }>(list: readonly One[]) =>
        [...list].sort((a, b) => (a.finding < b.finding ? -1 : 1));
      return {
        id,
        labels: byName(store.labels.ofFilm(no)),
        readings: store.readings.ofFilm(no),
        boxes: store.readings.boxes(no),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const doExport = (library: OpenLibrary, request: object, folder: string, replace = false) =>
  runExport(
    {
      library,
      predict: noPredictions,
      score: () => Promise.reject(new Error('no model is asked')),
      clock: Date,
    },
    exportRequest.parse(request),
    { folder, replace },
    quiet,
  );

describe.each(TABLE_FORMATS)('annotations as %s', (format) => {
  it('come back into another library the same, and a second time change nothing', async () => {
    const library = await withAnnotations();
    const out = join(tempFolder(), 'out');
    const result = await doExport(library, { what: 'annotations', format }, out);
    expect(result.check).toMatch(/3 films, \d+ labels and 4 boxes are the same/);
    expect(readdirSync(out).sort()).toEqual(result.files.map(({ name }) => name).sort());
    const other = await withFilms();
    const event = await importAll(other, { paths: [out] });
    expect(event.error).toBeNull();
    if (format === 'vindr') {
      // image_id is a film's name where it is its only one, else the film's id
      expect(said(other)).toEqual(said(library));
      return;
    }
    expect(said(other)).toEqual(said(library));
    const again = await importAll(other, { paths: [out] });
    expect(again.summary?.warnings.join(' ')).not.toMatch(/changed/i);
    expect(said(other)).toEqual(said(library));
  });
});

describe('import', () => {
  it('tables that are only called as VinDr-CXR’s files are not taken for them', async () => {
    const library = await withFilms();
    const folder = join(tempFolder(), 'theirs');
    mkdirSync(folder);
    writeFileSync(join(folder, 'image_labels.csv'), 'image_id,class_name,rad_id\na.png,Edema,R1\n');
    writeFileSync(
      join(folder, 'annotations.csv'),
      'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na.png,R1,Edema,1,2,3,4\n',
    );
    const before = said(library);
    const event = await importAll(library, { paths: [folder] });
    expect(event.state).toBe('finished');
    expect(said(library)).toEqual(before); // not a word of it stands for a reader called "Edema"
  });

  it('keeps what others drew and said', async () => {
    const library = await withAnnotations();
    const before = said(library);
    const coco = join(tempFolder(), 'theirs.json');
    writeFileSync(
      coco,
      JSON.stringify({
        info: { contributor: 'Site B' },
        images: [{ id: 1, file_name: 'c.png', width: 48, height: 64 }],
        categories: [{ id: 1, name: 'effusion' }],
        annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [4, 8, 20, 40] }],
      }),
    );
    const event = await importAll(library, { paths: [coco] });
    expect(event).toMatchObject({ state: 'finished', error: null });
    const c = library.store.films.names().find(({ name }) => name === 'c.dcm')?.id;
    const boxes = said(library).find(({ id }) => id === c)?.boxes ?? [];
    // theirs is of a picture twice as large
    expect(boxes.at(-1)).toEqual({
      finding: 'Pleural effusion',
      reader: 'Site B',
      x: 2,
      y: 4,
      width: 10,
      height: 20,
    });
    expect(boxes.slice(0, -1)).toEqual(before.find(({ id }) => id === c)?.boxes);
    await importAll(library, { paths: [coco] });
    expect(said(library).find(({ id }) => id === c)?.boxes).toEqual(boxes);
  });

  it.each([
    ['an unknown finding', { images: [], categories: [{ id: 1, name: 'Purple spots' }] }, 'UNKNOWN_LABELS'],
    [
      'a damaged file of ours',
      { format: 'chestlight-annotations', version: 1, findings: [], films: [{}] },
      'BAD_INPUT',
    ],
    ['a newer file of ours', { format: 'chestlight-annotations', version: 2 }, 'INCOMPATIBLE'],
    ['scores', { format: 'chestlight-predictions', version: 1 }, 'BAD_INPUT'],
  ])('refuses %s before anything is changed', async (_what, content, code) => {
    const library = await withAnnotations();
    const before = said(library);
    const file = join(tempFolder(), 'x.json');
    writeFileSync(file, JSON.stringify(content));
    await expect(importAll(library, { paths: [file] })).rejects.toMatchObject({ code });
    expect(said(library)).toEqual(before);
  });

  it('does not give a film’s labels to another one of the same name', async () => {
    const library = await withAnnotations();
    const out = join(tempFolder(), 'out');
    await doExport(library, { what: 'annotations', format: 'csv' }, out);
    const { library: other } = await tempLibrary();
    const dir = tempFolder();
    writeFileSync(join(dir, 'c.dcm'), tinyDicom({ pixel: pattern(99) }));
    const event = await importAll(other, { paths: [dir, join(out, 'annotations.csv')] });
    expect(said(other)[0]).toMatchObject({ labels: [], boxes: [] });
    expect(event.summary?.warnings.join(' ')).toMatch(/name a film which is not there \(3: /);
  });
});

const REVIEW = 'review-000000000001' as ReviewId;
const AMINA = 'reader-000000000001' as ReaderId;

function addSession({ store }: OpenLibrary, part: object = {}): void {
  const films = store.films.names().map(({ id }) => id);
  store.readers.add({ id: AMINA, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  const plan = reviewPlan.parse({
    findings: ['Edema', 'Hernia'],
    questions: [{ id: 'q', text: 'Quality?', answers: ['poor', 'good'], ordered: true, required: false }],
    blinding: 'hidden',
    runId: null,
    timed: false,
    seed: 1,
    ...part,
  });
  const missing = 'film-ffffffffffffffffffffffffffffffff' as FilmId;
  store.reviews.begin(
    { id: REVIEW, name: 'Round 1', plan, createdAt: 1 },
    new Map([[AMINA, [...films, missing]]]),
  );
  const content: ReadingContent = {
    answers: { q: 1 },
    marks: [
      { shape: shape('a', 'rectangle', [1, 2, 11, 9]), finding: 'Edema', confidence: 0.5 },
      { shape: shape('b', 'ellipse', [2, 2, 30, 12]), finding: 'Edema', confidence: null },
      { shape: shape('c', 'length', [1, 1, 5, 5]), finding: 'Hernia', confidence: null },
    ],
    verdicts: [{ finding: 'Hernia', verdict: 'reject', shapeId: null, note: 'skin fold' }],
    note: 'rotated',
    keyFrames: [0],
    seconds: plan.timed ? 41.26 : null,
  };
  for (const [index, filmId] of films.entries()) {
    const version = { reviewId: REVIEW, readerId: AMINA, filmId, content, createdAt: 2 };
    const id = (number: number): ReadingId => `reading-00000000000${index}${number}` as ReadingId;
    store.reviews.append({ ...version, id: id(1), stage: 'reading', after: 0 });
    if (index < 2) store.reviews.append({ ...version, id: id(2), stage: 'read', after: 1 });
  }
}

function shape(
  id: string,
  kind: 'rectangle' | 'ellipse' | 'length',
  [a, b, c, d]: [number, number, number, number],
) {
  return {
    id,
    kind,
    frame: 0,
    text: '',
    points: [
      { x: a, y: b },
      { x: c, y: d },
    ],
  };
}

it('a session gives its signed reads, says what is left out, and comes back as its readers’ reads and boxes', async () => {
  const library = await withFilms();
  addSession(library);
  const out = join(tempFolder(), 'session');
  const { notes, title } = await doExport(
    library,
    { what: 'annotations', format: 'json', reviewId: REVIEW },
    out,
  );
  expect(title).toBe('Round 1');
  expect(notes.join('\n')).toMatch(/1 film of the session is not in this library/);
  expect(notes.join('\n')).toMatch(/1 read not signed yet/);
  expect(notes.join('\n')).toMatch(/2 marks that enclose no area/);
  const file = JSON.parse(readFileSync(join(out, 'annotations.json'), 'utf8')) as {
    films: { boxes: object[]; remarks: object[] }[];
    session: { versions: object[] };
  };
  expect(file.session.versions).toHaveLength(5);
  const read = file.films.find(({ boxes }) => boxes.length > 0);
  // the ellipse reaches beyond the film, which is 24 pixels wide
  expect(read?.boxes).toMatchObject([
    { reader: 'Amina', x: 1, y: 2, width: 10, height: 7, confidence: 0.5, outline: null },
    { reader: 'Amina', x: 2, y: 2, width: 22, height: 10 },
  ]);
  expect(read?.remarks).toEqual([
    { reader: 'Amina', kind: 'answer', about: 'Quality?', value: 'good' },
    { reader: 'Amina', kind: 'verdict', about: 'Hernia', value: 'reject: skin fold' },
    { reader: 'Amina', kind: 'note', about: '', value: 'rotated' },
  ]);
  const other = await withFilms();
  const { summary } = await importAll(other, { paths: [out] });
  expect(summary?.warnings.join('\n')).toMatch(
    /not kept in a library: \d+ answers?, \d+ verdicts?, \d+ notes?.* left out/,
  );
  expect(summary?.warnings.join('\n')).toMatch(
    /How certain a reader was is not kept with a box: \d+ left out/,
  );
  const came = said(other).filter(({ boxes }) => boxes.length > 0);
  expect(came).toHaveLength(2);
  expect(came[0]?.readings).toEqual([
    { reader: 'Amina', finding: 'Edema', value: true },
    { reader: 'Amina', finding: 'Hernia', value: true },
  ]);
});

it('the seconds until each read was signed go out with it, and come back the same', async () => {
  const library = await withFilms();
  addSession(library, { timed: true, blinding: 'after-read', runId: 'run-000000000001' });
  const [filmId] = library.store.films.names().map(({ id }) => id);
  if (filmId === undefined) throw new Error('there are films');
  const at = { reviewId: REVIEW, readerId: AMINA, filmId, createdAt: 3 };
  const content = library.store.reviews.versions(REVIEW, AMINA, filmId).at(-1)?.content;
  if (content === undefined) throw new Error('it was read');
  for (const [index, [stage, seconds]] of (
    [
      ['revealed', 41.26],
      ['revised', 58],
    ] as const
  ).entries()) {
    const id = `reading-00000000009${index}` as ReadingId;
    library.store.reviews.append({ ...at, id, stage, after: 2 + index, content: { ...content, seconds } });
  }
  const rows = async (reads: 'first' | 'last', format: string) => {
    const out = join(tempFolder(), reads);
    const { check } = await doExport(library, { what: 'annotations', format, reviewId: REVIEW, reads }, out);
    expect(check).toMatch(/are the same/);
    return readFileSync(join(out, readdirSync(out)[0] ?? ''), 'utf8');
  };
  const seconds = (text: string): string[][] =>
    text.split(/\r?\n/).flatMap((line) => {
      const cells = line.split(',');
      return cells[0] === filmId && cells[4] === 'seconds'
        ? [line.split(',seconds,')[1]?.split(',') ?? []]
        : [];
    });
  expect(seconds(await rows('first', 'csv')).map((cells) => cells.slice(0, 3))).toEqual([
    ['Amina', 'first read', '41.3'],
  ]);
  expect((await rows('last', 'csv')).match(/,seconds,.*/g)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^,seconds,Amina,first read,41\.3,/),
      expect.stringMatching(/^,seconds,Amina,"revised read, first one included",58,/),
    ]),
  );
  for (const format of ['json', 'coco']) expect(await rows('last', format)).toContain('"seconds"');
});

describe('writing', () => {
  it('leaves an occupied folder alone unless told to replace', async () => {
    const library = await withAnnotations();
    const out = join(tempFolder(), 'out');
    const request = { what: 'annotations', format: 'csv' };
    await doExport(library, request, out);
    const before = readFileSync(join(out, 'annotations.csv'));
    await expect(doExport(library, request, out)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(readFileSync(join(out, 'annotations.csv'))).toEqual(before);
    await doExport(library, request, out, true);
    await expect(doExport(library, request, join(out, 'no', 'such'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const empty = (await tempLibrary()).library;
    await expect(doExport(empty, request, join(out, 'x'))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('leaves nothing behind at whatever operation the disk fails', async () => {
    const files = [
      { name: 'a', bytes: new Uint8Array([1, 2]) },
      { name: 'b', bytes: new Uint8Array([3]) },
    ];
    const check = (): Promise<null> => Promise.resolve(null);
    const probe = failingDisk(0);
    await writeChecked({ folder: join(tempFolder(), 'out'), files, check, vault: plainVault(probe) });
    expect(probe.operations).toBeGreaterThan(8);
    for (let failAt = 1; failAt < probe.operations; failAt++) {
      const parent = tempFolder();
      const write = writeChecked({
        folder: join(parent, 'out'),
        files,
        check,
        vault: plainVault(failingDisk(failAt)),
      });
      await expect(write).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(readdirSync(parent)).toEqual([]);
    }
  });

  it('throws an export away that does not read back', async () => {
    const parent = tempFolder();
    const files = [{ name: 'a', bytes: new Uint8Array([1]) }];
    const check = (): Promise<string> => Promise.resolve('one box is gone');
    await expect(writeChecked({ folder: join(parent, 'out'), files, check })).rejects.toMatchObject({
      code: 'UNREADABLE_FILE',
      message: /one box is gone/,
    });
    expect(existsSync(join(parent, 'out'))).toBe(false);
    expect(readdirSync(parent)).toEqual([]);
  });
});

/** The first film as Jo settled it: Amina's box, another one of Jo's, an answer that Amina did not give. */
function settle({ store }: OpenLibrary): void {
  const [filmId] = store.films.names().map(({ id }) => id);
  if (filmId === undefined) throw new Error('there are films');
  const judge = 'reader-000000000002' as ReaderId;
  store.readers.add({ id: judge, name: 'Jo', role: 'adjudicator', pinHash: null, createdAt: 1 });
  const mark = (drawn: ReturnType<typeof shape>, finding: string, confidence: number | null) => ({
    shape: drawn,
    finding,
    confidence,
  });
  store.decisions.append({
    id: 'decision-000000000001' as DecisionId,
    reviewId: REVIEW,
    filmId,
    adjudicator: judge,
    basis: 'merge',
    sources: ['reading-000000000002' as ReadingId],
    settled: {
      findings: ['Edema', 'Hernia'],
      answers: { q: 0 },
      marks: [
        mark(shape('a', 'rectangle', [1, 2, 11, 9]), 'Edema', 0.5),
        mark(shape('jo', 'rectangle', [3, 3, 9, 7]), 'Hernia', 1),
      ],
      own: { findings: [], answers: ['q'], marks: ['jo'] },
    },
    reason: 'Seen on the film.',
    createdAt: 3,
    after: 0,
  });
}

it('what was settled stands beside the reads, and the adjudicator’s own as such, in every table format', async () => {
  const library = await withFilms();
  addSession(library);
  settle(library);
  for (const format of TABLE_FORMATS) {
    const out = join(tempFolder(), format);
    const request = { what: 'annotations', format, reviewId: REVIEW };
    expect((await doExport(library, request, out)).check).toMatch(/are the same/);
    const text = readdirSync(out)
      .map((name) => readFileSync(join(out, name), 'utf8'))
      .join('\n');
    expect(text).toContain('Jo (settled)');
    expect(text).toContain('Jo (adjudicator’s own)');
  }
  const out = join(tempFolder(), 'json');
  await doExport(library, { what: 'annotations', format: 'json', reviewId: REVIEW }, out);
  const file = JSON.parse(readFileSync(join(out, 'annotations.json'), 'utf8')) as {
    films: { boxes: { reader: string }[]; readings: object[]; remarks: object[] }[];
    session: { decisions: object[] };
  };
  const film = file.films.find(({ boxes }) => boxes.some(({ reader }) => reader.startsWith('Jo')));
  expect(film?.boxes.slice(2)).toMatchObject([
    { reader: 'Jo (settled)', finding: 'Edema', x: 1, y: 2, width: 10, height: 7, confidence: 0.5 },
    { reader: 'Jo (adjudicator’s own)', finding: 'Hernia', x: 3, y: 3, width: 6, height: 4, confidence: 1 },
  ]);
  expect(film?.readings.slice(2)).toEqual([
    { reader: 'Jo (settled)', finding: 'Edema', value: true },
    { reader: 'Jo (settled)', finding: 'Hernia', value: true },
  ]);
  expect(film?.remarks.slice(3)).toEqual([
    { reader: 'Jo (settled)', kind: 'answer', about: 'Quality?', value: 'poor' },
    {
      reader: 'Jo (settled)',
      kind: 'note',
      about: 'Decision',
      value:
        'Put together: Seen on the film. By the adjudicator alone: drawn or changed Hernia; answered Quality?.',
    },
  ]);
  expect(file.session.decisions).toEqual(
    JSON.parse(JSON.stringify([...library.store.decisions.newest(REVIEW).values()])),
  );
  const first = join(tempFolder(), 'first');
  const { notes } = await doExport(
    library,
    { what: 'annotations', format: 'csv', reviewId: REVIEW, reads: 'first' },
    first,
  );
  expect(notes.join('\n')).toContain('1 decision of adjudicators left out');
  expect(readFileSync(join(first, 'annotations.csv'), 'utf8')).not.toContain('Jo');
});
