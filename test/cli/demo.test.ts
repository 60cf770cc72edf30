/** @file The demo from the command line: alone, and beside an app that is open, is closed, or runs the study already. */
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';

import { startLoopback } from '../../main/node/loopback-server.ts';
import { launchUrl } from '../../shared/contract/transport.ts';
import { runCli, type Act } from '../helpers/cli-process.ts';
import { openTestApp } from '../helpers/open-app.ts';
import { call, tempFolder } from '../helpers/temp-library.ts';

const listed = z.object({
  runs: z.array(z.object({ runId: z.string(), method: z.string(), state: z.string() })),
});
const interrupt = (when: string): Act => ({ when, act: (child) => child.kill('SIGINT') });

it('alone: Ctrl-C closes the app in order, and starting again goes on', async () => {
  const at = ['--library', join(tempFolder(), 'library')];
  const first = await runCli(['demo', ...at], [interrupt('training 1 of 3'), interrupt('Closing')]);
  expect(first, first.stderr).toMatchObject({ status: 0, json: { state: 'paused', report: null } });
  expect(first.stderr).toContain('starting the demo again goes on');
  const { runs: before } = listed.parse((await runCli(['runs', ...at])).json);
  expect(before).toMatchObject([{ method: 'teacher', state: 'paused' }]);

  const again = await runCli(['demo', ...at], [interrupt('training 1 of 3')]);
  expect(again, again.stderr).toMatchObject({ status: 0, json: { state: 'paused' } });
  const { runs: after } = listed.parse((await runCli(['runs', ...at])).json);
  expect(after.map(({ runId }) => runId)).toEqual(before.map(({ runId }) => runId));
});

it('beside an app: follows the study that is at work; Ctrl-C ends only the watching', async () => {
  const { app, log } = await openTestApp();
  const server = await startLoopback({ app, rendererDir: tempFolder(), log, clock: Date });
  onTestFinished(() => server.close());
  await app.services.sample.run({}, call);
  const watched = await runCli(['demo'], [interrupt('%')], { CHESTLIGHT_URL: server.url() });
  expect(watched, watched.stderr).toMatchObject({ status: 0, json: { state: 'running' } });
  expect(watched.stderr).toContain('at work already');
  expect(watched.stderr).toContain('goes on in the window');
  expect(await app.services.sample.current({}, call)).toMatchObject({ state: 'running' });

  const closing: Act = { when: '%', act: () => void server.close() };
  const left = await runCli(['demo'], [closing], { CHESTLIGHT_URL: server.url() });
  expect(left).toMatchObject({
    status: 2,
    json: { error: { code: 'CANCELLED', message: expect.stringContaining('was closed') as string } },
  });
  const gone = await runCli(['demo'], [], { CHESTLIGHT_URL: launchUrl(server.port, 'x'.repeat(30)) });
  expect(gone).toMatchObject({ status: 2, json: { error: { code: 'NOT_FOUND' } } });
});
