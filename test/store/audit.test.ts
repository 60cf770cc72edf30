/** @file The audit trail only grows, and whatever is done to it behind the app's back is found. */
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

import { openStore } from '../../main/store/store.ts';
import { tempFolder, testClock } from '../helpers/temp-library.ts';

const clock = testClock();

function trailOf(entries: number): string {
  const file = join(tempFolder(), 'library.db');
  const store = openStore(file, { clock });
  for (let n = 1; n <= entries; n++) {
    const subject = `film-${n}`;
    store.audit.append({ at: clock.now(), actor: 'reader', action: 'view', subject, detail: { n } });
  }
  store.close();
  return file;
}

function verdictOf(file: string) {
  const store = openStore(file, { clock });
  const verdict = store.audit.verify();
  store.close();
  return verdict;
}

/** Somebody with a SQLite program and time. */
function tamper(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(
    `DROP TRIGGER audit_never_changes; DROP TRIGGER audit_is_kept; DROP TRIGGER audit_only_grows; ${sql}`,
  );
  db.close();
}

describe('the audit trail', () => {
  it('is whole as it was written, and goes on after the library was closed', () => {
    const file = trailOf(5);
    const before = verdictOf(file);
    expect(before).toMatchObject({ ok: true, entries: 5, firstBad: null });
    const store = openStore(file, { clock });
    expect(store.audit.append({ at: 1, actor: 'ü', action: 'export', subject: '', detail: {} })).toBe(6);
    expect(store.audit.after(4).map(({ subject }) => subject)).toEqual(['film-5', '']);
    store.close();
    const after = verdictOf(file);
    expect(after).toMatchObject({ ok: true, entries: 6 });
    expect(after.head).not.toBe(before.head);
  });

  it('is empty in a new library', () => {
    expect(verdictOf(trailOf(0))).toEqual({ ok: true, entries: 0, firstBad: null, head: '' });
  });

  it.each([
    ["UPDATE audit SET subject = 'other' WHERE seq = 3", /never changes/],
    ['DELETE FROM audit WHERE seq = 3', /never deleted/],
    ['INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3', /only grows/],
    [
      `INSERT INTO audit SELECT 9, at, actor, action, subject, detail, 'not the last', hash FROM audit WHERE seq = 5`,
      /only grows/,
    ],
  ])('refuses %s', (sql, message) => {
    const db = new Database(trailOf(5));
    expect(() => db.exec(sql)).toThrow(message);
    db.close();
  });

  it.each([
    ['a changed subject', "UPDATE audit SET subject = 'other' WHERE seq = 3", 3],
    ['a changed time', 'UPDATE audit SET at = at + 1 WHERE seq = 2', 2],
    ['a changed actor', "UPDATE audit SET actor = 'nobody' WHERE seq = 5", 5],
    ['a changed action', "UPDATE audit SET action = 'open' WHERE seq = 1", 1],
    ['a changed fact', `UPDATE audit SET detail = '{"n":9}' WHERE seq = 4`, 4],
    ['a removed row', 'DELETE FROM audit WHERE seq = 3', 3],
    ['a removed beginning', 'DELETE FROM audit WHERE seq = 1', 1],
    ['a cut-off end', 'DELETE FROM audit WHERE seq >= 4', 4],
    ['a whole trail removed', 'DELETE FROM audit', 1],
    [
      'two rows that changed places',
      'UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 99',
      2,
    ],
  ])('finds %s', (_what, sql, firstBad) => {
    const file = trailOf(5);
    tamper(file, sql);
    expect(verdictOf(file)).toMatchObject({ ok: false, firstBad });
  });
});
