/** @file Films that are opened faster than the host answers: what is said belongs to the film that is shown, and no other. */
import { ORPCError } from '@orpc/client';
import { expect, it } from 'vitest';

import { AdjudicateState } from '../../renderer/src/features/review/adjudicate/adjudicate-state.svelte.ts';
import { ReadState } from '../../renderer/src/features/review/read/read-state.svelte.ts';
import type { SignedReader } from '../../renderer/src/state/signed-reader.ts';
import type { ContractClient } from '../../shared/contract/index.ts';
import type { ModelBlinding, ReadingStage } from '../../shared/domain/review.ts';
import type { FilmId, ReaderId, ReviewId } from '../../shared/domain/ids.ts';

const REVIEW = 'review-1' as ReviewId;
const [A, B] = ['film-a', 'film-b'] as [FilmId, FilmId];

interface Asked {
  readonly what: string;
  readonly filmId: string;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A host that answers when the test says so; sessions at once. */
function host(blinding: ModelBlinding) {
  const asked: Asked[] = [];
  const plan = { findings: ['Edema'], questions: [], blinding, runId: 'run-1', timed: false, seed: 1 };
  const review = new Proxy(
    {},
    {
      get: (_, what: string) => (input: { filmId: string }) =>
        what === 'list'
          ? Promise.resolve([{ id: REVIEW, plan }])
          : new Promise((answer, fail) => asked.push({ what, filmId: input.filmId, answer, fail })),
    },
  );
  const readers: SignedReader = {
    me: { id: 'reader-1' as ReaderId },
    guard: () => undefined,
    call: (ask) => ask({ review } as unknown as ContractClient, 'token'),
  };
  /** The newest question of this kind, once it is asked. */
  const last = async (what: string, filmId: FilmId): Promise<Asked> => {
    const find = (): Asked | undefined =>
      asked.findLast((one) => one.what === what && one.filmId === (filmId as string));
    await expect.poll(find).toBeDefined();
    return find() as Asked;
  };
  const opened = (filmId: FilmId, stage: ReadingStage | null = null) => ({
    ...{ reviewId: REVIEW, filmId, film: {}, version: stage === null ? 0 : 1, content: null, closedAt: null },
    history: stage === null ? [] : [{ id: 'reading-1', number: 1, stage, createdAt: 1 }],
  });
  return { asked, readers, last, opened };
}

const finding = { finding: 'Edema', score: 0.9, threshold: 0.5, uncertain: false, positive: true };

it('while a film is on its way nothing can be said of the one before', async () => {
  const { readers, last, opened } = host('hidden');
  const desk = new ReadState(readers);
  const first = desk.open(REVIEW, B);
  (await last('open', B)).answer(opened(B));
  await first;
  expect(desk.reading?.opened.filmId).toBe(B);
  const next = desk.open(REVIEW, A);
  expect(desk.reading).toBe(null);
  (await last('open', A)).answer(opened(A));
  await next;
  expect(desk.reading?.opened.filmId).toBe(A);
});

it('the film that was asked for last stays, in whatever order the answers come', async () => {
  const { readers, last, opened } = host('hidden');
  const desk = new ReadState(readers);
  const start = desk.open(REVIEW, B);
  (await last('open', B)).answer(opened(B));
  await start;
  const there = desk.open(REVIEW, A);
  const ofA = await last('open', A);
  const back = desk.open(REVIEW, B);
  const ofB = await last('open', B);
  ofB.answer(opened(B));
  await back;
  ofA.answer(opened(A));
  await there;
  expect([desk.reading?.opened.filmId, desk.opening, desk.notice]).toEqual([B, false, null]);
});

it('a film that could not be opened can be asked for again, and one overtaken says nothing', async () => {
  const { readers, last, opened } = host('hidden');
  const desk = new ReadState(readers);
  const failing = desk.open(REVIEW, A);
  const lost = await last('open', A);
  const shown = desk.open(REVIEW, B);
  (await last('open', B)).answer(opened(B));
  await shown;
  lost.fail(new Error('no answer'));
  await failing;
  expect([desk.reading?.opened.filmId, desk.notice]).toEqual([B, null]);
  const again = desk.open(REVIEW, A);
  (await last('open', A)).fail(new Error('no answer'));
  await again;
  expect(desk.notice).not.toBe(null);
  const third = desk.open(REVIEW, A);
  (await last('open', A)).answer(opened(A));
  await third;
  expect(desk.reading?.opened.filmId).toBe(A);
});

it('findings of one film’s model never stand beside another, and are judged only once they may be seen', async () => {
  const { readers, last, opened } = host('after-read');
  const desk = new ReadState(readers);
  const first = desk.open(REVIEW, A);
  (await last('open', A)).answer(opened(A, 'revealed'));
  await first;
  const late = await last('model', A);
  const next = desk.open(REVIEW, B);
  (await last('open', B)).answer(opened(B));
  await next;
  late.answer({ findings: [finding] });
  await Promise.resolve();
  expect(desk.model.value).toBe(null);
  desk.model.value = { findings: [finding] } as never;
  desk.judge('accept');
  expect(desk.reading?.content.verdicts).toEqual([]);
});

it('a refused step can be asked for again', async () => {
  const { asked, readers, last, opened } = host('after-read');
  const desk = new ReadState(readers);
  const first = desk.open(REVIEW, A);
  (await last('open', A)).answer(opened(A, 'read'));
  await first;
  const taken = desk.reading?.take('reveal');
  (await last('reveal', A)).fail(new ORPCError('NOT_FOUND', { message: 'The model is gone.' }));
  expect(await taken).toBe(false);
  expect(desk.reading?.refusal?.message).toContain('The model is gone.');
  const again = desk.reading?.take('reveal');
  await expect.poll(() => asked.filter(({ what }) => what === 'reveal').length).toBe(2);
  (await last('reveal', A)).answer({ number: 2, newest: 2, stage: 'revealed', savedAt: 2 });
  expect(await again).toBe(true);
  expect(desk.reading?.stage).toBe('revealed');
});

it('an adjudicator who goes on before the decision is kept stays with the next film', async () => {
  const { asked, readers, last } = host('hidden');
  const version = { id: 'reading-1', content: { answers: {}, marks: [], verdicts: [] } };
  const compared = (filmId: FilmId) => ({
    ...{ reviewId: REVIEW, filmId, film: {}, elsewhere: [], decisions: [], draft: null },
    reads: [{ reader: { id: 'reader-1', name: 'Ana' }, first: version, revised: null, counts: 'first' }],
    differs: { findings: [], places: [], questions: [] },
  });
  const desk = new AdjudicateState(readers);
  const first = desk.load(REVIEW, A);
  (await last('compare', A)).answer(compared(A));
  await first;
  desk.decision?.say('clear');
  const settled = desk.settle();
  (await last('saveDraft', A)).answer({ version: 1, changedAt: 1 });
  const kept = await last('settle', A);
  const next = desk.load(REVIEW, B);
  (await last('compare', B)).answer(compared(B));
  await next;
  kept.answer({});
  await settled;
  expect(desk.comparison?.filmId).toBe(B);
  expect(asked.filter(({ what }) => what === 'compare')).toHaveLength(2);
});
