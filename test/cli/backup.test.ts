/** @file The verb `backup`: lists, makes, looks at and goes back to copies of a library's database. */
import { join } from 'node:path';

import { expect, it } from 'vitest';
import { z } from 'zod';

import { runCli } from '../helpers/cli-process.ts';
import { tempFolder } from '../helpers/temp-library.ts';
import { numberedFilms } from '../faults/numbered-films.ts';

const made = z.object({ copy: z.object({ id: z.string() }) });

it('makes a copy, says what going back means, goes back, and keeps what was there', async () => {
  const at = ['--library', join(tempFolder(), 'library')];
  const films = (name: string, count: number) => numberedFilms(join(tempFolder(), name), count).dir;
  expect((await runCli(['import', films('few', 2), ...at])).status).toBe(0);
  const { id } = made.parse((await runCli(['backup', '--make', ...at])).json).copy;
  await runCli(['import', films('more', 5), ...at]);
  expect((await runCli(['backup', '--look', id, ...at])).json).toMatchObject({ lost: { films: 3 } });
  const back = await runCli(['backup', '--restore', id, ...at]);
  expect(back).toMatchObject({ status: 0, json: { restored: { lost: { films: 3 } } } });
  const list = await runCli(['backup', ...at]);
  expect(list.json).toMatchObject({ now: { films: 2 } });
  expect(JSON.stringify(list.json)).toMatch(/"kind":"replaced","at":\d+,"bytes":\d+,"content":{"films":5/);
  expect(await runCli(['backup', '--restore', 'copy-1', ...at])).toMatchObject({
    status: 2,
    json: { error: { code: 'NOT_FOUND' } },
  });
});
