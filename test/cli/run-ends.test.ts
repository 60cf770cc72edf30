/** @file How a run ends from the command line when something comes between: a crash, signals in a row, a result that is gone. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';
import { z } from 'zod';

import { killTraining, runCli } from '../helpers/cli-process.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const begun = z.object({ runId: z.string(), state: z.string(), error: z.null() });
const quick = ['--model', 'tiny', '--preset', 'quick', '--batch', '4'];

async function library() {
  const dir = join(tempFolder(), 'library');
  const at = ['--library', dir];
  const films = smallFilmFolder();
  const importing = ['import', films.dir, '--labels', films.labels, ...at];
  expect((await runCli(importing)).status).toBe(0);
  return { dir, at, importing };
}

it.skipIf(process.platform === 'win32')(
  'a crashed training process refuses with its error; the run is resumed, and stands whatever signals come',
  async () => {
    const { dir, at, importing } = await library();
    const crashed = await runCli(
      ['train', ...quick, '--epochs', '3', ...at],
      [{ when: 'epoch 1 of 3', act: killTraining }],
    );
    expect(crashed).toMatchObject({
      status: 2,
      json: { error: { code: 'WORKER_CRASHED', message: expect.stringContaining('resume') as string } },
    });
    const { runId } = z
      .object({ error: z.object({ detail: z.object({ runId: z.string() }) }) })
      .parse(crashed.json).error.detail;

    const paused = await runCli(
      ['resume', runId, ...at],
      [
        { when: 'epoch', act: (child) => child.kill('SIGINT') },
        { when: 'Pausing at the next step', act: (child) => child.kill('SIGTERM') },
        { when: 'Stopping already', act: (child) => child.kill('SIGINT') },
      ],
    );
    expect(paused.status, paused.stderr).toBe(0);
    expect(begun.parse(paused.json)).toEqual({ runId, state: 'paused', error: null });

    const finished = await runCli(['resume', runId, ...at]);
    expect(finished).toMatchObject({ status: 0, json: { runId, state: 'finished', epochs: 3, error: null } });

    // New labels ask for new metrics, and these need scores that are gone now.
    rmSync(join(dir, 'runs', runId, 'scores.json'));
    await runCli(importing);
    const listed = await runCli(['runs', ...at]);
    expect(listed.status).toBe(0);
    expect(listed).toMatchObject({ json: { runs: [{ runId, state: 'finished', test: null }] } });
    expect(listed.stderr).toContain('cannot be read');
  },
);
