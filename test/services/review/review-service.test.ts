/** @file Reading in a session by the service: what is kept, what is refused, what a worklist tells, who may do what. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

import type { DecisionId, FilmId, ReviewId, RunId } from '../../../shared/domain/ids.ts';
import { call } from '../../helpers/temp-library.ts';
import { begin, box, openDesk, readingId, refusal, said, seat, step, type Desk } from './review-desk.ts';

async function openSession(plan = {}, films = 3) {
  const desk = await openDesk(films);
  const owner = seat(desk, 'Olga', 'owner');
  const amina = seat(desk, 'Amina');
  const bo = seat(desk, 'Bo');
  const reviewId = await begin(desk, owner, [amina, bo], plan);
  return { ...desk, desk, owner, amina, bo, reviewId, film: desk.films[0] as FilmId };
}

/** A session that shows a model which is not in the library; the service makes none, so it is begun in the store. */
async function openWithoutModel(blinding: 'shown' | 'after-read') {
  const open = await openSession();
  const { library, amina, bo, films } = open;
  const runId = 'run-000000000001' as RunId;
  const plan = { ...library.store.reviews.find(open.reviewId).plan, blinding, runId };
  const reviewId = 'review-00000000000b' as ReviewId;
  const order = new Map([amina, bo].map(({ id }) => [id, films]));
  library.store.reviews.begin({ id: reviewId, name: 'Shown', plan, createdAt: 1 }, order);
  return { ...open, reviewId };
}

const whole = said({ answers: { quality: 2 } });
const everything = { state: 'any', text: '', onlyKeyImages: false, onlyNotes: false } as const;

describe('a reading', () => {
  it('is kept with every save, signed, taken up again, and signed again', async () => {
    const { review, amina, reviewId, film } = await openSession();
    const first = await review.save(
      { ...step(amina, reviewId, film, 0), content: said({ note: 'a' }) },
      call,
    );
    expect(first).toMatchObject({ outcome: 'kept', number: 1, newest: 1, stage: 'reading' });
    const signed = await review.sign({ ...step(amina, reviewId, film, 1), content: whole }, call);
    expect(signed).toMatchObject({ outcome: 'kept', number: 2, stage: 'read' });
    const over = await refusal(() =>
      review.save({ ...step(amina, reviewId, film, 2), content: said({ note: 'over' }) }, call),
    );
    expect(over).toMatchObject({ code: 'CONFLICT', detail: { reason: 'signed' } });
    expect(await review.revise(step(amina, reviewId, film, 2), call)).toMatchObject({ stage: 'reading' });
    const opened = await review.open({ token: amina.token, reviewId, filmId: film }, call);
    expect(opened).toMatchObject({ version: 3, state: 'started', content: whole, model: 'hidden' });
    expect(opened.history.map(({ stage }) => stage)).toEqual(['reading', 'read', 'reading']);
    expect(opened.may).toEqual({ save: true, sign: true, reveal: false, revise: false });
    await review.sign({ ...step(amina, reviewId, film, 3), content: whole }, call);
    const [old] = opened.history;
    const version = await review.version({ token: amina.token, reviewId, readingId: old?.id as never }, call);
    expect(version.content.note).toBe('a');
  });

  it('tells a save that arrives again from one of another window', async () => {
    const { review, amina, reviewId, film, clock } = await openSession();
    const asked = { ...step(amina, reviewId, film, 0), content: said({ note: 'a' }) };
    const kept = await review.save(asked, call);
    clock.at += 60_000;
    expect(await review.save(asked, call)).toEqual({ ...kept, outcome: 'repeated' });
    await review.save({ ...asked, id: readingId(), after: 1, content: said({ note: 'b' }) }, call);
    expect(await review.save(asked, call)).toEqual({ ...kept, outcome: 'late', newest: 2 });
    const other = { ...asked, id: readingId(), content: said({ note: 'another window' }) };
    expect(await refusal(() => review.save(other, call))).toMatchObject({
      code: 'CONFLICT',
      detail: { reason: 'other-window', newest: 2 },
    });
    expect(await refusal(() => review.save({ ...other, after: 7 }, call))).toMatchObject({
      detail: { reason: 'ahead' },
    });
    const opened = await review.open({ token: amina.token, reviewId, filmId: film }, call);
    expect(opened.content?.note).toBe('b');
    expect(opened.history).toHaveLength(2);
  });

  it('keeps its order when the clock is set back', async () => {
    const { review, amina, reviewId, film, clock } = await openSession();
    for (const [after, note] of ['first', 'second', 'third'].entries()) {
      await review.save({ ...step(amina, reviewId, film, after), content: said({ note }) }, call);
      clock.at -= 86_400_000;
    }
    const { content, history } = await review.open({ token: amina.token, reviewId, filmId: film }, call);
    expect(content?.note).toBe('third');
    expect(history.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(history[2]?.createdAt).toBeLessThan(history[0]?.createdAt ?? 0);
  });

  it.each([
    ['an answer to no question', { answers: { colour: 0 } }, 'does not ask'],
    ['an answer that does not exist', { answers: { tubes: 2 } }, 'no such answer'],
    ['a finding that is not asked for', { marks: [box('Mass')] }, 'not a finding'],
    ['a frame beyond the film', { keyFrames: [1] }, 'no frame 2'],
    ['a frame that is flagged twice', { keyFrames: [0, 0] }, 'twice'],
    ['a time in a session without one', { seconds: 3 }, 'not timed'],
    [
      'a verdict on a model that is hidden',
      { verdicts: [{ finding: 'Edema', verdict: 'accept' as const, shapeId: null, note: '' }] },
      'not shown yet',
    ],
  ])('is refused with %s, and what was saved stays', async (_, part, why) => {
    const { review, amina, reviewId, film } = await openSession();
    await review.save({ ...step(amina, reviewId, film, 0), content: said({ note: 'kept' }) }, call);
    const { code, message } = await refusal(() =>
      review.save({ ...step(amina, reviewId, film, 1), content: said(part) }, call),
    );
    expect(code).toBe('BAD_INPUT');
    expect(message).toContain(why);
    const { content, version } = await review.open({ token: amina.token, reviewId, filmId: film }, call);
    expect([content?.note, version]).toEqual(['kept', 1]);
  });

  it('cannot be signed before every required question is answered', async () => {
    const { review, amina, reviewId, film } = await openSession();
    const refused = await refusal(() =>
      review.sign({ ...step(amina, reviewId, film, 0), content: said() }, call),
    );
    expect(refused).toMatchObject({ code: 'BAD_INPUT', detail: { questions: ['quality'] } });
    expect(refused.message).toContain('How good?');
  });

  it('cannot be signed while a finding of the model is to be edited and nothing is drawn', async () => {
    const { review, amina, reviewId, film } = await openWithoutModel('shown');
    const edit = { finding: 'Edema', verdict: 'edit' as const, note: '' };
    const sign = (part: object) =>
      review.sign({ ...step(amina, reviewId, film, 0), content: { ...whole, ...part } }, call);
    expect(await refusal(() => sign({ verdicts: [{ ...edit, shapeId: null }] }))).toMatchObject({
      code: 'BAD_INPUT',
      detail: { finding: 'Edema' },
    });
    const drawn = { verdicts: [{ ...edit, shapeId: 'a' }], marks: [box('Edema')] };
    expect((await sign(drawn)).stage).toBe('read');
  });

  it('is done once it is signed where the model to be revealed is not in the library', async () => {
    const { review, amina, reviewId, film, films } = await openWithoutModel('after-read');
    const at = { token: amina.token, reviewId };
    await review.sign({ ...step(amina, reviewId, film, 0), content: whole }, call);
    const opened = await review.open({ ...at, filmId: film }, call);
    expect(opened).toMatchObject({ model: 'missing', state: 'done', may: { reveal: false } });
    expect(opened.nextUnfinished).not.toBe(film);
    for (const other of films.filter((id) => id !== film)) {
      await review.sign({ ...step(amina, reviewId, other, 0), content: whole }, call);
    }
    expect((await review.open({ ...at, filmId: film }, call)).nextUnfinished).toBe(null);
    const { progress } = await review.worklist({ ...at, filter: everything, offset: 0, limit: 100 }, call);
    expect(progress).toEqual({ unread: 0, started: 0, done: films.length, missing: 0 });
  });

  it('of a film that was removed is kept and saved, not signed', async () => {
    const { review, amina, reviewId, film, library } = await openSession();
    await review.save({ ...step(amina, reviewId, film, 0), content: said({ note: 'a' }) }, call);
    const db = new Database(library.files.databasePath);
    db.prepare('DELETE FROM films WHERE id = ?').run(film);
    db.close();
    const at = { token: amina.token, reviewId };
    const opened = await review.open({ ...at, filmId: film }, call);
    expect(opened).toMatchObject({ film: null, content: { note: 'a' }, may: { save: true, sign: false } });
    await review.save({ ...step(amina, reviewId, film, 1), content: said({ note: 'b' }) }, call);
    expect(
      await refusal(() => review.sign({ ...step(amina, reviewId, film, 2), content: whole }, call)),
    ).toMatchObject({ code: 'NOT_FOUND' });
    const list = await review.worklist({ ...at, filter: everything, offset: 0, limit: 100 }, call);
    expect(list.progress).toEqual({ unread: 2, started: 0, done: 0, missing: 1 });
    const missing = { ...everything, state: 'missing' as const };
    const { rows } = await review.worklist({ ...at, filter: missing, offset: 0, limit: 100 }, call);
    expect(rows.map(({ filmId, version }) => [filmId, version])).toEqual([[film, 2]]);
    const next = await review.open({ ...at, filmId: rows[0]?.filmId as FilmId }, call);
    expect(next.nextUnfinished).not.toBe(film);
  });
});

describe('a worklist', () => {
  it('filters by state, words, notes and key images, with progress of the whole list', async () => {
    const { review, amina, reviewId, films } = await openSession({}, 5);
    const [a, b, c] = films;
    await review.save({ ...step(amina, reviewId, a, 0), content: said({ note: 'later' }) }, call);
    await review.sign({ ...step(amina, reviewId, b, 0), content: { ...whole, keyFrames: [0] } }, call);
    await review.sign({ ...step(amina, reviewId, c, 0), content: { ...whole, marks: [box('Edema')] } }, call);
    const ask = async (part: object, page = {}) =>
      await review.worklist(
        { token: amina.token, reviewId, filter: { ...everything, ...part }, offset: 0, limit: 100, ...page },
        call,
      );
    const all = await ask({});
    expect(all.progress).toEqual({ unread: 2, started: 1, done: 2, missing: 0 });
    expect(all.rows.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4]);
    const found = async (part: object) => (await ask(part)).rows.map(({ filmId }) => filmId).sort();
    expect(await found({ state: 'done' })).toEqual([b, c]);
    expect(await found({ state: 'started' })).toEqual([a]);
    expect(await found({ state: 'signed' })).toEqual([b, c]);
    expect(await found({ onlyNotes: true })).toEqual([a]);
    expect(await found({ onlyKeyImages: true })).toEqual([b]);
    expect(await found({ text: 'CHEST 2' })).toEqual([c]);
    expect(all.rows.find(({ filmId }) => filmId === c)).toMatchObject({ marks: 1, state: 'done' });
    const page = await ask({}, { offset: 1, limit: 2 });
    expect([page.total, page.rows.length]).toEqual([5, 2]);
    expect(page.rows[0]).toEqual(all.rows[1]);
    await review.revise(step(amina, reviewId, b, 1), call);
    expect(await found({ state: 'signed' })).toEqual([c]);
    const keys = await review.keyImages({ token: amina.token, reviewId }, call);
    expect(keys.map(({ filmId, frame }) => [filmId, frame])).toEqual([[b, 0]]);
  });
});

describe('roles', () => {
  it('let nobody see what others said but adjudicators and owners, after their own read', async () => {
    const desk = await openDesk(1);
    const owner = seat(desk, 'Olga', 'owner');
    const judge = seat(desk, 'Jo', 'adjudicator');
    const reads = [seat(desk, 'Amina'), seat(desk, 'Bo')] as const;
    const reviewId = await begin(desk, owner, [...reads, judge]);
    const { review, films } = desk;
    const asked = { ...step(reads[0], reviewId, films[0], 0), content: { ...whole, keyFrames: [0] } };
    await review.sign(asked, call);
    const seen = (token: string) => review.version({ token, reviewId, readingId: asked.id }, call);
    const flagged = async (token: string) => (await review.keyImages({ token, reviewId }, call)).length;
    expect(await refusal(() => seen(reads[1].token))).toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await refusal(() => seen(judge.token))).toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('your own read') as string,
    });
    expect(await flagged(judge.token)).toBe(0);
    const ask = { phase: 'first', leastIou: 0.5, reference: 'none' } as const;
    const agreement = (token: string) => review.agreement({ token, reviewId, ...ask }, call);
    expect(await refusal(() => agreement(judge.token))).toMatchObject({ code: 'NOT_ALLOWED' });
    expect((await agreement(owner.token)).readers).toHaveLength(3);
    expect((await seen(owner.token)).content.keyFrames).toEqual([0]);
    await review.sign({ ...step(judge, reviewId, films[0], 0), content: whole }, call);
    expect((await seen(judge.token)).content.keyFrames).toEqual([0]);
    expect(await flagged(judge.token)).toBe(1);
    expect((await agreement(judge.token)).films).toBeGreaterThan(0);
    // Taken up again it counts no more, and is its reader's alone until it is signed.
    const again = step(reads[0], reviewId, films[0], 1);
    await review.revise(again, call);
    expect(await flagged(judge.token)).toBe(0);
    expect(await flagged(reads[0].token)).toBe(1);
    const unsigned = { token: judge.token, reviewId, readingId: again.id };
    expect(await refusal(() => review.version(unsigned, call))).toMatchObject({ code: 'NOT_ALLOWED' });
    expect((await review.version({ ...unsigned, token: reads[0].token }, call)).stage).toBe('reading');
    const list = (await review.list({ token: reads[1].token }, call))[0];
    expect(list?.readers.map(({ reader }) => reader.name)).toEqual(['Bo']);
    expect((await review.list({ token: owner.token }, call))[0]?.readers).toHaveLength(3);
  });

  it('keep a reader out of sessions of others', async () => {
    const { desk, review, reviewId, film } = await openSession();
    const stranger = seat(desk, 'Sam');
    const at = { token: stranger.token, reviewId };
    expect(await review.list({ token: stranger.token }, call)).toEqual([]);
    expect(await refusal(() => review.open({ ...at, filmId: film }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    expect(
      await refusal(() => review.save({ ...step(stranger, reviewId, film, 0), content: said() }, call)),
    ).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('let only owners set up and close; a closed session takes nothing but what it has', async () => {
    const { review, amina, owner, reviewId, film, films, library } = await openSession();
    const of = { token: amina.token, reviewId };
    expect(await refusal(() => review.close(of, call))).toMatchObject({ code: 'NOT_ALLOWED' });
    const create = { ...of, name: 'Mine', plan: library.store.reviews.find(reviewId).plan };
    expect(
      await refusal(() => review.create({ ...create, readers: [amina.id], films: [...films] }, call)),
    ).toMatchObject({ code: 'NOT_ALLOWED' });
    const ask = { phase: 'first', leastIou: 0.5, reference: 'none' } as const;
    expect(await refusal(() => review.agreement({ ...of, ...ask }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    const asked = { ...step(amina, reviewId, film, 0), content: said({ note: 'a' }) };
    const kept = await review.save(asked, call);
    expect((await review.close({ token: owner.token, reviewId }, call)).closedAt).not.toBeNull();
    expect(await review.save(asked, call)).toEqual({ ...kept, outcome: 'repeated' });
    expect(
      await refusal(() => review.save({ ...asked, id: readingId(), after: 1, content: said() }, call)),
    ).toMatchObject({ code: 'CONFLICT', detail: { reason: 'closed' } });
    expect((await review.agreement({ ...of, ...ask }, call)).readers).toHaveLength(2);
    expect((await review.reopen({ token: owner.token, reviewId }, call)).closedAt).toBeNull();
    await review.save({ ...asked, id: readingId(), after: 1, content: said() }, call);
    expect(
      library.store.audit.after(0).map(({ action, detail }) => [action, detail['what'] ?? null]),
    ).toEqual(
      expect.arrayContaining([
        ['review', 'created'],
        ['review', 'closed'],
        ['review', 'opened again'],
        ['annotate', null],
      ]),
    );
  });

  it('ask for a reader who signed in', async () => {
    const { review, amina, reviewId, film, signIn } = await openSession();
    signIn.close(amina.token);
    expect(
      await refusal(() => review.save({ ...step(amina, reviewId, film, 0), content: said() }, call)),
    ).toMatchObject({ code: 'SIGNED_OUT' });
  });
});

describe('the agreement report', () => {
  async function signAll(desk: Desk, plan = {}) {
    const owner = seat(desk, 'Olga', 'owner');
    const [amina, bo] = [seat(desk, 'Amina'), seat(desk, 'Bo')];
    const reviewId = await begin(desk, owner, [amina, bo], plan);
    for (const [index, film] of desk.films.entries()) {
      const grade = { answers: { quality: index % 3 } };
      await desk.review.sign({ ...step(amina, reviewId, film, 0), content: said(grade) }, call);
      const marks = index === 0 ? [box('Edema')] : [];
      await desk.review.sign({ ...step(bo, reviewId, film, 0), content: said({ ...grade, marks }) }, call);
    }
    return { reviewId, owner };
  }

  it('says what its figures cannot say', async () => {
    const desk = await openDesk(6);
    const { reviewId, owner } = await signAll(desk);
    const ask = { token: owner.token, reviewId, phase: 'first', leastIou: 0.5, reference: 'none' } as const;
    const report = await desk.review.agreement(ask, call);
    expect(report).toMatchObject({ signed: [6, 6], films: 6, patients: 6 });
    expect(report.questions[0]?.pairs[0]?.kappa).toMatchObject({ kappa: 1, ci: null });
    expect(report.limits.map(({ code }) => code)).toEqual([
      'not-clustered-by-patient',
      'full-agreement-no-interval',
      'fleiss-unweighted',
      'boxes-not-outlines',
    ]);
    expect(report.limits[0]?.sentence).toContain('6 films of 6 patients.');
  });

  it('measures a reader with and without the model by what was settled', async () => {
    const desk = await openDesk(2);
    const { library, films, review } = desk;
    const owner = seat(desk, 'Olga', 'owner');
    const amina = seat(desk, 'Amina');
    const runId = 'run-000000000001' as RunId;
    const reviewId = await begin(desk, owner, [amina]);
    // The same session with a model that is shown after the read; there is no run, so it is begun in the store.
    const plan = { ...library.store.reviews.find(reviewId).plan, blinding: 'after-read' as const, runId };
    const shown = 'review-00000000000a' as ReviewId;
    library.store.reviews.begin(
      { id: shown, name: 'Shown', plan, createdAt: 1 },
      new Map([[amina.id, films]]),
    );
    const content = said({ answers: { quality: 0 } });
    const [film, other] = films;
    for (const [at, filmId] of [film, other].entries()) {
      const first = { ...step(amina, shown, filmId, 0), content };
      await review.sign(first, call);
      const refused = await refusal(() => review.reveal(step(amina, shown, filmId, 1), call));
      expect(refused).toMatchObject({ code: 'NOT_FOUND' }); // the model was removed: the read is kept
      const place = { reviewId: shown, readerId: amina.id, filmId: filmId as FilmId };
      const append = (after: number, stage: 'revealed' | 'revised', marks = content.marks) =>
        library.store.reviews.append({
          ...place,
          id: readingId(),
          stage,
          content: { ...content, marks },
          createdAt: 1,
          after,
        });
      append(1, 'revealed');
      const { id } = append(2, 'revised', at === 0 ? [box('Edema')] : []);
      const decision = { id: id.replace('reading', 'decision') as DecisionId, after: 0, reason: 'Seen.' };
      if (at > 0) continue;
      await review.settle(
        {
          token: owner.token,
          reviewId: shown,
          filmId: place.filmId,
          ...decision,
          sources: [id],
          settled: null,
        },
        call,
      );
    }
    const ask = { token: owner.token, reviewId: shown, phase: 'revised', leastIou: 0.5 } as const;
    const report = await review.agreement({ ...ask, reference: 'settled' }, call);
    const edema = report.modelEffects.find(({ finding }) => finding === 'Edema');
    expect(edema?.change).toMatchObject({ films: 1, better: 1, worse: 0 });
    expect(report.limits.map(({ code }) => code)).toContain('reference-is-settled');
    expect((await review.agreement({ ...ask, reference: 'none' }, call)).modelEffects).toEqual([]);
  });
});
