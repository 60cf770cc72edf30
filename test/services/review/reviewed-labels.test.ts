/** @file Labels out of a review: decisions first, agreement next, open ones by rule; a version that a run learns and never changes. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

import { labelledFilms } from '../../../main/services/library/labelled-films.ts';
import { labelVersionRequest } from '../../../shared/contract/label-version.ts';
import { splitRequest } from '../../../shared/contract/library.ts';
import type { ReviewPlan } from '../../../shared/contract/review.ts';
import type { DecisionId, FilmId, LabelVersionId, SplitId } from '../../../shared/domain/ids.ts';
import { call } from '../../helpers/temp-library.ts';
import { begin, box, openDesk, readingId, refusal, said, seat, step } from './review-desk.ts';

const FINDINGS = ['Edema', 'Hernia', 'Mass'];

/** Six films: both say Edema, nobody says anything, they differ on Hernia, they differ and it is settled, one read, none. */
async function openReviewed(plan: Partial<ReviewPlan> = {}) {
  const desk = await openDesk(6);
  const { library, films, review } = desk;
  // As imported: no Edema on the first film, a Mass on all of them, the second is abnormal.
  for (const film of films) library.store.labels.set(library.store.films.find(film)?.no ?? 0, 'Mass', true);
  const noOf = (at: number): number => library.store.films.find(films[at] as FilmId)?.no ?? 0;
  library.store.labels.set(noOf(0), 'Edema', false);
  library.store.films.setFacts(noOf(0), { abnormal: false });
  library.store.films.setFacts(noOf(1), { abnormal: true });
  const owner = seat(desk, 'Olga', 'owner');
  const [amina, bo] = [seat(desk, 'Amina'), seat(desk, 'Bo')];
  const reviewId = await begin(desk, owner, [amina, bo], plan);
  const sign = async (by: typeof amina, at: number, marks = [] as string[], tubes = 0) => {
    const content = said({
      answers: { quality: 1, tubes },
      marks: marks.map((finding, index) => box(finding, String(index))),
    });
    const asked = { ...step(by, reviewId, films[at], 0), content };
    await review.sign(asked, call);
    return asked.id;
  };
  for (const by of [amina, bo]) await sign(by, 0, ['Edema'], 1);
  for (const by of [amina, bo]) await sign(by, 1);
  await sign(amina, 2, ['Hernia'], 1);
  await sign(bo, 2);
  const source = await sign(amina, 3, ['Hernia']);
  const other = await sign(bo, 3);
  await sign(amina, 4, ['Hernia']);
  await review.settle(
    {
      token: owner.token,
      reviewId,
      filmId: films[3] as FilmId,
      id: readingId().replace('reading', 'decision') as DecisionId,
      after: 0,
      sources: [source, other],
      settled: { findings: ['Edema'], answers: { tubes: 1 }, marks: [] },
      reason: 'Neither of them.',
    },
    call,
  );
  const make = (request: object) =>
    review.makeLabels({ token: owner.token, reviewId, ...labelVersionRequest.parse(request) }, call);
  const split = (await library.service.createSplit(splitRequest.parse({}), call)).id as SplitId;
  /** Edema, Hernia, Mass, abnormal of each film. */
  const learned = (version: string | null) => {
    const rows = labelledFilms(library.store, split, FINDINGS, 'majority', version as LabelVersionId | null);
    const of = new Map(rows.map((film) => [film.filmId, [...film.labels, film.abnormal]]));
    return films.map((film) => of.get(film));
  };
  return { ...desk, owner, amina, reviewId, make, learned, split };
}

describe('a label version', () => {
  it('holds decisions, then what all signed reads say; the rest stays as imported', async () => {
    const { make, learned } = await openReviewed();
    const made = await make({ name: 'Reviewed' });
    expect(made).toMatchObject({ name: 'Reviewed', reviewName: 'Round', films: 4, labels: 7 });
    expect(learned(null)).toEqual([
      [0, null, 1, 0],
      [null, null, 1, 1],
      [null, null, 1, null],
      [null, null, 1, null],
      [null, null, 1, null],
      [null, null, 1, null],
    ]);
    expect(learned(made.id)).toEqual([
      [1, 0, 1, 1], // both drew Edema, so it is abnormal
      [0, 0, 1, 1], // no finding of the session: abnormal stays as imported
      [0, null, 1, null], // they differ on Hernia
      [1, 0, 1, 1], // settled
      [null, null, 1, null], // one read
      [null, null, 1, null],
    ]);
  });

  it('holds where findings are: as all drew them alike, as it was settled, and nowhere else', async () => {
    const desk = await openReviewed();
    const { make, split, library, films, review, owner, reviewId } = desk;
    const source = library.store.reviews.versions(reviewId, desk.amina.id, films[3] as FilmId).at(-1);
    const asked = { token: owner.token, reviewId, filmId: films[3] as FilmId, after: 1 };
    await review.settle(
      {
        ...asked,
        id: readingId().replace('reading', 'decision') as DecisionId,
        sources: source === undefined ? [] : [source.id],
        settled: { findings: ['Edema'], answers: {}, marks: [box('Edema', 'own', 5)] },
        reason: 'Drawn anew.',
      },
      call,
    );
    const made = await make({ name: 'Places' });
    expect(made.boxes).toBe(2);
    const held = library.store.labelVersions.ofSplit(made.id as LabelVersionId, split);
    const of = (at: number) => held.get(films[at] as FilmId)?.boxes;
    expect(of(0)).toEqual([{ finding: 'Edema', x: 1, y: 1, width: 4, height: 4 }]);
    expect(of(3)).toEqual([{ finding: 'Edema', x: 5, y: 1, width: 4, height: 4 }]);
    // where they differ, nothing is known of the place
    expect([of(1), of(2)]).toEqual([[], []]);
    const { name: _name, ...rules } = labelVersionRequest.parse({ name: 'x' });
    const preview = await review.previewLabels({ token: owner.token, reviewId, ...rules }, call);
    expect(preview).toMatchObject({ settled: 1, own: 1, boxes: 2 });
    const db = new Database(library.files.databasePath);
    expect(() => db.exec('UPDATE version_boxes SET x = 0')).toThrow('never changes');
    db.close();
  });

  it('makes open labels unknown, or takes more than half, where that is asked for', async () => {
    const { make, learned, library, films } = await openReviewed();
    const noOf = library.store.films.find(films[2] as FilmId)?.no ?? 0;
    library.store.labels.set(noOf, 'Hernia', true);
    const asImported = await make({ name: 'A' });
    const unknown = await make({ name: 'B', whereOpen: 'unknown' });
    const majority = await make({ name: 'C', whereOpen: 'majority', leastReaders: 1 });
    expect(learned(asImported.id)[2]).toEqual([0, 1, 1, null]);
    expect(learned(unknown.id)[2]).toEqual([0, null, 1, null]);
    expect(learned(majority.id)[2]).toEqual([0, null, 1, null]); // one against one is no majority
    expect(learned(majority.id)[4]).toEqual([0, 1, 1, 1]);
  });

  it('takes normal and abnormal from a question where one is named', async () => {
    const { make, learned } = await openReviewed();
    const abnormal = { by: 'question', questionId: 'tubes', abnormalAnswers: [1] };
    const made = await make({ name: 'By question', abnormal });
    expect(learned(made.id).map((film) => film?.at(-1))).toEqual([1, 0, null, 1, null, null]);
    const imported = await make({ name: 'As imported', abnormal: { by: 'imported' } });
    expect(learned(imported.id).map((film) => film?.at(-1))).toEqual([0, 1, null, null, null, null]);
    const wrong = { by: 'question', questionId: 'tubes', abnormalAnswers: [2] };
    expect(await refusal(() => make({ name: 'Wrong', abnormal: wrong }))).toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  it('is told before it is made, and counts what it changes', async () => {
    const { review, owner, reviewId, library } = await openReviewed();
    const { name: _name, ...rules } = labelVersionRequest.parse({ name: 'x' });
    const preview = await review.previewLabels({ token: owner.token, reviewId, ...rules }, call);
    expect(preview).toMatchObject({ sessionFilms: 6, films: 4, settled: 1, outdated: 0 });
    expect(preview.leftOut).toEqual({ unread: 1, tooFew: 1, undecided: 0, gone: 0 });
    expect(preview.findings).toEqual([
      { finding: 'Edema', positive: 2, negative: 2, unknown: 0, changed: 4, asImported: 0 },
      { finding: 'Hernia', positive: 0, negative: 3, unknown: 0, changed: 3, asImported: 1 },
    ]);
    expect(preview.abnormal).toEqual({
      finding: 'abnormal',
      positive: 2,
      negative: 0,
      unknown: 0,
      changed: 2,
      asImported: 2,
    });
    expect(preview.warnings).toEqual([
      'Findings with fewer than 10 positive films in this review: Edema (2).',
    ]);
    expect(await library.service.labelVersions({}, call)).toEqual([]);
  });

  it('tells which films it leaves out and why, and which decisions were overtaken', async () => {
    const desk = await openReviewed();
    const { review, owner, amina, reviewId, films, library } = desk;
    const preview = (rules: object) => {
      const { name: _name, ...asked } = labelVersionRequest.parse({ name: 'x', ...rules });
      return review.previewLabels({ token: owner.token, reviewId, ...asked }, call);
    };
    expect((await preview({ leastReaders: 1 })).leftOut).toMatchObject({ unread: 1, tooFew: 0 });
    expect((await preview({ leastReaders: 3 })).leftOut).toMatchObject({ unread: 1, tooFew: 4 });
    await review.revise(step(amina, reviewId, films[3], 1), call);
    const overtaken = await preview({});
    expect(overtaken).toMatchObject({ settled: 1, outdated: 1 });
    expect(overtaken.warnings[0]).toMatch(/^1 settled film was signed anew/);
    const db = new Database(library.files.databasePath);
    db.pragma('foreign_keys = OFF');
    db.prepare('DELETE FROM films WHERE id = ?').run(films[0]);
    db.close();
    const left = await preview({});
    expect(left).toMatchObject({ films: 3, leftOut: { unread: 1, tooFew: 1, gone: 1 } });
  });

  it('never changes, whatever is read, decided or imported later', async () => {
    const { make, learned, review, amina, reviewId, films, library } = await openReviewed();
    const made = await make({ name: 'Reviewed' });
    const before = learned(made.id);
    await review.revise(step(amina, reviewId, films[0], 1), call);
    const content = said({ answers: { quality: 0 } });
    await review.sign({ ...step(amina, reviewId, films[0], 2), content }, call);
    expect(learned(made.id)).toEqual(before);
    expect(await refusal(() => make({ name: 'REVIEWED' }))).toMatchObject({ code: 'CONFLICT' });
    expect(await library.service.labelVersions({}, call)).toEqual([made]);
    const db = new Database(library.files.databasePath);
    expect(() => db.exec('UPDATE version_labels SET value = 1')).toThrow('never changes');
    db.close();
  });

  it('is refused where nothing was said', async () => {
    const desk = await openDesk(1);
    const owner = seat(desk, 'Olga', 'owner');
    const reviewId = await begin(desk, owner, [owner]);
    const asked = { token: owner.token, reviewId, ...labelVersionRequest.parse({ name: 'Empty' }) };
    expect(await refusal(() => desk.review.makeLabels(asked, call))).toMatchObject({ code: 'BAD_INPUT' });
    expect(desk.library.store.labelVersions.all()).toEqual([]);
  });
});
