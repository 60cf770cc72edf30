/** @file `import` and `verify` as child processes: labels, duplicates, reasons for skipped files, refusals before any work. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import Database from 'better-sqlite3';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-import-'));
const films = join(folder, 'films');
const library = join(folder, 'library');
afterAll(() => rmSync(folder, { recursive: true }));

function cli(...args: string[]) {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, ...args, '--library', library, '--json'], {
    encoding: 'utf8',
  });
  return { status, json: JSON.parse(stdout) as Record<string, unknown> };
}

function labels(text: string): string {
  const file = join(folder, 'labels.csv');
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  mkdirSync(films);
  for (const name of ['a', 'b', 'c']) {
    const grey = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * (name.charCodeAt(0) - 90)) % 251);
    writeFileSync(
      join(films, `${name}.png`),
      await sharp(grey, { raw: { width: 64, height: 64, channels: 1 } })
        .png()
        .toBuffer(),
    );
  }
  writeFileSync(join(films, 'broken.dcm'), 'not a film');
});

it('refuses labels that cannot be used before anything is imported', () => {
  const unknown = cli('import', films, '--labels', labels('file,patient_id,Unheard of\na.png,p1,1\n'));
  expect(unknown).toMatchObject({ status: 2, json: { error: { code: 'UNKNOWN_LABELS' } } });
  expect(cli('import', join(folder, 'absent'))).toMatchObject({ status: 2 });
  expect(cli('verify').json).toMatchObject({ ok: true, checked: { artifacts: 0 } });
});

it('imports films with labels, names what it skipped, and knows duplicates', () => {
  const csv = labels('file,patient_id,Cardiomegaly,No finding\na.png,p1,1,0\nb.png,p1,,1\nc.png,p2,0,1\n');
  const { status, json } = cli('import', films, '--labels', csv);
  expect(status).toBe(0);
  expect(json).toMatchObject({
    imported: 3,
    duplicates: 0,
    patients: 2,
    labels: { Cardiomegaly: { positive: 1, negative: 1, unknown: 1 } },
  });
  expect(json.skipped).toMatchObject([{ code: 'NOT_AN_IMAGE' }]);
  expect(cli('import', films).json).toMatchObject({ imported: 0, duplicates: 3 });
});

it('verify finds a damaged file', () => {
  expect(cli('verify').json).toMatchObject({ ok: true, problems: [] });
  const shard = join(library, 'artifacts', readdirSync(join(library, 'artifacts'))[0] ?? '');
  writeFileSync(join(shard, readdirSync(shard)[0] ?? ''), 'damaged');
  const { json } = cli('verify');
  expect(json.ok).toBe(false);
  expect(json.problems).toHaveLength(1);
});

it('audit lists what was done, and that the list is as it was written', () => {
  const { status, json } = cli('audit');
  expect(status).toBe(0);
  const { trail } = json as { trail: readonly { action: string }[] };
  expect(json).toMatchObject({ ok: true, entries: trail.length, firstBad: null });
  expect(trail.filter(({ action }) => action === 'import').length).toBeGreaterThan(0);
  expect(JSON.stringify(json)).not.toContain(folder);

  const csv = join(folder, 'trail.csv');
  expect(cli('audit', '--csv', csv)).toMatchObject({ status: 0, json: { ok: true, csv } });
  const lines = readFileSync(csv, 'utf8').trim().split('\r\n');
  expect(lines[0]).toBe('number,time,account,action,subject,detail,hash');
  expect(lines).toHaveLength(trail.length + 1);
  expect(cli('audit', '--csv', csv)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
});

it('audit and verify name the first entry that was changed', () => {
  const db = new Database(join(library, 'library.db'));
  db.exec("DROP TRIGGER audit_never_changes; UPDATE audit SET actor = 'nobody' WHERE seq = 2");
  db.close();
  expect(cli('audit').json).toMatchObject({ ok: false, firstBad: 2 });
  const { problems } = cli('verify').json as { problems: readonly { code: string }[] };
  expect(problems).toContainEqual(
    expect.objectContaining({
      code: 'AUDIT',
      message: expect.stringContaining('from entry 2 on') as string,
      subject: '2',
    }),
  );
});
