/** @file Adjudication by the service: where reads differ, what is settled and why, originals kept. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

import type { DecisionId, FilmId, ReadingId } from '../../../shared/domain/ids.ts';
import { call } from '../../helpers/temp-library.ts';
import { begin, box, openDesk, readingId, refusal, said, seat, step, type Person } from './review-desk.ts';

const decisionId = (): DecisionId => readingId().replace('reading', 'decision') as DecisionId;
const all = { state: 'any', text: '', offset: 0, limit: 100 } as const;

async function openRound(films = 5) {
  const desk = await openDesk(films);
  const owner = seat(desk, 'Olga', 'owner');
  const judge = seat(desk, 'Jo', 'adjudicator');
  const amina = seat(desk, 'Amina');
  const bo = seat(desk, 'Bo');
  const reviewId = await begin(desk, owner, [amina, bo]);
  const { review } = desk;
  const sign = async (by: Person, film: FilmId | undefined, part = {}, after = 0): Promise<ReadingId> => {
    const content = said({ answers: { quality: 2 }, ...part });
    const asked = { ...step(by, reviewId, film, after), content };
    await review.sign(asked, call);
    return asked.id;
  };
  const settle = (film: FilmId | undefined, asked: object) =>
    review.settle(
      {
        token: judge.token,
        reviewId,
        filmId: film as FilmId,
        id: decisionId(),
        after: 0,
        sources: [],
        settled: null,
        reason: 'Seen on the film.',
        ...asked,
      },
      call,
    );
  const compare = (film: FilmId | undefined) =>
    review.compare({ token: judge.token, reviewId, filmId: film as FilmId }, call);
  const list = (query = {}) => review.settlements({ token: judge.token, reviewId, ...all, ...query }, call);
  return { ...desk, owner, judge, amina, bo, reviewId, sign, settle, compare, list };
}

describe('adjudication', () => {
  it('of a session with one reader waits for nobody else: the read stands, and may be settled', async () => {
    const desk = await openDesk(2);
    const [owner, amina] = [seat(desk, 'Olga', 'owner'), seat(desk, 'Amina')];
    const reviewId = await begin(desk, owner, [amina]);
    const [film] = desk.films as [FilmId];
    const list = () => desk.review.settlements({ token: owner.token, reviewId, ...all }, call);
    expect((await list()).counts).toMatchObject({ waiting: 2, agreed: 0 });
    const asked = { ...step(amina, reviewId, film, 0), content: said({ answers: { quality: 2 } }) };
    await desk.review.sign(asked, call);
    expect((await list()).counts).toMatchObject({ waiting: 1, agreed: 1 });
    const decision = { id: decisionId(), after: 0, sources: [asked.id], settled: null, reason: 'As read.' };
    await desk.review.settle({ token: owner.token, reviewId, filmId: film, ...decision }, call);
    expect((await list()).counts).toMatchObject({ waiting: 1, settled: 1 });
  });

  it('tells where signed reads differ', async () => {
    const { films, amina, bo, sign, list, compare } = await openRound();
    const [same, finding, place, question, half] = films;
    for (const by of [amina, bo]) await sign(by, same, { marks: [box('Edema')] });
    await sign(amina, finding, { marks: [box('Hernia')] });
    await sign(bo, finding);
    await sign(amina, place, { marks: [box('Edema')] });
    await sign(bo, place, { marks: [box('Edema', 'b', 6)] });
    await sign(amina, question);
    await sign(bo, question, { answers: { quality: 0 } });
    await sign(amina, half);
    const { rows, counts, total } = await list();
    expect(counts).toEqual({ waiting: 1, agreed: 1, open: 3, settled: 0, outdated: 0 });
    expect(total).toBe(5);
    expect(rows.map(({ filmId, state, signed, differs }) => [filmId, state, signed, differs])).toEqual([
      [same, 'agreed', 2, { findings: [], places: [], questions: [] }],
      [finding, 'open', 2, { findings: ['Hernia'], places: [], questions: [] }],
      [place, 'open', 2, { findings: [], places: ['Edema'], questions: [] }],
      [question, 'open', 2, { findings: [], places: [], questions: ['quality'] }],
      [half, 'waiting', 1, { findings: [], places: [], questions: [] }],
    ]);
    expect((await list({ state: 'open', text: 'chest 3' })).rows.map(({ filmId }) => filmId)).toEqual([
      question,
    ]);
    const opened = await compare(finding);
    expect(opened.reads.map(({ reader, counts: which }) => [reader.name, which])).toEqual([
      ['Amina', 'first'],
      ['Bo', 'first'],
    ]);
    expect([opened.previous, opened.next, opened.nextOpen]).toEqual([same, place, place]);
  });

  it('accepts a read or puts one together, with a reason; reads and earlier decisions stay', async () => {
    const { films, amina, bo, sign, settle, compare, library } = await openRound(1);
    const [film] = films;
    const a = await sign(amina, film, { marks: [box('Hernia')] });
    const b = await sign(bo, film);
    const accepted = await settle(film, { sources: [a] });
    expect(accepted).toMatchObject({
      number: 1,
      basis: 'accept',
      settled: { findings: ['Hernia'], answers: { quality: 2 } },
    });
    const merged = { findings: ['Edema'], answers: { quality: 1, tubes: 1 }, marks: [] };
    await settle(film, { after: 1, sources: [a, b], settled: merged, reason: 'Tubes hide it.' });
    const { decisions, state, reads } = await compare(film);
    expect(state).toBe('settled');
    expect(
      decisions.map(({ number, basis, reason, settled }) => [number, basis, reason, settled.findings]),
    ).toEqual([
      [1, 'accept', 'Seen on the film.', ['Hernia']],
      [2, 'merge', 'Tubes hide it.', ['Edema']],
    ]);
    expect(reads[0]?.first?.content.marks).toHaveLength(1);
    const db = new Database(library.files.databasePath);
    expect(() => db.exec("UPDATE decisions SET reason = 'x'")).toThrow('never changes');
    expect(() => db.exec('DELETE FROM decisions')).toThrow('never removed');
    db.close();
    expect(library.store.audit.after(0).filter(({ action }) => action === 'adjudicate')).toHaveLength(2);
  });

  it('keeps what the adjudicator draws and answers apart from what readers said', async () => {
    const { films, amina, bo, sign, settle, compare, library } = await openRound(1);
    const [film] = films;
    const hernia = box('Hernia', 'h');
    const a = await sign(amina, film, { marks: [hernia, box('Hernia', 'h2', 7)] });
    const b = await sign(bo, film);
    const moved = { ...box('Hernia', 'h2', 7), confidence: 1 };
    const content = {
      findings: ['Edema', 'Hernia'],
      answers: { quality: 2, tubes: 1 },
      marks: [hernia, moved, box('Edema', 'mine')],
    };
    // what is the adjudicator's own is not the window's to say
    const made = await settle(film, {
      sources: [a, b],
      settled: { ...content, own: { findings: [], answers: [], marks: ['h'] } },
    });
    expect(made.settled).toEqual({
      ...content,
      own: { findings: ['Edema'], answers: ['tubes'], marks: ['h2', 'mine'] },
      compared: [a, b],
    });
    const { decisions, reads } = await compare(film);
    expect(decisions[0]?.settled.own?.marks).toEqual(['h2', 'mine']);
    expect(reads[0]?.first?.content.marks).toEqual([hernia, box('Hernia', 'h2', 7)]);
    const accepted = await settle(film, { after: 1, sources: [a] });
    expect(accepted.settled.own).toEqual({ findings: [], answers: [], marks: [] });
    expect(library.store.films.find(film as FilmId)?.frames).toBe(1);
    const late = { ...hernia, shape: { ...hernia.shape, frame: 1 } };
    const beyond = { sources: [a, b], after: 2, settled: { ...content, marks: [late, box('Edema', 'e')] } };
    expect(await refusal(() => settle(film, beyond))).toMatchObject({
      code: 'BAD_INPUT',
      message: 'The film has 1 frames; there is no frame 2. Nothing was decided.',
    });
  });

  it('keeps a draft at every change, for its adjudicator, until the film is settled', async () => {
    const { films, amina, bo, judge, owner, sign, settle, compare, review, reviewId } = await openRound(1);
    const [film] = films;
    const a = await sign(amina, film);
    const b = await sign(bo, film, { answers: { quality: 1 } });
    const content = (reason: string) => ({
      sources: [a, b],
      decision: 0,
      answers: { quality: 0 },
      findings: { Hernia: false },
      marks: [box('Edema', 'mine')],
      accepted: null,
      reason,
    });
    const save = (after: number, reason: string, part = {}) => {
      const asked = { token: judge.token, reviewId, filmId: film as FilmId, after };
      return review.saveDraft({ ...asked, content: { ...content(reason), ...part } }, call);
    };
    expect((await compare(film)).draft).toBeNull();
    const first = await save(0, 'Se');
    const second = await save(1, 'Seen');
    expect([first.version, second.version]).toEqual([1, 2]);
    // an answer that was lost is given again; another window's change is never written over
    expect(await save(1, 'Seen')).toEqual(second);
    expect(await refusal(() => save(1, 'Other'))).toMatchObject({ code: 'CONFLICT' });
    expect(await refusal(() => save(2, 'x', { answers: { quality: 9 } }))).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('This change was not saved.') as string,
    });
    expect((await compare(film)).draft).toEqual({ ...second, content: content('Seen') });
    const others = await review.compare({ token: owner.token, reviewId, filmId: film as FilmId }, call);
    expect(others.draft).toBeNull();
    expect(others.decisions).toEqual([]);
    await settle(film, { sources: [a] });
    expect((await compare(film)).draft).toBeNull();
    expect(await refusal(() => save(2, 'late'))).toMatchObject({ code: 'CONFLICT' });
    const asked = { token: amina.token, reviewId, filmId: film as FilmId, after: 0 };
    expect(await refusal(() => review.saveDraft({ ...asked, content: content('') }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });

  it('keeps a decision once that arrives twice, and refuses one that another window was quicker than', async () => {
    const { films, amina, bo, sign, settle } = await openRound(1);
    const [film] = films;
    const a = await sign(amina, film, { marks: [box('Hernia')] });
    const b = await sign(bo, film);
    const asked = { id: decisionId(), sources: [a] };
    const kept = await settle(film, asked);
    expect(await settle(film, asked)).toEqual(kept);
    expect(await refusal(() => settle(film, { ...asked, reason: 'Another reason.' }))).toMatchObject({
      detail: { reason: 'id-taken' },
    });
    expect(await refusal(() => settle(film, { sources: [b] }))).toMatchObject({
      code: 'CONFLICT',
      detail: { reason: 'other-window', newest: 1 },
    });
  });

  it('is out of date when a reader signs anew, and takes only reads that count', async () => {
    const { films, amina, bo, sign, settle, compare, review, reviewId } = await openRound(1);
    const [film] = films;
    const a = await sign(amina, film, { marks: [box('Hernia')] });
    await sign(bo, film);
    const asked = { id: decisionId(), sources: [a] };
    const kept = await settle(film, asked);
    await review.revise(step(amina, reviewId, film, 1), call);
    expect((await compare(film)).state).toBe('outdated');
    expect((await compare(film)).reads[0]).toMatchObject({ first: null, counts: null });
    // Still known when it arrives again.
    expect(await settle(film, asked)).toEqual(kept);
    expect(await refusal(() => settle(film, { after: 1, sources: [a] }))).toMatchObject({ code: 'CONFLICT' });
    const again = await sign(amina, film, {}, 2);
    expect(await settle(film, { after: 1, sources: [again] })).toMatchObject({ number: 2 });
    expect((await compare(film)).state).toBe('settled');
  });

  it.each(['accept', 'merge'] as const)(
    'is out of date when a reader signs for the first time after it (%s)',
    async (basis) => {
      const { films, amina, bo, sign, settle, compare } = await openRound(1);
      const [film] = films;
      const a = await sign(amina, film);
      const settled = basis === 'accept' ? null : { findings: [], answers: { quality: 2 }, marks: [] };
      await settle(film, { sources: [a], settled });
      expect((await compare(film)).state).toBe('settled');
      const b = await sign(bo, film, { marks: [box('Hernia')] });
      expect((await compare(film)).state).toBe('outdated');
      await settle(film, { after: 1, sources: basis === 'accept' ? [b] : [a, b], settled });
      expect((await compare(film)).state).toBe('settled');
    },
  );

  it.each([
    ['a finding of no plan', { findings: ['Mass'], answers: {}, marks: [] }, 'not a finding'],
    ['a mark without its finding', { findings: [], answers: {}, marks: [box('Edema')] }, 'not among'],
    ['an answer that does not exist', { findings: [], answers: { tubes: 7 }, marks: [] }, 'no such answer'],
  ])('refuses %s', async (_, settled, why) => {
    const { films, amina, sign, settle, compare } = await openRound(1);
    const source = await sign(amina, films[0]);
    const { code, message } = await refusal(() => settle(films[0], { sources: [source], settled }));
    expect([code, message]).toEqual(['BAD_INPUT', expect.stringContaining(why)]);
    expect((await compare(films[0])).decisions).toEqual([]);
  });

  it('is for adjudicators and owners, and not before their own read', async () => {
    const desk = await openDesk(1);
    const owner = seat(desk, 'Olga', 'owner');
    const [amina, bo] = [seat(desk, 'Amina'), seat(desk, 'Bo')];
    const reviewId = await begin(desk, owner, [amina, bo, owner]);
    const { review, films } = desk;
    for (const [by, marks] of [
      [amina, [box('Edema')]],
      [bo, []],
    ] as const) {
      const content = said({ answers: { quality: 0 }, marks: [...marks] });
      await review.sign({ ...step(by, reviewId, films[0], 0), content }, call);
    }
    const at = { reviewId, filmId: films[0] as FilmId };
    expect(await refusal(() => review.compare({ token: amina.token, ...at }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    expect(await refusal(() => review.compare({ token: owner.token, ...at }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    const { rows } = await review.settlements({ token: owner.token, reviewId, ...all }, call);
    expect(rows[0]).toMatchObject({ mayOpen: false, state: 'waiting', differs: { findings: [] } });
    const content = said({ answers: { quality: 0 } });
    await review.sign({ ...step(owner, reviewId, films[0], 0), content }, call);
    expect((await review.compare({ token: owner.token, ...at }, call)).differs.findings).toEqual(['Edema']);
  });
});
