/** @file The agreement report over real rows: who is counted, on which films, and the figures of tables that are known. */
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { agreementReport } from '../../../main/services/review/agreement-report.ts';
import { agreementView } from '../../../main/services/review/agreement-view.ts';
import { readerTimes } from '../../../main/services/review/reading-times.ts';
import { openStore, type Store } from '../../../main/store/store.ts';
import { readingContent, reviewPlan, type ReadingContent } from '../../../shared/contract/review.ts';
import type { FilmId, ReaderId, ReadingId, ReviewId } from '../../../shared/domain/ids.ts';
import type { ReadingStage } from '../../../shared/domain/review.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempFolder, testClock } from '../../helpers/temp-library.ts';

const REVIEW = 'review-000000000001' as ReviewId;
const [A, B, C] = ['reader-00000000000a', 'reader-00000000000b', 'reader-00000000000c'] as ReaderId[] as [
  ReaderId,
  ReaderId,
  ReaderId,
];

function openReview(
  films: number,
  { timed = false } = {},
): { readonly store: Store; readonly films: readonly FilmId[] } {
  const store = openStore(join(tempFolder(), 'library.db'), { clock: testClock() });
  onTestFinished(() => store.close());
  const ids = addFilms(
    store,
    Array.from({ length: films }, (_, patient) => ({ patient })),
  );
  for (const id of [A, B, C]) {
    store.readers.add({ id, name: id, role: 'reader', pinHash: null, createdAt: 1 });
  }
  const plan = reviewPlan.parse({
    findings: ['Edema'],
    questions: [
      { id: 'grade', text: 'How much?', answers: ['none', 'some', 'much'], ordered: true, required: false },
    ],
    blinding: 'after-read',
    runId: 'run-000000000001',
    timed,
    seed: 1,
  });
  const order = new Map([A, B, C].map((id) => [id, ids]));
  store.reviews.begin({ id: REVIEW, name: 'Round', plan, createdAt: 1 }, order);
  return { store, films: ids };
}

let made = 0;
function say(store: Store, reader: ReaderId, film: FilmId, stage: ReadingStage, said: ReadingContent): void {
  made += 1;
  const after = store.reviews.versions(REVIEW, reader, film).length;
  const id = `reading-${String(made).padStart(12, '0')}` as ReadingId;
  store.reviews.append({
    id,
    reviewId: REVIEW,
    readerId: reader,
    filmId: film,
    stage,
    content: said,
    createdAt: 1,
    after,
  });
}

/** One box of Edema at x, or none; a grade. */
function said(x: number | null, grade: number | null = null): ReadingContent {
  const points = [
    { x: x ?? 0, y: 0 },
    { x: (x ?? 0) + 10, y: 10 },
  ];
  const shape = { id: 'a', kind: 'rectangle', frame: 0, points, text: '' };
  return readingContent.parse({
    answers: grade === null ? {} : { grade },
    marks: x === null ? [] : [{ shape, finding: 'Edema', confidence: null }],
    verdicts: [],
    note: '',
    keyFrames: [],
    seconds: null,
  });
}

const unknown = { phase: 'first', leastIou: 0.5, reference: () => null } as const;

describe('the agreement report', () => {
  it('gives the kappa of a known table, and boxes by overlap', () => {
    const { store, films } = openReview(50);
    // The textbook table: 20 both yes, 5 only A, 10 only B, 15 both no: kappa 0.4.
    for (const [index, film] of films.entries()) {
      say(store, A, film, 'read', said(index < 25 ? 0 : null));
      say(
        store,
        B,
        film,
        'read',
        said(index < 20 || (index >= 25 && index < 35) ? (index < 12 ? 2 : 8) : null),
      );
    }
    const report = agreementReport(store, REVIEW, unknown);
    expect(report.signed).toEqual([50, 50, 0]);
    const [finding] = report.findings;
    const pair = finding?.pairs.find(({ a, b }) => a === A && b === B);
    expect(pair?.kappa.films).toBe(50);
    expect(pair?.kappa.kappa).toBeCloseTo(0.4, 12);
    // 12 pairs overlap by 80 of 120; 8 by 20 of 180, which is no pair.
    expect(pair?.boxes).toMatchObject({ paired: 12, onlyA: 13, onlyB: 18 });
    expect(pair?.boxes.meanIou).toBeCloseTo(2 / 3, 12);
    expect(finding?.pairs.find(({ b }) => b === C)?.kappa).toMatchObject({ films: 0, kappa: null });
    expect(finding?.fleiss.films).toBe(50);
  });

  it('counts signed reads only, and answers where both gave one', () => {
    const { store, films } = openReview(4);
    const grades = [0, 1, 2, 1];
    for (const [index, film] of films.entries()) {
      say(store, A, film, 'read', said(null, grades[index] ?? null));
      say(
        store,
        B,
        film,
        index === 3 ? 'reading' : 'read',
        said(null, index === 2 ? null : (grades[index] ?? 0)),
      );
    }
    const report = agreementReport(store, REVIEW, unknown);
    const [question] = report.questions;
    expect(report.signed).toEqual([4, 3, 0]);
    expect(question?.weights).toBe('quadratic');
    expect(question?.pairs[0]?.kappa).toMatchObject({ films: 2, kappa: 1 });
    expect(report.findings[0]?.pairs[0]?.kappa.films).toBe(3);
  });

  it('compares a reader without and with the model, the first read as it was signed', () => {
    const { store, films } = openReview(3);
    for (const [index, film] of films.entries()) {
      const first = said(index === 2 ? 0 : null);
      say(store, A, film, 'read', first);
      say(store, A, film, 'revealed', first);
      say(store, A, film, 'revised', said(index === 0 ? 0 : null));
    }
    // Edema is on the first film alone; the third is not known.
    const reference = (film: FilmId) => (film === films[2] ? null : film === films[0]);
    for (const phase of ['first', 'revised'] as const) {
      const report = agreementReport(store, REVIEW, { phase, leastIou: 0.5, reference });
      expect(report.signed).toEqual([3, 0, 0]);
      expect(report.modelEffects).toHaveLength(1);
      expect(report.modelEffects[0]).toMatchObject({
        reader: A,
        finding: 'Edema',
        change: { films: 2, better: 1, worse: 0, p: 1 },
      });
      const { change } = report.modelEffects[0] ?? {};
      expect(change?.before.sensitivity.value).toBe(0);
      expect(change?.after.sensitivity.value).toBe(1);
      expect(change?.after.specificity.value).toBe(1);
    }
    expect(agreementReport(store, REVIEW, unknown).modelEffects).toEqual([]);
  });

  it('gives each reader’s median time without the model, and what the revision added', () => {
    const { store, films } = openReview(4, { timed: true });
    const timed = (seconds: number) => ({ ...said(null), seconds });
    // A: 10, 20, 40 s, then a revision of 5 and 15 s; B: one read; C: nothing is signed
    for (const [index, [first, revised]] of [
      [10, 15],
      [20, 35],
      [40, null],
    ].entries()) {
      const film = films[index];
      if (film === undefined || first === undefined || first === null)
        throw new Error('there are four films');
      say(store, A, film, 'read', timed(first));
      if (typeof revised !== 'number') continue;
      say(store, A, film, 'revealed', timed(first));
      say(store, A, film, 'revised', timed(revised));
    }
    const [film] = films;
    if (film === undefined) throw new Error('there are films');
    say(store, B, film, 'read', timed(7));
    say(store, C, film, 'reading', timed(99));
    const none = { films: 0, median: null, quartiles: null };
    for (const phase of ['first', 'revised'] as const) {
      expect(agreementReport(store, REVIEW, { ...unknown, phase }).times).toEqual([
        {
          reader: A,
          without: { films: 3, median: 20, quartiles: [15, 30] },
          with: { films: 2, median: 10, quartiles: [7.5, 12.5] },
        },
        { reader: B, without: { films: 1, median: 7, quartiles: [7, 7] }, with: none },
        { reader: C, without: none, with: none },
      ]);
    }
    expect(agreementReport(openReview(1).store, REVIEW, unknown).times).toBeNull();
    const shown = readerTimes(new Map([['film', { seconds: 12 }]]), new Map(), 'shown');
    expect(shown).toEqual({ without: none, with: { films: 1, median: 12, quartiles: [12, 12] } });
    const request = { ...unknown, reference: 'none' } as const;
    expect(agreementView(store, { now: () => 1 }, REVIEW, request).limits.map(({ code }) => code)).toContain(
      'time-after-reveal-is-added',
    );
  });

  it('says when there is no such session', () => {
    const { store } = openReview(1);
    expect(() => agreementReport(store, 'review-000000000009' as ReviewId, unknown)).toThrow(
      'not in the library',
    );
  });
});
