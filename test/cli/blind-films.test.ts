/** @file Scores on the command line of films that a session still has read without a model: given, but never in silence. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { pixelHash } from '../../main/dicom/render.ts';
import { filmIdOf } from '../../main/services/import/film-writer.ts';
import { openStore } from '../../main/store/store.ts';
import type { ReaderId, ReviewId } from '../../shared/domain/ids.ts';
import { PLAN } from '../services/review/review-desk.ts';
import { addModelRun } from '../helpers/bundles.ts';
import { runCli } from '../helpers/cli-process.ts';
import { openAppWithFilms } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const REVIEW = 'review-000000000001' as ReviewId;
const AMINA = 'reader-000000000001' as ReaderId;
const WARNING =
  /warning: 1 film is still to be read without a model in "Round": keep these scores from its readers\./;

/** What the trail says of scores that were had of such films. */
function traces(dir: string) {
  const store = openStore(join(dir, 'library.db'), { clock: testClock(), readOnly: true });
  try {
    return store.audit
      .after(0)
      .filter(({ detail }) => detail.what === 'scores of films that are still to be read')
      .map(({ action, subject, detail }) => ({ action, subject, ...detail }));
  } finally {
    store.close();
  }
}

it('predict, figure and export say it on standard error and in the audit trail, and wait where no trail can be kept', async () => {
  const parts = await openAppWithFilms();
  const { library, app, dir } = parts;
  const runId = await addModelRun(parts);
  const { store } = library;
  const [unread, other] = await Promise.all(
    store.films.names().map(async ({ id, name }) => {
      const file = join(smallFilmFolder().dir, name);
      expect(filmIdOf(pixelHash(await readFilm(readFileSync(file), name)))).toBe(id); // known by its pixels
      return { id, file };
    }),
  );
  if (unread === undefined || other === undefined) throw new Error('two films are meant');
  store.readers.add({ id: AMINA, name: 'Amina', role: 'reader', pinHash: null, createdAt: 1 });
  store.reviews.begin(
    { id: REVIEW, name: 'Round', plan: PLAN, createdAt: 1 },
    new Map([[AMINA, [unread.id]]]),
  );
  const at = ['--library', dir];
  const predict = ['predict', ...at, '--run', runId];

  // the window is open: nothing could be kept, so nothing is scored
  const overlays = join(tempFolder(), 'overlays');
  const refused = await runCli([...predict, unread.file, '--attention', overlays]);
  expect(refused).toMatchObject({ status: 2, json: { error: { code: 'READ_ONLY' } } });
  expect(JSON.stringify(refused.json)).toContain('Nothing was scored');
  expect(existsSync(join(overlays, 'last'))).toBe(false);
  const free = await runCli([...predict, other.file]);
  expect(free.status, free.stderr).toBe(0);
  expect(free.stderr).not.toMatch(WARNING);
  await app.close();
  expect(traces(dir)).toEqual([]);

  const both = await runCli([...predict, unread.file, other.file]);
  expect(both.status, both.stderr).toBe(0);
  expect(both.stderr).toMatch(WARNING);
  expect((both.json as { predictions: unknown[] }).predictions).toHaveLength(2);

  const png = join(tempFolder(), 'figure.png');
  const figure = await runCli(['figure', ...at, '--runs', runId, '--film', unread.id, '--out', png]);
  expect(figure.status, figure.stderr).toBe(0);
  expect(figure.stderr).toMatch(WARNING);

  const out = join(tempFolder(), 'out');
  const scores = ['export', ...at, '--what', 'predictions', '--run', runId, '--out', out];
  const exported = await runCli(scores);
  expect(exported.status, exported.stderr).toBe(0);
  expect(exported.stderr).toMatch(WARNING);
  expect((exported.json as { notes: string[] }).notes).toEqual([
    '1 film is still to be read without a model in "Round": keep these scores from its readers.',
  ]);
  const labels = await runCli(['export', ...at, '--what', 'annotations', '--out', join(tempFolder(), 'out')]);
  expect(labels.stderr).not.toMatch(WARNING); // no scores

  const back = await runCli(['import', join(out, 'predictions.csv'), ...at]);
  expect(back.status, back.stderr).toBe(0);
  expect(back.stderr).toMatch(WARNING);
  expect(back.json).toMatchObject({ runId, differing: [] });

  const said = { what: 'scores of films that are still to be read', reviewId: REVIEW, films: 1 };
  expect(traces(dir)).toEqual([
    { action: 'predict', subject: runId, ...said },
    { action: 'export', subject: 'figure', ...said },
    { action: 'export', subject: runId, ...said },
    { action: 'import', subject: 'scores', ...said },
  ]);
});
