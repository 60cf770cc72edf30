/** @file The trail as a window reads it: pages, counts, verdict, and files that hold it whole. */
import { expect, it } from 'vitest';

import { createAuditService } from '../../../main/services/audit/audit-service.ts';
import { call, tempLibrary, testClock } from '../../helpers/temp-library.ts';

async function open() {
  const { library } = await tempLibrary();
  for (let n = 1; n <= 7; n++) library.audit.record('view', `film-${n}`);
  library.audit.record('delete', '=run', { what: 'run, "one"' });
  return { library, service: createAuditService(library, testClock()) };
}

it('gives pages from the newest on, by act, with how often each act stands there', async () => {
  const { service } = await open();
  const first = await service.list({ action: null, before: null, limit: 3 }, call);
  expect(first.entries.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
    'delete =run',
    'view film-7',
    'view film-6',
  ]);
  const next = await service.list({ action: 'view', before: first.entries[2]?.seq ?? 0, limit: 2 }, call);
  expect(next.entries.map(({ subject }) => subject)).toEqual(['film-5', 'film-4']);
  expect(next.counts).toEqual([
    { action: 'view', entries: 7 },
    { action: 'delete', entries: 1 },
    { action: 'open', entries: 1 },
  ]);
  expect((await service.list({ action: 'nothing', before: null, limit: 5 }, call)).entries).toEqual([]);
});

it('hands the whole trail out as JSON and CSV, tells so in the trail, and it stays whole', async () => {
  const { service, library } = await open();
  const json = await service.export({ format: 'json' }, call);
  expect(json.name).toMatch(/^audit-trail-\d{4}-\d\d-\d\d\.json$/);
  const parsed = JSON.parse(json.text) as { ok: boolean; head: string; trail: { hash: string }[] };
  expect(parsed.ok).toBe(true);
  expect(parsed.trail.at(-1)?.hash).toBe(parsed.head);
  const csv = await service.export({ format: 'csv' }, call);
  const lines = csv.text.trimEnd().split('\r\n');
  expect(lines[0]).toBe('number,time,account,action,subject,detail,hash');
  expect(lines).toHaveLength(library.store.audit.after(0).length);
  expect(lines.find((line) => line.includes(',delete,'))).toContain("'=run,");
  const verdict = await service.verify({}, call);
  expect(verdict).toMatchObject({ ok: true, firstBad: null });
  expect(
    library.store.audit
      .after(0)
      .filter(({ action }) => action === 'export')
      .map(({ detail }) => detail),
  ).toEqual([
    { what: 'audit trail', format: 'json' },
    { what: 'audit trail', format: 'csv' },
  ]);
});
