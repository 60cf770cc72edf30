/** @file Scores of films that are still to be read without a model: refused to whoever could read them, until they are read. */
import { expect, it, vi } from 'vitest';

import { blindedInference, createModelBlinding } from '../../../main/services/review/model-blinding.ts';
import type { InferenceService } from '../../../main/services/service-types.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { call } from '../../helpers/temp-library.ts';
import { begin, openDesk, refusal, said, seat, step } from './review-desk.ts';

const whole = said({ answers: { quality: 2 } });
const runId = 'run-0123456789abcdef' as RunId;

async function openBlinded() {
  const desk = await openDesk(3);
  const owner = seat(desk, 'Olga', 'owner');
  const [amina, bo, judge] = [seat(desk, 'Amina'), seat(desk, 'Bo'), seat(desk, 'Judge', 'adjudicator')];
  const reviewId = await begin(desk, owner, [amina, bo], {});
  const blinding = createModelBlinding(desk.library, desk.signIn);
  const predict = vi.fn(() => Promise.resolve({}));
  const service = blindedInference({ predict } as unknown as InferenceService, blinding);
  const film = desk.films[0] as FilmId;
  const ask = (token: string | null) => service.predict({ runId, filmId: film, attention: [], token }, call);
  return { ...desk, owner, amina, bo, judge, reviewId, film, ask, predict, blinding };
}

it('refuses them to readers, to others and to nobody in particular, and says why', async () => {
  const { ask, amina, judge, predict, reviewId, film } = await openBlinded();
  for (const token of [null, amina.token, judge.token, 'x'.repeat(43)]) {
    const refused = await refusal(() => ask(token));
    expect(refused).toMatchObject({ code: 'NOT_ALLOWED', detail: { filmId: film, reviewId } });
    expect(refused.message).toContain(
      '"Round" has this film read without a model, and 2 readers have not done so yet.',
    );
  }
  expect(predict).not.toHaveBeenCalled();
});

it('lets an owner look who reads in none of the sessions, with a trace', async () => {
  const { ask, owner, library, film } = await openBlinded();
  await ask(owner.token);
  const looked = library.store.audit.page('view', null, 5);
  expect(looked).toMatchObject([{ subject: film }]);
});

it('shows them to who has read the film, and to all when all have or the session is closed', async () => {
  const { ask, amina, bo, owner, review, reviewId, film, blinding } = await openBlinded();
  await review.sign({ ...step(amina, reviewId, film, 0), content: whole }, call);
  await ask(amina.token);
  expect((await refusal(() => ask(bo.token))).message).toContain('one reader has');
  expect(blinding.hides(film, null)).toBe(true);
  await review.sign({ ...step(bo, reviewId, film, 0), content: whole }, call);
  await ask(null);
  // taken up again: it is being read once more
  await review.revise(step(bo, reviewId, film, 1), call);
  expect(blinding.hides(film, null)).toBe(true);
  await review.close({ token: owner.token, reviewId }, call);
  await ask(null);
});
