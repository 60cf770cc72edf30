/** @file Operating points set by hand: who may, what is refused and what the audit trail tells. */
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';

import { createEvaluationService } from '../../../main/services/evaluation/evaluation-service.ts';
import { createReadersService } from '../../../main/services/review/readers-service.ts';
import { createSignIn } from '../../../main/services/review/sign-in.ts';
import type { ReaderRole } from '../../../shared/domain/review.ts';
import { taskOfFinding, type Task } from '../../../shared/domain/task.ts';
import { call, tempLibrary, testClock } from '../../helpers/temp-library.ts';
import { goldenLibrary } from './golden.ts';

const PIN = '20417';

async function opened() {
  const { library, log, dir } = await tempLibrary();
  const clock = testClock();
  const signIn = createSignIn(library.store, library.audit, clock);
  const readers = createReadersService(library, signIn, clock);
  const predict = () => Promise.reject(new Error('no figure needs the engine'));
  const { service } = createEvaluationService({ library, predict, clock, log, signIn });
  const owner = await readers.firstOwner({ name: 'Ana', pin: PIN }, call);
  const enter = async (name: string, role: ReaderRole) => {
    const { id } = await readers.add({ token: owner.token, name, role, pin: PIN }, call);
    return (await readers.signIn({ readerId: id as never, pin: PIN }, call)).token;
  };
  const { add } = goldenLibrary(library);
  const runId = add('mlcak');
  const { t2, perFinding } = await service.run({ runId, part: 'test' }, call);
  const changes = () => library.store.audit.after(0).filter(({ action }) => action === 'threshold change');
  return { library, dir, service, owner, enter, runId, t2, perFinding, changes };
}

it('an adjudicator keeps one, it counts until the fitted one is taken again, and each change is told', async () => {
  const { library, service, owner, enter, runId, t2, perFinding, changes } = await opened();
  const ben = await enter('Ben', 'adjudicator');
  const fitted = t2.operatingPoint?.threshold ?? Number.NaN;
  const task: Task = 't2';
  const kept = await service.keepThreshold(
    { token: ben, runId, task, threshold: 0.4, reason: 'Fewer missed' },
    call,
  );
  expect(kept).toEqual([
    { task, threshold: 0.4, fitted, by: 'Ben', reason: 'Fewer missed', at: expect.any(Number) as number },
  ]);
  expect(await service.thresholds({ runId }, call)).toEqual(kept);
  const finding = perFinding[0]?.name ?? '';
  const other = taskOfFinding(finding);
  await service.keepThreshold({ token: owner.token, runId, task: other, threshold: 0.1, reason: '' }, call);
  await service.keepThreshold({ token: owner.token, runId, task, threshold: 0.6, reason: '' }, call);
  expect(await service.thresholds({ runId }, call)).toMatchObject([
    { task: 't2', threshold: 0.6, by: 'Ana' },
    { task: other, threshold: 0.1 },
  ]);
  await service.keepThreshold({ token: ben, runId, task, threshold: null, reason: '' }, call);
  await service.keepThreshold({ token: ben, runId, task, threshold: null, reason: '' }, call); // nothing to take back
  expect(await service.thresholds({ runId }, call)).toMatchObject([{ task: other }]);
  const by = library.store.readers.all().find(({ name }) => name === 'Ben')?.id;
  expect(changes().map(({ subject, detail }) => ({ subject, ...detail }))).toMatchObject([
    { subject: runId, task, old: fitted, new: 0.4, fitted, how: 'by hand', by },
    { task: other, new: 0.1 },
    { task, old: 0.4, new: 0.6 },
    { task, old: 0.6, new: fitted, how: 'back to the fitted one', by },
  ]);
  expect(library.store.audit.verify().ok).toBe(true);
});

it('a reader may not, nobody else’s token counts, tasks that the run does not have are named', async () => {
  const { service, owner, enter, runId, changes } = await opened();
  const cleo = await enter('Cleo', 'reader');
  const asked = { runId, task: 't2' as Task, threshold: 0.4, reason: '' };
  const keep = async (change: object) =>
    await service.keepThreshold({ token: owner.token, ...asked, ...change }, call);
  await expect(keep({ token: cleo })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await expect(keep({ token: 'x'.repeat(43) })).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  await expect(keep({ task: 't1:Nothing' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await expect(keep({ runId: 'run-none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await service.thresholds({ runId }, call)).toEqual([]);
  expect(changes()).toEqual([]);
});

it('rows are only added, even by SQL; they go with their run', async () => {
  const { library, dir, service, owner, runId } = await opened();
  await service.keepThreshold({ token: owner.token, runId, task: 't2', threshold: 0.4, reason: '' }, call);
  const db = new Database(`${dir}/library.db`);
  expect(() => db.prepare('UPDATE kept_thresholds SET threshold = 0.9').run()).toThrow('never changes');
  expect(() => db.prepare("UPDATE kept_thresholds SET task = 't3'").run()).toThrow();
  db.close();
  expect(library.store.thresholds.history(runId)).toHaveLength(1);
  library.store.runs.remove(runId);
  expect(library.store.thresholds.history(runId)).toEqual([]);
});
