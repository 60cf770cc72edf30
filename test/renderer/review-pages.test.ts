/** @file What the review pages say: changes of a version, rows of the agreement table, films drawn by a seed. */
import { expect, it, vi } from 'vitest';

import {
  absenceWords,
  agreementCsv,
  effectsCsv,
  timesCsv,
  findingRows,
} from '../../renderer/src/features/review/agreement/agreement-rows.ts';
import { drawFilms } from '../../renderer/src/features/review/new/draw-films.ts';
import {
  freeQuestionId,
  QUESTION_TEMPLATES,
} from '../../renderer/src/features/review/new/question-templates.ts';
import { countReading } from '../../renderer/src/features/review/read/reading-clock.ts';
import { changeWords } from '../../renderer/src/features/review/read/version-words.ts';
import { stopwatchWords } from '../../renderer/src/features/review/review-words.ts';
import type { AgreementReportView } from '../../shared/contract/review-agreement.ts';
import { readingContent, reviewQuestion, type Mark } from '../../shared/contract/review.ts';
import type { FilmId, ReaderId } from '../../shared/domain/ids.ts';

const EMPTY = { answers: {}, marks: [], verdicts: [], note: '', keyFrames: [], seconds: null };
const mark = (id: string, finding: string): Mark => ({
  shape: { id, kind: 'point', frame: 0, points: [{ x: 1, y: 1 }], text: '' },
  finding,
  confidence: null,
});
const QUESTIONS = {
  questions: [{ id: 'quality', text: 'How good?', answers: ['poor', 'good'], ordered: true, required: true }],
};

it('tells what a version says that the one before did not', () => {
  const before = readingContent.parse({
    ...EMPTY,
    answers: { quality: 0 },
    marks: [mark('a', 'Edema'), mark('b', 'Hernia'), mark('c', 'Edema')],
  });
  const after = readingContent.parse({
    ...EMPTY,
    answers: { quality: 1 },
    marks: [mark('a', 'Edema'), mark('b', 'Edema'), mark('d', 'Edema')],
    verdicts: [{ finding: 'Hernia', verdict: 'reject', shapeId: null, note: '' }],
    note: 'Seen twice',
    keyFrames: [0],
  });
  expect(changeWords(before, after, QUESTIONS)).toEqual([
    'How good? good',
    '1 mark drawn',
    '1 mark changed',
    '1 mark removed',
    'Hernia of the model rejected',
    'Note written',
    'Key image',
  ]);
  expect(changeWords(after, after, QUESTIONS)).toEqual([]);
});

it('offers questions that a session takes, each with an id of its own', () => {
  for (const { questions } of QUESTION_TEMPLATES) {
    for (const question of questions) expect(reviewQuestion.parse(question)).toEqual(question);
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
  }
  expect(freeQuestionId(['question-2', 'quality'])).toBe('question-3');
  expect(freeQuestionId(['question-3', 'quality'])).toBe('question-4');
});

it('draws the same films for the same seed, whatever their order, and others for another', () => {
  const films = Array.from({ length: 200 }, (_, at) => `film-${at}` as FilmId);
  const drawn = drawFilms(films, 20, 5);
  expect(drawFilms([...films].reverse(), 20, 5)).toEqual(drawn);
  expect(new Set(drawn).size).toBe(20);
  expect(drawFilms(films, 20, 6)).not.toEqual(drawn);
  expect(drawFilms(films, 500, 5)).toHaveLength(200);
  // no film is preferred: over many seeds each is drawn about as often
  const times = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++) {
    for (const film of drawFilms(films, 50, seed)) times.set(film, (times.get(film) ?? 0) + 1);
  }
  expect(Math.min(...times.values())).toBeGreaterThan(60);
  expect(Math.max(...times.values())).toBeLessThan(145);
});

const KAPPA = { films: 4, observed: 0.75, expected: 0.5, kappa: 0.5, se: 0.2, ci: [0.1, 0.9] as const };
const BOXES = { paired: 1, onlyA: 2, onlyB: 0, meanIou: 0.6, shared: { value: 0.3, ci: null } };
const pair = (a: string, b: string) => ({ a: a as ReaderId, b: b as ReaderId, kappa: KAPPA, boxes: BOXES });

function report(names: readonly string[], pairs: readonly ReturnType<typeof pair>[]): AgreementReportView {
  return {
    readers: names.map((name) => ({ id: name as ReaderId, name, role: 'reader', createdAt: 0 })),
    findings: [{ finding: 'Edema', pairs: [...pairs], fleiss: { ...KAPPA, kappa: 0.4 } }],
  } as unknown as AgreementReportView;
}

it('has a row a pair, and one over all readers where there are more than two', () => {
  expect(findingRows(report(['Ana', 'Ben'], [pair('Ana', 'Ben')])).map(({ who }) => who)).toEqual([
    'Ana – Ben',
  ]);
  const rows = findingRows(
    report(['Ana', 'Ben', 'Cem'], [pair('Ana', 'Ben'), pair('Ana', 'Cem'), pair('Ben', 'Cem')]),
  );
  expect(rows.map(({ who, isFirst }) => [who, isFirst])).toEqual([
    ['Ana – Ben', true],
    ['Ana – Cem', false],
    ['Ben – Cem', false],
    ['All readers', false],
  ]);
  expect(rows.at(-1)).toMatchObject({ kappa: { kappa: 0.4 }, boxes: null });
  const [head = [], first = []] = agreementCsv(rows);
  expect(first).toHaveLength(head.length);
  expect(first.slice(0, 5)).toEqual(['Edema', 'Ana – Ben', 'none', 4, 0.75]);
});

it('says why a kappa or its interval is not there', () => {
  expect(absenceWords(KAPPA)).toBeNull();
  expect(absenceWords({ ...KAPPA, ci: null })).toMatch(/no spread/);
  expect(absenceWords({ ...KAPPA, kappa: null, ci: null })).toMatch(/Only one answer/);
  expect(absenceWords({ ...KAPPA, films: 0, kappa: null, ci: null })).toMatch(/No film/);
});

it('writes a stopwatch', () => {
  expect([0, 59.9, 187, 3729].map(stopwatchWords)).toEqual(['0:00', '0:59', '3:07', '1:02:09']);
});

it('times of readers as a file has them: an empty cell where nothing was timed', () => {
  const none = { films: 0, median: null, quartiles: null };
  const readers = [
    { id: 'reader-000000000001' as ReaderId, name: 'Ana', role: 'reader' as const, createdAt: 1 },
  ];
  const times = [
    {
      reader: 'reader-000000000001' as ReaderId,
      without: { films: 3, median: 20, quartiles: [15, 30] as const },
      with: none,
    },
  ];
  expect(timesCsv({ readers, times }).slice(1)).toEqual([['Ana', 3, 20, 15, 30, 0, null, null, null]]);
  expect(timesCsv({ readers, times: null })).toHaveLength(1);
});

it('counts no reading while nobody can see the film', async () => {
  const spent = { seen: 0, hidden: 0 };
  const ends = [
    countReading(
      () => (spent.hidden += 1),
      () => false,
    ),
    countReading(
      () => (spent.seen += 1),
      () => true,
    ),
  ];
  await vi.waitFor(() => expect(spent.seen).toBeGreaterThanOrEqual(2), { timeout: 60_000 });
  for (const end of ends) end();
  expect(spent.hidden).toBe(0);
});

it('readers without and with the model, as a file', () => {
  const rate = (value: number) => ({ value, ci: [value - 0.1, value + 0.1] as const });
  const change = {
    ...{ films: 10, better: 2, worse: 1, p: 1 },
    before: { sensitivity: rate(0.5), specificity: rate(0.6) },
    after: { sensitivity: rate(0.7), specificity: { value: null, ci: null } },
  };
  const id = 'reader-00000001' as ReaderId;
  const [head, row, ...others] = effectsCsv({
    modelEffects: [{ reader: id, finding: 'Edema', change }],
    readers: [{ id, name: 'Ana', role: 'reader', createdAt: 0 }],
    request: { phase: 'first', leastIou: 0.5, reference: 'labels' },
  } as unknown as AgreementReportView);
  expect(others).toEqual([]);
  expect(row).toHaveLength(head?.length ?? -1);
  const cells = Object.fromEntries((head ?? []).map((name, at) => [String(name), row?.[at]] as const));
  expect(cells).toMatchObject({
    ...{ reader: 'Ana', 'measured by': 'labels', films: 10, better: 2, worse: 1 },
    ...{ 'sensitivity with': 0.7, 'specificity with': null, 'specificity with 95 % from': null },
  });
});
