/** @file Acts on a real library leave their trace, without names or paths; looking only leaves none; verify reads the trail. */
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';

import { verifyLibrary } from '../../../main/services/library/verify-library.ts';
import { filmQuery } from '../../../shared/contract/library.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, openTestApp, startRun } from '../../helpers/open-app.ts';
import { scriptedHost } from '../../helpers/scripted-workers.ts';
import { call, tempLibrary } from '../../helpers/temp-library.ts';

it('tells of opening, importing, looking, training, exporting and deleting, in order and without names', async () => {
  const parts = await openAppWithFilms({ workerHost: scriptedHost() });
  const { app, library } = parts;
  const { rows } = await app.services.library.films(filmQuery.parse({}), call);
  const filmId = rows[0]?.id as FilmId;
  await app.bytes.frame(filmId, 0);
  await app.bytes.frame(filmId, 0);
  const runId = await startRun(parts);
  await app.services.training.cancel({ runId }, call);
  await parts.training.runToEnd(runId, () => undefined, call.signal);
  await app.services.training.remove({ runId }, call);
  const trail = library.store.audit.after(0);
  expect(trail.map(({ action }) => action)).toEqual(['open', 'import', 'view', 'train', 'delete']);
  expect(trail.find(({ action }) => action === 'view')?.subject).toBe(filmId);
  expect(trail.at(-1)).toMatchObject({ subject: runId, detail: { what: 'run' } });
  expect(JSON.stringify(trail)).not.toMatch(/\.png|\.dcm|[\\/]tmp|P-\d/);
  expect((await verifyLibrary(library.store, library.files)).problems).toEqual([]);
});

it('records no act that was refused', async () => {
  const { app, library } = await openTestApp({ workerHost: scriptedHost() });
  const before = library.store.audit.verify().entries;
  await expect(app.services.training.remove({ runId: 'run-that-is-not' as RunId }, call)).rejects.toThrow();
  await expect(app.bytes.frame('f'.repeat(64) as FilmId, 0)).rejects.toThrow();
  expect(library.store.audit.verify().entries).toBe(before);
});

it('writes nothing into a library that is only looked at', async () => {
  const { dir, library } = await tempLibrary();
  const { entries } = library.store.audit.verify();
  const { library: reader } = await tempLibrary({ dir, readOnly: true });
  reader.audit.record('view', 'film');
  expect(reader.store.audit.verify()).toMatchObject({ ok: true, entries });
});

it('verify says when the trail was changed', async () => {
  const { library } = await tempLibrary();
  const db = new Database(library.files.databasePath);
  db.exec("DROP TRIGGER audit_never_changes; UPDATE audit SET actor = 'nobody'");
  db.close();
  const { ok, problems } = await verifyLibrary(library.store, library.files);
  expect(ok).toBe(false);
  expect(problems).toMatchObject([{ code: 'AUDIT', subject: '1' }]);
});
