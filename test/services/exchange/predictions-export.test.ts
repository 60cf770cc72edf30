/** @file Scores of a run as files, each film with how like the training films it is, and beyond the run's limit or not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runExport } from '../../../main/services/exchange/export-job.ts';
import { parseCsvTable } from '../../../main/services/import/csv-table.ts';
import { exportRequest } from '../../../shared/contract/exchange.ts';
import { addModelRun } from '../../helpers/bundles.ts';
import { keepFit } from '../../helpers/likeness-fit.ts';
import { openAppWithFilms } from '../../helpers/open-app.ts';
import { call, tempFolder } from '../../helpers/temp-library.ts';

it('say of each film whether the model knows its kind, as the Reading room does', async () => {
  const app = await openAppWithFilms();
  const { library, inference } = app;
  const { store } = library;
  const runId = await addModelRun(app);
  const { predict } = inference.service;
  const doExport = async (format: 'csv' | 'json' | 'vindr') =>
    await runExport(
      { library, predict, score: () => Promise.reject(new Error('no answers are checked')), clock: Date },
      exportRequest.parse({ what: 'predictions', runId, format }),
      { folder: join(tempFolder(), 'out') },
      { signal: call.signal, report: () => undefined },
    );
  const cells = async ({ files: [file] }: Awaited<ReturnType<typeof doExport>>) => {
    const { columns, rows } = await parseCsvTable(readFileSync(file?.path ?? ''));
    const from = columns.indexOf('likeness');
    expect(columns.slice(from)).toEqual(['likeness', 'likeness_distance', 'likeness_limit']);
    return rows.map((row) => [row[0], ...row.slice(from)]);
  };
  const before = await doExport('csv');
  expect(new Set((await cells(before)).map(([, ...said]) => said.join()))).toEqual(new Set(['not-fitted,,']));
  expect(before.notes).toEqual([]);

  const said = async () => {
    const films = store.films.names().map(async ({ id }) => {
      const { suitability } = await predict({ runId, filmId: id, attention: [] }, call);
      if (suitability.likeness.state === 'not-fitted') throw new Error('a fit was kept');
      return { id, ...suitability.likeness };
    });
    return await Promise.all(films);
  };
  keepFit(library, runId, 1e9);
  const distances = (await said()).map(({ distance }) => distance).sort((a, b) => a - b);
  const limit = distances[Math.floor(distances.length / 2)] ?? 0; // half of them lie beyond
  keepFit(library, runId, limit);
  const table = await doExport('csv');
  const wanted = await said();
  const unlike = wanted.filter(({ state }) => state === 'unlike').length;
  expect(unlike).toBeGreaterThan(0);
  expect(unlike).toBeLessThan(wanted.length);
  expect(await cells(table)).toEqual(
    wanted.map(({ id, state, distance }) => [id, state, String(distance), String(limit)]),
  );
  const are = `${unlike} films of ${wanted.length} are not like those that the model learned from`;
  expect(table.notes.join()).toContain(`${are}, so their scores say little: they are told apart in the file`);
  expect((await doExport('vindr')).notes.join()).toContain('This format has no column for that');

  const [file] = (await doExport('json')).files;
  const json = JSON.parse(readFileSync(file?.path ?? '', 'utf8')) as {
    run: { likeness: object };
    films: { filmId: string; likeness: object }[];
  };
  expect(json.run.likeness).toEqual({ limit, quantile: 0.99, trainFilms: 10, validationFilms: 99 });
  expect(json.films.map(({ filmId, likeness }) => ({ id: filmId, likeness }))).toEqual(
    wanted.map(({ id, state, distance }) => ({ id, likeness: { state, distance } })),
  );
});
