/** @file The verb `review`: readers, a session from a plan file, its list and agreement; plans that do not fit make nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { LOCK_MINUTES_KEY } from '../../main/services/lock/lock-service.ts';
import { hashPin, isPin } from '../../main/services/review/pin-hash.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { runCli } from '../helpers/cli-process.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { tempFolder, tempLibrary, testClock } from '../helpers/temp-library.ts';
import { box, said } from '../services/review/review-desk.ts';

async function libraryOfFilms(): Promise<{ dir: string; films: readonly FilmId[] }> {
  const { library, dir } = await tempLibrary();
  const films = addFilms(
    library.store,
    Array.from({ length: 8 }, (_, patient) => ({
      patient: patient % 4,
      name: `chest ${patient}.dcm`,
      abnormal: patient < 4,
    })),
  );
  await library.close();
  return { dir, films };
}

function planFile(plan: object): string {
  const file = join(tempFolder(), 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return file;
}

const PLAN = {
  name: 'Round one',
  readers: ['Amina', 'bo'],
  films: { abnormal: 'abnormal' },
  findings: ['Edema'],
  questions: [
    { id: 'quality', text: 'How good?', answers: ['poor', 'fair', 'good'], ordered: true, required: false },
  ],
};

/** Both sign every film; they differ on the first one. */
function signAll(store: Store, reviewId: ReviewId, readers: readonly ReaderId[]): void {
  let made = 0;
  for (const [at, readerId] of readers.entries()) {
    for (const filmId of store.reviews.filmsOf(reviewId, readerId).toSorted()) {
      const first = filmId.endsWith('0');
      const marks = first && at === 1 ? [] : [box('Edema')];
      made += 1;
      store.reviews.append({
        id: `reading-${String(made).padStart(12, '0')}` as ReadingId,
        reviewId,
        readerId,
        filmId,
        stage: 'read',
        content: said({ marks, answers: { quality: 1 } }),
        createdAt: 1,
        after: 0,
      });
    }
  }
}

it('adds readers, makes a session from a plan, lists it and tells how far they agree', async () => {
  const { dir } = await libraryOfFilms();
  const at = ['--library', dir];
  expect((await runCli(['review', 'list', ...at])).json).toEqual({ reviews: [] });
  for (const name of ['Amina', 'Bo']) {
    expect((await runCli(['review', 'add-reader', name, ...at])).json).toMatchObject({
      name,
      role: 'reader',
      canSignIn: false,
    });
  }
  const made = await runCli(['review', 'create', '--plan', planFile(PLAN), ...at]);
  expect(made).toMatchObject({ status: 0, json: { name: 'Round one', films: 4, closedAt: null } });
  const { id, readers } = made.json as { id: ReviewId; readers: { reader: { id: ReaderId } }[] };

  const store = openStore(join(dir, 'library.db'), { clock: testClock() });
  signAll(
    store,
    id,
    readers.map(({ reader }) => reader.id),
  );
  expect(store.audit.after(0).at(-1)).toMatchObject({ action: 'review', detail: { by: 'command line' } });
  store.close();

  const { json } = await runCli(['review', 'list', ...at]);
  expect(json).toMatchObject({
    reviews: [{ id, readers: [{ progress: { done: 4 } }, { progress: { done: 4 } }] }],
  });
  const report = await runCli(['review', 'agreement', id, '--reference', 'labels', ...at]);
  expect(report.status).toBe(0);
  expect(report.json).toMatchObject({
    signed: [4, 4],
    films: 4,
    patients: 4,
    findings: [{ finding: 'Edema', pairs: [{ kappa: { films: 4, observed: 0.75 }, boxes: { paired: 3 } }] }],
  });
  const codes = (report.json as { limits: { code: string }[] }).limits.map(({ code }) => code);
  expect(codes).toContain('not-clustered-by-patient');
});

it.each([
  ['a reader who is not there', { readers: ['Amina', 'Zoe'] }, 'NOT_FOUND', '"Zoe"'],
  ['a film that is not there', { films: ['chest 99.dcm'] }, 'NOT_FOUND', 'chest 99.dcm'],
  ['a field that nobody knows', { blinded: true }, 'BAD_INPUT', 'blinded'],
  ['a model that is to be shown and is not named', { blinding: 'shown' }, 'BAD_INPUT', 'none is chosen'],
])('refuses a plan with %s, and makes nothing', async (_, part, code, word) => {
  const { dir } = await libraryOfFilms();
  const at = ['--library', dir];
  await runCli(['review', 'add-reader', 'Amina', ...at]);
  const file = planFile({ ...PLAN, readers: ['Amina'], ...part });
  const { status, json } = await runCli(['review', 'create', '--plan', file, ...at]);
  const { error } = json as { error: { code: string; message: string } };
  expect([status, error.code]).toEqual([2, code]);
  expect(error.message).toContain(word);
  expect((await runCli(['review', 'list', ...at])).json).toEqual({ reviews: [] });
});

it('tells what labels would come out of a session, and makes a version that train and study know by name', async () => {
  const { dir } = await libraryOfFilms();
  const at = ['--library', dir];
  for (const name of ['Amina', 'Bo']) await runCli(['review', 'add-reader', name, ...at]);
  const made = await runCli(['review', 'create', '--plan', planFile(PLAN), ...at]);
  const { id, readers } = made.json as { id: ReviewId; readers: { reader: { id: ReaderId } }[] };
  const ids = readers.map(({ reader }) => reader.id);
  const store = openStore(join(dir, 'library.db'), { clock: testClock() });
  signAll(store, id, ids);
  store.close();

  const told = await runCli(['review', 'labels', id, ...at]);
  expect(told.status, told.stderr).toBe(0);
  expect(told.json).toMatchObject({
    made: null,
    summary: {
      films: 3,
      sessionFilms: 4,
      leftOut: { unread: 0, tooFew: 0, undecided: 1, gone: 0 },
      findings: [{ finding: 'Edema', positive: 3, negative: 0, unknown: 0, changed: 3, asImported: 1 }],
    },
  });
  expect((await runCli(['review', 'label-versions', ...at])).json).toEqual({ versions: [] });

  const name = ['--name', 'Read twice'];
  const asks: readonly (readonly [readonly string[], string, string])[] = [
    [name, 'BAD_INPUT', 'belongs to an owner'],
    [[...name, '--by', 'Amina'], 'NOT_FOUND', 'no owner "Amina"'],
    [['--where-open', 'guess'], 'BAD_INPUT', 'whereOpen'],
    [['--least-readers', '0'], 'BAD_INPUT', 'leastReaders'],
    [['--abnormal', 'tubes=yes'], 'BAD_INPUT', 'quality'],
    [['--abnormal', 'quality=awful'], 'BAD_INPUT', 'poor, fair, good'],
  ];
  for (const [options, code, word] of asks) {
    const refused = await runCli(['review', 'labels', id, ...options, ...at]);
    const { error } = refused.json as { error: { code: string; message: string } };
    expect([refused.status, error.code]).toEqual([2, code]);
    expect(error.message).toContain(word);
  }
  await runCli(['review', 'add-reader', 'Olga', '--role', 'owner', ...at]);
  const rules = ['--where-open', 'unknown', '--abnormal', 'quality=good,2'];
  const kept = await runCli(['review', 'labels', id, ...name, ...rules, ...at]);
  expect(kept.status, kept.stderr).toBe(0);
  const abnormal = { by: 'question', questionId: 'quality', abnormalAnswers: [2, 1] };
  expect(kept.json).toMatchObject({
    summary: { films: 4, abnormal: { positive: 4 } },
    made: { name: 'Read twice', films: 4, labels: 4, request: { whereOpen: 'unknown', abnormal } },
  });
  const { made: version } = kept.json as { made: object };
  expect((await runCli(['review', 'label-versions', ...at])).json).toEqual({ versions: [version] });
  const again = await runCli(['review', 'labels', id, ...name, ...at]);
  expect([again.status, again.json]).toMatchObject([2, { error: { code: 'CONFLICT' } }]);
  const after = openStore(join(dir, 'library.db'), { clock: testClock() });
  expect(after.audit.after(0).findLast(({ action }) => action === 'label')).toMatchObject({
    detail: { reviewId: id, by: 'command line', films: 4 },
  });
  after.close();

  for (const verb of ['train', 'study']) {
    const refused = await runCli([verb, '--label-version', 'Read once', ...at]);
    expect([refused.status, refused.json]).toMatchObject([2, { error: { code: 'NOT_FOUND' } }]);
    expect((refused.json as { error: { message: string } }).error.message).toContain('"Read twice"');
  }
});

it('says what it can be asked for', async () => {
  const { dir } = await libraryOfFilms();
  expect(await runCli(['review', 'dance', '--library', dir])).toMatchObject({ status: 2 });
  const none = await runCli(['review', 'agreement', 'review-0000dead', '--library', dir]);
  expect(none).toMatchObject({ status: 2, json: { error: { code: 'NOT_FOUND' } } });
});

it('gives who owns the files a way back in when PINs are forgotten, and tells it in the audit trail', async () => {
  const { library, dir } = await tempLibrary();
  const id = 'reader-000000000001' as ReaderId;
  const forgotten = await hashPin('8642');
  library.store.readers.add({ id, name: 'Olga', role: 'owner', pinHash: forgotten, createdAt: 1 });
  library.store.readers.setWrong(id, { count: 9, lastAt: Date.now() });
  library.store.settings.set(LOCK_MINUTES_KEY, 5);
  const open = await runCli(['review', 'reset-pin', 'Olga', '--library', dir]);
  expect(open.status).toBe(2); // the window has the library
  await library.close();
  const stranger = await runCli(['review', 'reset-pin', 'Zoe', '--library', dir]);
  expect([stranger.status, stranger.json]).toMatchObject([2, { error: { code: 'NOT_FOUND' } }]);
  const made = await runCli(['review', 'reset-pin', 'olga', '--library', dir]);
  const { pin, readerId } = made.json as { pin: string; readerId: string };
  expect([readerId, pin]).toEqual([id, expect.stringMatching(/^\d{8}$/)]);
  expect((await runCli(['review', 'lock-off', '--library', dir])).json).toEqual({ minutes: 0 });
  const store = openStore(join(dir, 'library.db'), { clock: testClock() });
  const reader = store.readers.find(id);
  expect(await isPin(pin, reader?.pinHash ?? '')).toBe(true);
  expect(await isPin('8642', reader?.pinHash ?? '')).toBe(false);
  expect(reader?.wrong.count).toBe(0);
  expect(store.settings.get(LOCK_MINUTES_KEY)).toBe(0);
  const told = store.audit.after(0).map(({ action, detail }) => [action, detail]);
  expect(told).toContainEqual(['review', { what: 'PIN set', by: 'command line' }]);
  expect(told).toContainEqual(['setting', { what: 'lock', minutes: 0, by: 'command line' }]);
  expect(JSON.stringify(told)).not.toContain(pin);
  store.close();
});
