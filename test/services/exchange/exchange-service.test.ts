/** @file Exports as the window makes them: watched, kept, saved again byte for byte, removed; a session only for who may see it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import {
  createExchangeService,
  type ExchangeDeps,
} from '../../../main/services/exchange/exchange-service.ts';
import { createModelBlinding } from '../../../main/services/review/model-blinding.ts';
import { exportRequest, type ExportEvent } from '../../../shared/contract/exchange.ts';
import type { ExportId } from '../../../shared/domain/ids.ts';
import { addRun, addSplit } from '../evaluation/scored-runs.ts';
import { call, keptLog, tempFolder } from '../../helpers/temp-library.ts';
import { begin, openDesk, refusal, said, seat, step, type Desk } from '../review/review-desk.ts';

const noModel = () => Promise.reject(new Error('no model is asked here'));

function exchangeOf({ library, clock, signIn }: Desk, predict: ExchangeDeps['predict'] = noModel) {
  return createExchangeService({
    ...{ library, clock, signIn, predict },
    score: noModel,
    blinding: createModelBlinding(library, signIn),
    tellRun: () => undefined,
    log: keptLog(),
  });
}

type Exchange = ReturnType<typeof exchangeOf>;

async function run({ service }: Exchange, request: object): Promise<ExportEvent> {
  const { exportId } = await service.start(exportRequest.parse(request), call);
  let last: ExportEvent | null = null;
  const events = service.watch({ exportId: exportId as ExportId }, call) as AsyncIterable<ExportEvent>;
  for await (const event of events) last = event;
  if (last === null) throw new Error('an export sends at least one event');
  return last;
}

it('keeps an export with its record, gives its bytes, and removes both', async () => {
  const desk = await openDesk();
  const exchange = exchangeOf(desk);
  const { state, result } = await run(exchange, { what: 'annotations', format: 'vindr' });
  expect(state).toBe('finished');
  if (result === null) throw new Error('no result');
  expect(result).toMatchObject({ films: 3, format: 'vindr', title: 'library' });
  expect(await exchange.service.list({ token: null }, call)).toEqual([result]);
  const [file] = result.files;
  const bytes = await exchange.exportBytes(result.id, file?.name ?? '');
  expect(bytes.byteLength).toBe(file?.bytes);
  for (const name of ['../library.db', 'library.key', `${result.id}.json`]) {
    expect((await refusal(() => exchange.exportBytes(result.id, name))).code).toBe('NOT_FOUND');
  }
  writeFileSync(join(result.folder, file?.name ?? ''), 'changed');
  expect((await refusal(() => exchange.exportBytes(result.id, file?.name ?? ''))).code).toBe('NOT_FOUND');
  await exchange.service.remove({ exportId: result.id, token: null }, call);
  expect(readdirSync(desk.library.files.exportsDir)).toEqual([]);
});

it('writes into a folder of this computer, and says when there is none', async () => {
  const exchange = exchangeOf(await openDesk());
  const stick = tempFolder();
  const { result } = await run(exchange, { what: 'annotations', folder: stick });
  expect(result?.folder.startsWith(stick)).toBe(true);
  expect(result?.files[0]?.href).toBeNull();
  expect(existsSync(join(result?.folder ?? '', 'annotations.csv'))).toBe(true);
  const missing = await run(exchange, { what: 'annotations', folder: join(stick, 'none') });
  expect(missing).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND' } });
});

it('what was cut off is cleaned away when the library is opened again', async () => {
  const desk = await openDesk();
  const { result } = await run(exchangeOf(desk), { what: 'annotations' });
  const { exportsDir } = desk.library.files;
  mkdirSync(join(exportsDir, '.export-1.tmp'));
  mkdirSync(join(exportsDir, 'export-20990101000000'));
  writeFileSync(join(exportsDir, '.export-2.json.tmp'), '{');
  await desk.library.close();
  await openDesk(0, desk.dir);
  expect(readdirSync(exportsDir).sort()).toEqual([result?.id, `${result?.id}.json`]);
});

it('a session leaves only for somebody who may see what all its readers said', async () => {
  const desk = await openDesk(1);
  const exchange = exchangeOf(desk);
  const owner = seat(desk, 'Owner', 'owner');
  const amina = seat(desk, 'Amina');
  const bo = seat(desk, 'Bo', 'adjudicator');
  const reviewId = await begin(desk, owner, [amina, bo]);
  const request = { what: 'annotations', reviewId };
  const refused = (token: string | null) => refusal(() => run(exchange, { ...request, token }));
  expect((await refused(null)).code).toBe('SIGNED_OUT');
  expect((await refused(amina.token)).code).toBe('NOT_ALLOWED');
  expect((await refused(bo.token)).code).toBe('NOT_ALLOWED'); // has not read yet
  expect((await run(exchange, { ...request, token: owner.token })).state).toBe('finished');
  const named = async (token: string | null) => (await exchange.service.sources({ token }, call)).reviews;
  expect(await named(amina.token)).toEqual([]);
  expect(await named(null)).toEqual([]);
  await desk.review.sign(
    { ...step(bo, reviewId, desk.films[0], 0), content: said({ answers: { quality: 1 } }) },
    call,
  );
  expect((await run(exchange, { ...request, token: bo.token })).state).toBe('finished');
  expect(await named(bo.token)).toEqual([
    { id: reviewId, name: 'Round', films: 1, readers: 2, signed: 1, isOpenToSee: true },
  ]);

  // what was taken out and kept in the library is found and deleted by the same people alone
  const madeFor = async (token: string | null) => (await exchange.service.list({ token }, call)).length;
  expect([await madeFor(null), await madeFor(amina.token)]).toEqual([0, 0]);
  expect([await madeFor(owner.token), await madeFor(bo.token)]).toEqual([2, 2]);
  expect(await exchange.service.current({ token: amina.token }, call)).toBeNull();
  const [made] = await exchange.service.list({ token: bo.token }, call);
  const id = (made?.id ?? expect.fail('an export was made')) as ExportId;
  const deleted = (token: string | null) =>
    refusal(() => exchange.service.remove({ exportId: id, token }, call));
  expect((await deleted(amina.token)).code).toBe('NOT_ALLOWED');
  expect((await deleted(null)).code).toBe('NOT_ALLOWED');
  await exchange.service.remove({ exportId: id, token: owner.token }, call);
  expect(await madeFor(owner.token)).toBe(1);
});

it('lets no file with scores out to who may not look, and tells of those that leave', async () => {
  const desk = await openDesk(3);
  const { library, films, review } = desk;
  const exchange = exchangeOf(desk, () =>
    Promise.resolve({
      t1: [],
      t2: { name: 'abnormal', score: 0.5, threshold: null, kept: null },
      suitability: { likeness: { state: 'not-fitted', reason: 'No run has trained here.' } },
    } as never),
  );
  const owner = seat(desk, 'Olga', 'owner');
  const [amina, bo, judge] = [seat(desk, 'Amina'), seat(desk, 'Bo'), seat(desk, 'Judge', 'adjudicator')];
  const reviewId = await begin(desk, owner, [amina, bo], {});
  const splitId = addSplit(library, () => 'test');
  const runId = addRun(library, { method: 'none', resolution: 28, splitId, findings: [] }, null);
  const holdScores = [
    { what: 'predictions', runId },
    { what: 'sr', runId },
  ];
  for (const request of holdScores) {
    for (const token of [null, amina.token, judge.token]) {
      const refused = await refusal(() => run(exchange, { ...request, token }));
      expect(refused).toMatchObject({ code: 'NOT_ALLOWED', detail: { reviewId, films: 3 } });
      expect(refused.message).toContain(
        '"Round" has 3 of these films read without a model, and 2 readers have not done so yet. Nothing was written.',
      );
    }
  }
  expect(readdirSync(library.files.exportsDir)).toEqual([]);
  // beside the entry of each export itself
  const traces = () =>
    library.store.audit.page('export', null, 20).filter(({ detail }) => !('format' in detail));
  expect((await run(exchange, { what: 'annotations' })).result?.notes).toEqual([]); // no scores
  expect(traces()).toEqual([]);

  const warning =
    /3 films are still to be read without a model in "Round": keep these scores from its readers/;
  const told = await run(exchange, { what: 'predictions', runId, token: owner.token });
  expect(told.result?.notes.join(' ')).toMatch(warning);
  expect(traces()).toMatchObject([
    {
      subject: told.exportId,
      detail: { what: 'scores of films that are still to be read', reviewId, films: 3 },
    },
  ]);
  // Who has read them all gets the file, who has not does not; after the session everybody does.
  for (const film of films) {
    const content = said({ answers: { quality: 2 } });
    await review.sign({ ...step(amina, reviewId, film, 0), content }, call);
  }
  expect((await run(exchange, { what: 'predictions', runId, token: amina.token })).state).toBe('finished');
  const still = await refusal(() => run(exchange, { what: 'predictions', runId, token: bo.token }));
  expect(still.message).toContain('one reader has not done so yet');
  await review.close({ token: owner.token, reviewId }, call);
  expect((await run(exchange, { what: 'predictions', runId })).result?.notes).toEqual([]);
  expect(traces()).toHaveLength(2);
});

it('stands in the trail, with who asked, before anything is written', async () => {
  const desk = await openDesk();
  const exchange = exchangeOf(desk);
  const { token } = seat(desk, 'Olga', 'owner');
  const who = desk.signIn.who(token)?.id;
  const request = exportRequest.parse({ what: 'annotations', token });
  const { exportId } = await exchange.service.start(request, call);
  expect(desk.library.store.audit.after(0)).toContainEqual(
    expect.objectContaining({
      action: 'export',
      subject: exportId,
      detail: { what: 'annotations', format: 'csv', by: who },
    }),
  );
  await exchange.close();
});
