/** @file Review sessions in the real store: every version kept, steps in order, nothing acknowledged lost to a kill. */
import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { NewVersion } from '../../main/store/reviews.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { reviewPlan, type ReadingContent, type Review } from '../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../shared/domain/ids.ts';
import { firstRead, revisedRead, type ModelBlinding, type ReadingStage } from '../../shared/domain/review.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const READER = 'reader-000000000001' as ReaderId;
const OTHER = 'reader-000000000002' as ReaderId;
const REVIEW = 'review-000000000001' as ReviewId;
const FIRST = 'film-00000000000000000000000000000000' as FilmId;
const SECOND = 'film-00000000000000000000000000000001' as FilmId;

const content = (note: string): ReadingContent => ({
  answers: { normal: 1 },
  marks: [
    {
      shape: {
        id: 'a',
        kind: 'rectangle',
        frame: 0,
        points: [
          { x: 1, y: 2 },
          { x: 5.25, y: 7 },
        ],
        text: '',
      },
      finding: 'Edema',
      confidence: 0.75,
    },
  ],
  verdicts: [{ finding: 'Hernia', verdict: 'reject', shapeId: null, note: '' }],
  note,
  keyFrames: [0],
  seconds: 12.5,
});

function session(blinding: ModelBlinding = 'after-read'): Review {
  const plan = reviewPlan.parse({
    findings: ['Edema', 'Hernia'],
    questions: [
      { id: 'normal', text: 'Is it normal?', answers: ['no', 'yes'], ordered: false, required: true },
    ],
    blinding,
    runId: 'run-000000000001',
    timed: true,
    seed: 1,
  });
  return { id: REVIEW, name: 'Chest, first round', plan, createdAt: 1 };
}

function openReview(blinding?: ModelBlinding): { readonly store: Store; readonly file: string } {
  const file = join(tempFolder(), 'library.db');
  const store = openStore(file, { clock: testClock() });
  onTestFinished(() => store.close());
  addFilms(store, [{ patient: 1 }, { patient: 2 }]);
  store.readers.add({ id: READER, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  store.readers.add({ id: OTHER, name: 'Bo', role: 'adjudicator', pinHash: null, createdAt: 1 });
  const order = new Map([
    [READER, [SECOND, FIRST]],
    [OTHER, [FIRST, SECOND]],
  ]);
  store.reviews.begin(session(blinding), order);
  return { store, file };
}

function version(number: number, stage: ReadingStage, note = 'first'): NewVersion {
  return {
    id: `reading-${String(number).padStart(12, '0')}` as ReadingId,
    reviewId: REVIEW,
    readerId: READER,
    filmId: FIRST,
    stage,
    content: content(note),
    createdAt: 1000 - number,
    after: number - 1,
  };
}

describe('a review session', () => {
  it('gives each reader the films in the reader’s own order', () => {
    const { store } = openReview();
    expect(store.reviews.all()).toEqual([{ ...session(), closedAt: null }]);
    expect(store.reviews.worklist(REVIEW, READER).map(({ filmId }) => filmId)).toEqual([SECOND, FIRST]);
    expect(store.reviews.worklist(REVIEW, OTHER).map(({ filmId }) => filmId)).toEqual([FIRST, SECOND]);
    expect(() => store.reviews.find('review-000000000009' as ReviewId)).toThrow('not in the library');
  });

  it('is kept whole or not at all', () => {
    const { store } = openReview();
    const made = { ...session(), id: 'review-000000000002' as ReviewId };
    expect(() => store.reviews.begin(made, new Map([[READER, [FIRST, FIRST]]]))).toThrow();
    expect(store.reviews.all()).toHaveLength(1);
  });

  it('has a name for one reader only, letter case aside', () => {
    const { store } = openReview();
    const twin = { id: 'reader-000000000003' as ReaderId, name: 'AMINA', createdAt: 1, pinHash: null };
    expect(() => store.readers.add({ ...twin, role: 'reader' })).toThrow('another name');
    expect(store.readers.all().map(({ name }) => name)).toEqual(['Amina', 'Bo']);
  });
});

describe('versions', () => {
  it('are all kept from the first read to the revised one, in order even when the clock goes back', () => {
    const { store } = openReview();
    const steps: [ReadingStage, string][] = [
      ['reading', 'first'],
      ['read', 'second'],
      ['revealed', 'second'],
      ['revising', 'third'],
      ['revised', 'fourth'],
    ];
    for (const [index, [stage, note]] of steps.entries()) {
      expect(store.reviews.append(version(index + 1, stage, note)).number).toBe(index + 1);
    }
    const kept = store.reviews.versions(REVIEW, READER, FIRST);
    expect(kept.map(({ stage, content: { note } }) => [stage, note])).toEqual(steps);
    expect(kept[0]?.content).toEqual(content('first'));
    expect(firstRead(kept)?.content.note).toBe('second');
    expect(revisedRead(kept)?.content.note).toBe('fourth');
    expect(store.reviews.worklist(REVIEW, READER).at(-1)).toMatchObject({ stage: 'revised', versions: 5 });
    expect(store.reviews.versions(REVIEW, OTHER, FIRST)).toEqual([]);
  });

  it('sent twice are kept once; another one under the same id is refused', () => {
    const { store } = openReview();
    const { outcome, ...first } = store.reviews.append(version(1, 'reading'));
    expect(outcome).toBe('kept');
    // The clock of the second sending says something else; the first is kept.
    const again = { ...version(1, 'reading'), createdAt: 5 };
    expect(store.reviews.append(again)).toEqual({ ...first, outcome: 'repeated' });
    expect(() => store.reviews.append(version(1, 'reading', 'else'))).toThrow('left as it is');
    store.reviews.append(version(2, 'reading', 'second'));
    expect(store.reviews.append(again)).toEqual({ ...first, outcome: 'late' });
    // The same under another id, as from a window that lost its memory of having sent it.
    const other = { ...again, id: 'reading-999999999999' as ReadingId };
    expect(store.reviews.append(other)).toEqual({ ...first, outcome: 'late' });
    expect(store.reviews.versions(REVIEW, READER, FIRST)).toHaveLength(2);
  });

  it('that say what the newest says already are not kept again; a signature always is', () => {
    const { store } = openReview();
    store.reviews.append(version(1, 'reading'));
    expect(store.reviews.append(version(2, 'reading'))).toMatchObject({ outcome: 'unchanged', number: 1 });
    expect(store.reviews.append(version(2, 'read'))).toMatchObject({ outcome: 'kept', number: 2 });
  });

  it('with a number that JSON writes otherwise are known again', () => {
    const { store } = openReview();
    const zero = { ...version(1, 'reading'), content: { ...content(''), seconds: -0 } };
    store.reviews.append(zero);
    expect(store.reviews.append(zero).outcome).toBe('repeated');
  });

  it('are refused when another came between', () => {
    const { store } = openReview();
    store.reviews.append(version(1, 'reading'));
    const late = { ...version(1, 'reading', 'late'), id: 'reading-999999999999' as ReadingId };
    expect(() => store.reviews.append(late)).toThrow('another window');
    const ahead = { ...version(5, 'reading'), after: 4 };
    expect(() => store.reviews.append(ahead)).toThrow('has not arrived');
  });

  it('show the model after a signed read only, and leave that read as it was', () => {
    const { store } = openReview();
    store.reviews.append(version(1, 'reading'));
    expect(() => store.reviews.append(version(2, 'revealed'))).toThrow('signed');
    expect(() => store.reviews.append(version(2, 'revised'))).toThrow('not possible');
    store.reviews.append(version(2, 'read'));
    expect(() => store.reviews.append(version(3, 'revealed', 'changed'))).toThrow('as it is');
    store.reviews.append(version(3, 'revealed'));
    expect(() => store.reviews.append(version(4, 'reading'))).toThrow('not possible');
  });

  it('never show the model where it stays hidden', () => {
    const { store } = openReview('hidden');
    store.reviews.append(version(1, 'read'));
    expect(() => store.reviews.append(version(2, 'revealed'))).toThrow('Nothing was changed');
  });

  it('belong to a film on the reader’s list and hold sound shapes', () => {
    const { store } = openReview();
    expect(() =>
      store.reviews.append({ ...version(1, 'reading'), filmId: 'film-99999999' as FilmId }),
    ).toThrow('list');
    const [mark] = content('').marks;
    if (mark === undefined) throw new Error('the example has a mark');
    const broken = { ...content(''), marks: [{ ...mark, shape: { ...mark.shape, points: [] } }] };
    expect(() => store.reviews.append({ ...version(1, 'reading'), content: broken })).toThrow('points');
    expect(store.reviews.versions(REVIEW, READER, FIRST)).toEqual([]);
  });

  it('are told by their steps: what was signed or revealed, and the newest', () => {
    const { store } = openReview();
    const stages: ReadingStage[] = [
      'reading',
      'reading',
      'read',
      'reading',
      'read',
      'revealed',
      'revising',
      'revising',
    ];
    for (const [index, stage] of stages.entries()) {
      store.reviews.append(version(index + 1, stage, stage === 'revealed' ? 'v4' : `v${index}`));
    }
    const place = { reviewId: REVIEW, readerId: READER, filmId: FIRST };
    expect(store.reviews.stepsOf(place).map(({ stage }) => stage)).toEqual(stages);
    const steps = store.reviews.steps(REVIEW);
    expect(steps.map(({ number, stage }) => [number, stage])).toEqual([
      [3, 'read'],
      [5, 'read'],
      [6, 'revealed'],
      [8, 'revising'],
    ]);
    expect(firstRead(steps)?.number).toBe(firstRead(store.reviews.stepsOf(place))?.number);
    expect(store.reviews.stageOf(place)).toBe('revising');
    expect(store.reviews.order(REVIEW, READER)).toEqual([
      { filmId: SECOND, stage: null, isMissing: false },
      { filmId: FIRST, stage: 'revising', isMissing: false },
    ]);
  });

  it('are kept short for figures: outlines as boxes, no notes', () => {
    const { store } = openReview();
    const [mark] = content('').marks;
    if (mark === undefined) throw new Error('the example has a mark');
    const points = [
      { x: 3, y: 8 },
      { x: 9, y: 2 },
      { x: 5, y: 4 },
    ];
    const outline = { ...mark, shape: { ...mark.shape, kind: 'freehand' as const, points, text: 'words' } };
    store.reviews.append({ ...version(1, 'reading'), content: { ...content('note'), marks: [outline] } });
    const said = store.reviews.said(version(1, 'reading').id);
    expect(said?.note).toBe('');
    expect(said?.marks[0]?.shape).toEqual({
      ...mark.shape,
      kind: 'rectangle',
      text: '',
      points: [
        { x: 3, y: 2 },
        { x: 9, y: 8 },
      ],
    });
    expect(store.reviews.said('reading-0000dead' as ReadingId)).toBeNull();
  });

  it('cannot be changed or removed by any other program either', () => {
    const { store, file } = openReview();
    store.reviews.append(version(1, 'reading'));
    const db = new Database(file);
    expect(() => db.exec("UPDATE reading_versions SET stage = 'read'")).toThrow('never changes');
    expect(() => db.exec('DELETE FROM reading_versions')).toThrow('never removed');
    expect(() => db.exec("UPDATE reviews SET plan = '{}'")).toThrow('never changes');
    db.close();
  });
});

it('loses nothing acknowledged when the process is killed', async () => {
  const { store, file } = openReview();
  store.close();
  let kept = 0;
  for (let kill = 0; kill < 8; kill += 1) {
    const program = join(import.meta.dirname, '../helpers/review-program.ts');
    const child = spawn(process.execPath, [program, file, String(kept), FIRST, READER, REVIEW], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    let acknowledged = kept;
    for await (const chunk of child.stdout) {
      told += String(chunk);
      acknowledged = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
      if (acknowledged >= kept + 5 + 7 * kill) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(acknowledged).toBeGreaterThan(kept);

    const after = openStore(file, { clock: testClock() });
    expect(after.check()).toEqual([]);
    const versions = after.reviews.versions(REVIEW, READER, FIRST);
    after.close();
    expect(versions.length).toBeGreaterThanOrEqual(acknowledged);
    expect(versions.map(({ content: { note } }) => note)).toEqual(
      versions.map((_, index) => `version ${index + 1}`),
    );
    kept = versions.length;
  }
});
