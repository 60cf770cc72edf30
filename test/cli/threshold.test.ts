/** @file The verb `threshold` as a process: set, shown, taken back, told in the audit trail; what does not fit changes nothing. */
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createEvaluationService } from '../../main/services/evaluation/evaluation-service.ts';
import { createSignIn } from '../../main/services/review/sign-in.ts';
import { openStore } from '../../main/store/store.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { runCli } from '../helpers/cli-process.ts';
import { call, tempLibrary, testClock } from '../helpers/temp-library.ts';
import { goldenLibrary } from '../services/evaluation/golden.ts';

/** A scored run, the library closed. */
async function scoredRun() {
  const { library, log, dir } = await tempLibrary();
  const clock = testClock();
  const signIn = createSignIn(library.store, library.audit, clock);
  const predict = () => Promise.reject(new Error('no figure needs the engine'));
  const { service } = createEvaluationService({ library, predict, clock, log, signIn });
  const runId = goldenLibrary(library).add('mlcak');
  const { t2, perFinding } = await service.run({ runId, part: 'test' }, call);
  await library.close();
  const fitted = t2.operatingPoint?.threshold ?? Number.NaN;
  expect(fitted).toBeGreaterThan(0);
  return { dir, runId, fitted, finding: perFinding[0]?.name ?? '' };
}

const changes = (dir: string) => {
  const store = openStore(join(dir, 'library.db'), { clock: testClock() });
  const told = store.audit.after(0).filter(({ action }) => action === 'threshold change');
  const whole = store.audit.verify().ok;
  store.close();
  return { whole, told: told.map(({ subject, detail }) => ({ subject, ...detail })) };
};

const threshold = (dir: string, runId: RunId | string, ...options: readonly string[]) =>
  runCli(['threshold', '--library', dir, '--run', runId, ...options]);

it('sets an operating point, shows it, goes back to the fitted one, and each change is in the audit trail', async () => {
  const { dir, runId, fitted, finding } = await scoredRun();
  expect((await threshold(dir, runId)).json).toMatchObject({ runId, thresholds: [] });

  const set = await threshold(dir, runId, '--task', 't2', '--value', '0.4', '--reason', '  Fewer missed ');
  expect(set.status, set.stderr).toBe(0);
  const kept = {
    task: 't2',
    threshold: 0.4,
    fitted,
    by: 'the command line',
    reason: 'Fewer missed',
    at: expect.any(Number) as number,
  };
  expect(set.json).toMatchObject({ runId, task: 't2', fitted, thresholds: [kept] });
  expect((set.json as { inForce: unknown[] }).inForce).toContainEqual({
    ...{ task: 't2', threshold: 0.4, setByHand: true, fitted },
    rule: "Youden's J on validation",
  });
  await threshold(dir, runId, '--task', `t1:${finding}`, '--value', '0');
  expect((await threshold(dir, runId)).json).toMatchObject({
    thresholds: [kept, { task: `t1:${finding}`, threshold: 0, reason: '' }],
  });
  const shown = await runCli(['audit', '--library', dir]);
  expect(JSON.stringify(shown.json)).toContain('threshold change');

  const back = await threshold(dir, runId, '--task', 't2', '--fitted');
  expect(back.json).toMatchObject({ fitted, thresholds: [{ task: `t1:${finding}` }] });
  // nothing is left to take back: nothing is told
  await threshold(dir, runId, '--task', 't2', '--fitted');
  const { whole, told } = changes(dir);
  expect(whole).toBe(true);
  expect(told).toMatchObject([
    { subject: runId, task: 't2', old: fitted, new: 0.4, fitted, how: 'by hand', by: 'command line' },
    { task: `t1:${finding}`, new: 0 },
    { task: 't2', old: 0.4, new: fitted, how: 'back to the fitted one', by: 'command line' },
  ]);
});

it('refuses what does not fit, in words, and changes nothing', async () => {
  const { dir, runId } = await scoredRun();
  const asks: readonly (readonly [readonly string[], string, string])[] = [
    [['--task', 't3', '--value', '0.4'], 'BAD_INPUT', 't1: and the finding'],
    [['--task', 't1:Nothing', '--value', '0.4'], 'BAD_INPUT', 'does not answer t1:Nothing'],
    [['--task', 't2', '--value', '1.5'], 'BAD_INPUT', 'from 0 to 1'],
    [['--task', 't2', '--value', 'high'], 'BAD_INPUT', 'takes a number'],
    [['--task', 't2'], 'BAD_INPUT', 'either --value P, or --fitted'],
    [['--task', 't2', '--value', '0.4', '--fitted'], 'BAD_INPUT', 'either --value P, or --fitted'],
    [['--value', '0.4'], 'BAD_INPUT', 'Name the task'],
  ];
  for (const [options, code, word] of asks) {
    const { status, json } = await threshold(dir, runId, ...options);
    const { error } = json as { error: { code: string; message: string } };
    expect([status, error.code], options.join(' ')).toEqual([2, code]);
    expect(error.message).toContain(word);
  }
  const unknown = await threshold(dir, 'run-none', '--task', 't2', '--value', '0.4');
  expect([unknown.status, unknown.json]).toMatchObject([2, { error: { code: 'NOT_FOUND' } }]);
  const nobody = await runCli(['threshold', '--library', dir]);
  expect([nobody.status, nobody.json]).toMatchObject([2, { error: { code: 'BAD_INPUT' } }]);
  expect((await threshold(dir, runId)).json).toMatchObject({ runId, thresholds: [] });
  expect(changes(dir).told).toEqual([]);
});
