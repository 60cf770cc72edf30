/** @file Signed reads as DICOM objects out of a real library: in the study of their film, read back, and refused for other films. */
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readFilmReference } from '../../../main/dicom/objects/film-reference.ts';
import { readObject } from '../../../main/dicom/objects/read-back.ts';
import { makeObjects, type ObjectKind } from '../../../main/services/exchange/dicom-export.ts';
import { runExport } from '../../../main/services/exchange/export-job.ts';
import { ofReview } from '../../../main/services/exchange/object-sources.ts';
import type { OpenLibrary } from '../../../main/services/library/open-library.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import type { DecisionId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import { importAll, tempFolder, tempLibrary } from '../../helpers/temp-library.ts';
import { addRun, addSplit } from '../evaluation/scored-runs.ts';
import { box, PLAN, refusal, said } from '../review/review-desk.ts';

const REVIEW = 'review-000000000001' as ReviewId;
const AMINA = 'reader-000000000001' as ReaderId;
const FIXTURES = join(import.meta.dirname, '../../fixtures/dicom');
const predict = () => Promise.reject(new Error('no scores are asked for'));
const quiet = { signal: new AbortController().signal, report: () => undefined };

/** A session in which Amina signed every film with one box. */
async function signedSession(files: readonly string[], marks = [box('Edema')]): Promise<OpenLibrary> {
  const dir = tempFolder();
  for (const file of files) copyFileSync(join(FIXTURES, file), join(dir, file.replaceAll('/', '-')));
  const { library } = await tempLibrary();
  await importAll(library, { paths: [dir] });
  const { store } = library;
  const films = store.films.names().map(({ id }) => id);
  store.readers.add({ id: AMINA, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  store.reviews.begin({ id: REVIEW, name: 'Round', plan: PLAN, createdAt: 1 }, new Map([[AMINA, films]]));
  for (const [index, filmId] of films.entries()) {
    const version = { reviewId: REVIEW, readerId: AMINA, filmId, createdAt: 5, stage: 'reading' as const };
    const content = said({ marks, answers: { quality: 2 }, note: 'clear' });
    const id = (step: number): ReadingId => `reading-0000000000${index}${step}` as ReadingId;
    store.reviews.append({ ...version, id: id(0), after: 0, content });
    store.reviews.append({ ...version, id: id(1), after: 1, content, stage: 'read' });
  }
  return library;
}

async function doExport(library: OpenLibrary, what: 'sr' | 'gsps') {
  const folder = join(tempFolder(), 'out');
  const request = exportRequest.parse({ what, reviewId: REVIEW });
  return {
    folder,
    result: await runExport({ library, predict, score: predict, clock: Date }, request, { folder }, quiet),
  };
}

it.each(['sr', 'gsps'] as const)(
  '%s lies in the study of its film and refers to it; other films are left out by name',
  async (what) => {
    const library = await signedSession(['good/phi-1.dcm', 'plain/grey8.png']);
    const { folder, result } = await doExport(library, what);
    expect(result.films).toBe(1);
    expect(result.notes.join(' ')).toMatch(/did not come as DICOM .*\(1: plain-grey8\.png\)/);
    expect(result.check).toMatch(
      /study, images and frames, graphics, codes, numbers, texts and names of 1 object are the same/,
    );
    const [name = ''] = readdirSync(folder);
    const facts = readObject(readFileSync(join(folder, name)));
    const size = { rows: 96, cols: 96, frames: 1 };
    const film = readFilmReference(readFileSync(join(FIXTURES, 'good/phi-1.dcm')), size);
    expect(facts).toMatchObject({ studyUid: film?.studyUid, images: [film?.sopInstanceUid] });
    expect(facts.graphics).toEqual([{ type: 'POLYLINE', data: [1, 1, 5, 1, 5, 5, 1, 5, 1, 1] }]);
    const again = await doExport(library, what);
    expect(readFileSync(join(again.folder, name))).toEqual(readFileSync(join(folder, name)));
  },
);

/** An object of a session whose film has two frames, and what its check says once `from` in it became `to`, as long. */
async function problemAfter(kind: ObjectKind, from: string, to: string): Promise<string | null> {
  const marks = [
    { ...box('Edema'), shape: { ...box('Edema').shape, frame: 1, text: 'hazy ünder' } },
    box('Hernia', 'b', 20),
  ];
  const library = await signedSession(['good/multiframe2.dcm'], marks);
  const source = ofReview(library, REVIEW, 'last');
  const made = await makeObjects(library, kind, source, { version: '0.1.0', progress: quiet });
  expect(made.files).toHaveLength(1);
  const { name = '', bytes } = made.files[0] ?? {};
  const written = Buffer.from(bytes ?? []);
  expect(made.check(new Map([[name, written]]))).toBeNull();
  const at = written.lastIndexOf(from, undefined, 'latin1');
  expect(at).toBeGreaterThan(0);
  written.write(to, at, 'latin1');
  return made.check(new Map([[name, written]]));
}

/** (0008,1160) as it is written: IS, two bytes, the number and a space. */
const frameNumber = (number: number) => `\x08\0\x60\x11IS\x02\0${number} `;

it.each([
  ['sr', 'a text at a mark', 'hazy', 'lazy'],
  ['sr', 'a note', 'clear', 'cleat'],
  ['sr', 'a reader', 'Amina', 'Anima'],
  ['sr', 'a frame', frameNumber(2), frameNumber(1)],
  ['sr', 'a number', 'DS\x02\x0050', 'DS\x02\x0005'],
  ['gsps', 'a text at a mark', 'hazy', 'lazy'],
  ['gsps', 'a reader', 'Amina', 'Anima'],
  ['gsps', 'a frame', frameNumber(2), frameNumber(1)],
] as const)('%s: %s that was written wrong is found when it is read back', async (kind, _, from, to) => {
  expect(await problemAfter(kind, from, to)).toMatch(/does not say what it should/);
});

it.each(['sr', 'gsps'] as const)('%s: odd texts are not taken for a fault', async (what) => {
  const texts = [
    ' a\\b\r\nc\td ',
    '😀'.repeat(600) + '\ud800',
    '\u001b$B;3',
    '\0',
    ' ',
    '\u00a0é',
    `${'x'.repeat(1023)}😀`,
  ];
  const marks = texts.map((text, index) => {
    const mark = box(' Edema ^\\=', `mark-${index}`, index);
    return { ...mark, shape: { ...mark.shape, text } };
  });
  const library = await signedSession(['good/phi-1.dcm'], marks);
  expect((await doExport(library, what)).result.films).toBe(1);
});

it('a film in colour has no grayscale state, which is told by its name; a report has it', async () => {
  const library = await signedSession(['good/phi-1.dcm', 'good/rgb-secondary-capture.dcm']);
  const { result } = await doExport(library, 'gsps');
  expect(result.films).toBe(1);
  expect(result.notes.join(' ')).toMatch(/colour are left out .*\(1: good-rgb-secondary-capture\.dcm\)/);
  expect((await doExport(library, 'sr')).result.films).toBe(2);
  const alone = await signedSession(['good/rgb-secondary-capture.dcm']);
  expect((await refusal(() => doExport(alone, 'gsps'))).message).toMatch(
    /films in colour.*Nothing was written/,
  );
});

it('a session without a film from DICOM is refused by name, and so is one without a signed read', async () => {
  const plain = await signedSession(['plain/grey8.png']);
  expect((await refusal(() => doExport(plain, 'sr'))).message).toMatch(
    /nothing to report into \(1: plain-grey8\.png\)/,
  );
  const unmarked = await signedSession(['good/phi-1.dcm'], []);
  expect((await refusal(() => doExport(unmarked, 'gsps'))).message).toMatch(/has a mark to draw/);
  expect((await doExport(unmarked, 'sr')).result.files).toHaveLength(1);
});

it('a decision is a report of its own, which says what of it no reader drew', async () => {
  const library = await signedSession(['good/phi-1.dcm']);
  const { store } = library;
  const [filmId] = store.films.names().map(({ id }) => id);
  if (filmId === undefined) throw new Error('there is a film');
  store.decisions.append({
    id: 'decision-000000000001' as DecisionId,
    reviewId: REVIEW,
    filmId,
    adjudicator: AMINA,
    basis: 'merge',
    sources: ['reading-000000000001' as ReadingId],
    settled: {
      findings: ['Edema', 'Hernia'],
      answers: { quality: 2 },
      marks: [box('Edema'), box('Hernia', 'own', 20)],
      own: { findings: ['Hernia'], answers: [], marks: ['own'] },
    },
    reason: 'Seen on the film.',
    createdAt: 6,
    after: 0,
  });
  const { folder, result } = await doExport(library, 'sr');
  expect(result.files).toHaveLength(2);
  const name = readdirSync(folder).find((one) => one.endsWith('-settled.dcm')) ?? '';
  const bytes = readFileSync(join(folder, name));
  expect(readObject(bytes).graphics).toEqual([
    { type: 'POLYLINE', data: [1, 1, 5, 1, 5, 5, 1, 5, 1, 1] },
    { type: 'POLYLINE', data: [20, 1, 24, 1, 24, 5, 20, 5, 20, 1] },
  ]);
  expect(bytes.toString('latin1')).toContain('Amina (settled)');
  expect(bytes.toString('latin1')).toContain(
    'By the adjudicator alone: drawn or changed Hernia; found Hernia.',
  );
});

/** Two films of DICOM, one picture. */
async function threeFilms(): Promise<OpenLibrary> {
  const dir = tempFolder();
  for (const file of ['good/phi-1.dcm', 'plain/grey8.png']) {
    copyFileSync(join(FIXTURES, file), join(dir, file.replaceAll('/', '-')));
  }
  const { library } = await tempLibrary();
  await importAll(library, { paths: [dir] });
  return library;
}

async function exported(library: OpenLibrary, request: object, scores: typeof predict = predict) {
  const folder = join(tempFolder(), 'out');
  const deps = { library, predict: scores, score: predict, clock: Date };
  const result = await runExport(deps, exportRequest.parse(request), { folder }, quiet);
  return { result, objects: readdirSync(folder).map((name) => readObject(readFileSync(join(folder, name)))) };
}

it('what was drawn in the reading room goes into the study of its film, as a report and as graphics', async () => {
  const library = await threeFilms();
  expect((await refusal(() => exported(library, { what: 'sr' }))).message).toMatch(/Nothing was drawn/);
  const points = [
    { x: 1, y: 2 },
    { x: 9, y: 12 },
  ];
  const region = { id: 'a', kind: 'rectangle' as const, frame: 0, text: 'here', points };
  const length = { id: 'b', kind: 'length' as const, frame: 0, text: '', points };
  for (const { id } of library.store.films.names()) {
    const no = library.store.films.find(id)?.no ?? 0;
    library.store.annotations.put(no, { shapes: [region, length], version: 3, changedAt: 7 });
  }
  const report = await exported(library, { what: 'sr' });
  expect(report.result).toMatchObject({ films: 1, title: 'Reading room' });
  expect(report.result.notes.join(' ')).toMatch(/did not come as DICOM.*1 mark without an area/);
  expect(report.objects[0]?.graphics).toEqual([{ type: 'POLYLINE', data: [1, 2, 9, 2, 9, 12, 1, 12, 1, 2] }]);
  const state = await exported(library, { what: 'gsps' });
  expect(state.objects[0]?.graphics).toHaveLength(2);
});

it('the scores of a run go into the study of each film; a film that nothing can be reported of is not asked about', async () => {
  const library = await threeFilms();
  const runId = addRun(
    library,
    { method: 'none', resolution: 28, splitId: addSplit(library, () => 'test'), findings: ['Edema'] },
    null,
  );
  const asked: string[] = [];
  const score = (name: string, value: number) => ({ name, score: value, threshold: null, uncertain: false });
  const scores = ((input: { filmId: string }) => {
    asked.push(input.filmId);
    return Promise.resolve({ t2: score('abnormal', 0.25), t1: [score('Edema', 1 / 3)] });
  }) as unknown as typeof predict;
  const { result, objects } = await exported(library, { what: 'sr', runId }, scores);
  expect(asked).toHaveLength(1);
  expect(result).toMatchObject({ films: 1, title: library.store.runs.get(runId).name });
  expect(objects[0]).toMatchObject({ numbers: ['25', '33.33333333'], graphics: [] });
  expect(objects[0]?.codes.slice(-2)).toEqual(['Abnormal', 'Edema']);
  const gsps = await refusal(() => exported(library, { what: 'gsps', runId }, scores));
  expect(gsps.message).toMatch(/nothing to draw.*SR/);
});
