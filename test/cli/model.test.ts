/** @file `export --what bundle` and `model …` as people type them: out of one library, into another, asked about a film, removed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { addModelRun } from '../helpers/bundles.ts';
import { runCli } from '../helpers/cli-process.ts';
import { openAppWithFilms } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder } from '../helpers/temp-library.ts';

it('takes a model from one library to another and predicts the same there', async () => {
  const app = await openAppWithFilms();
  const runId = await addModelRun(app);
  const film = join(smallFilmFolder().dir, readdir(smallFilmFolder().dir));
  await app.app.close();
  const out = join(tempFolder(), 'out');
  const here = ['--library', app.dir];
  const there = ['--library', join(tempFolder(), 'there')];
  const made = await runCli(['export', ...here, '--what', 'bundle', '--run', runId, '--out', out]);
  expect(made.status).toBe(0);
  const path = (made.json as { files: { path: string }[] }).files[0]?.path ?? '';
  await runCli(['import', film, ...there]);
  const shown = (await runCli(['model', 'show', path, ...there])).json as { signer: { fingerprint: string } };
  expect(shown).toMatchObject({ signer: { isKnown: false }, card: { model: { runId } } });
  expect(await runCli(['model', 'import', path, ...there])).toMatchObject({
    status: 2,
    json: { error: { code: 'NOT_ALLOWED' } },
  });
  const taken = await runCli(['model', 'import', path, ...there, '--trust', shown.signer.fingerprint]);
  expect(taken).toMatchObject({ status: 0, json: { runId } });
  const ask = async (library: string[]) => {
    const { json } = await runCli(['predict', ...library, '--run', runId, film]);
    const [{ t1, t2, operatingPoint } = {}] = (json as { predictions: Record<string, unknown>[] })
      .predictions;
    return { t1, t2, operatingPoint };
  };
  const answer = await ask(there);
  expect(answer).toEqual(await ask(here));
  expect(answer.t2).toBeTypeOf('number');
  const card = join(tempFolder(), 'card.html');
  expect((await runCli(['model', 'card', runId, ...there, '--out', card])).status).toBe(0);
  expect(readFileSync(card, 'utf8')).toContain('Model card');
  expect(await runCli(['model', 'measure', runId, ...there])).toMatchObject({ status: 2 });
  expect(await runCli(['model', 'remove', runId, ...here])).toMatchObject({ status: 2 });
  expect(await runCli(['model', 'remove', runId, ...there])).toMatchObject({ status: 0 });
  expect(existsSync(join(there[1] ?? '', 'runs', runId))).toBe(false);
  expect((await runCli(['model'])).status).toBe(2);
});

function readdir(dir: string): string {
  const [name] = readdirSync(dir).sort();
  if (name === undefined) throw new Error('there is no film');
  return name;
}
