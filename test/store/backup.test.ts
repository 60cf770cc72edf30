/** @file Copies of the database: made once a day, three kept; a damaged database is replaced by the newest sound one. */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { BACKUP_EVERY_MS, listBackups } from '../../main/store/backup.ts';
import { libraryFacts } from '../../main/services/system/library-facts.ts';
import { openStore } from '../../main/store/store.ts';
import { call, importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { pattern, tinyDicom } from '../helpers/tiny-dicom.ts';

const START = 1_700_000_000_000;

function openAt(file: string, now: number) {
  return openStore(file, { clock: { now: () => now } });
}

/** A library.db with one setting that stands in its copy and one that came later. */
function withCopy(): string {
  const file = join(tempFolder(), 'library.db');
  const store = openAt(file, START);
  store.transaction(() => store.settings.set('early', 'x'.repeat(20_000)));
  store.copies.makeIfDue();
  store.transaction(() => store.settings.set('late', 2));
  store.close();
  return file;
}

it('makes one copy a day and keeps the last three', () => {
  const file = join(tempFolder(), 'library.db');
  for (let hour = 0; hour < 24 * 6; hour += 6) {
    const store = openAt(file, START + hour * 3_600_000);
    store.copies.makeIfDue();
    store.close();
  }
  const days = listBackups(file).map(({ at }) => (at - START) / BACKUP_EVERY_MS);
  expect(days).toEqual([5, 4, 3]);
});

it('makes a new copy when the clock was set back', () => {
  const file = withCopy();
  const store = openAt(file, START - BACKUP_EVERY_MS);
  store.copies.makeIfDue();
  store.close();
  expect(listBackups(file)).toHaveLength(2);
});

it('after the clock was set back the copy that is made stays, and copies from the future go first', () => {
  const file = join(tempFolder(), 'library.db');
  const daysOf = (): readonly number[] => listBackups(file).map(({ at }) => (at - START) / BACKUP_EVERY_MS);
  const copyOn = (day: number): void => {
    const store = openAt(file, START + day * BACKUP_EVERY_MS);
    store.copies.makeIfDue();
    store.close();
  };
  for (const day of [10, 11, 12]) copyOn(day);
  copyOn(0);
  expect(daysOf()).toEqual([12, 11, 0]);
  copyOn(1);
  expect(daysOf()).toEqual([12, 1, 0]);
  copyOn(2);
  expect(daysOf()).toEqual([2, 1, 0]);
});

describe('a damaged database', () => {
  const damages: readonly (readonly [string, (file: string) => void])[] = [
    ['cut in half', (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2))],
    ['overwritten at its head', (file) => writeFileSync(file, 'x'.repeat(8192))],
    [
      'overwritten in the middle while it was not closed',
      (file) => {
        const bytes = readFileSync(file);
        bytes.fill(0xaa, 4096);
        writeFileSync(file, bytes);
        writeFileSync(`${file}-wal`, 'x'.repeat(100));
      },
    ],
  ];

  it.each(damages)('%s is replaced by its copy, and kept', (_what, damage) => {
    const file = withCopy();
    damage(file);
    const damaged = readFileSync(file);
    const store = openAt(file, START + 5);
    expect(store.restored).toEqual({
      why: 'damaged',
      at: START,
      kept: `${file}.damaged-${START + 5}`,
    });
    expect(store.settings.get('early')).toHaveLength(20_000);
    expect(store.settings.get('late')).toBeUndefined();
    expect(store.check()).toEqual([]);
    store.close();
    expect(readFileSync(`${file}.damaged-${START + 5}`).equals(damaged)).toBe(true);
    const again = openAt(file, START + 6);
    expect(again.restored).toBeNull();
    again.close();
  });

  it('is replaced by what a person went back from only where there is nothing else', () => {
    const file = withCopy();
    const [copy] = listBackups(file);
    const store = openStore(file, { clock: { now: () => START + 1 }, goBackTo: copy?.id ?? null });
    expect(store.restored?.kept).toContain('.replaced-');
    store.close();
    truncateSync(file, 8192);
    const again = openAt(file, START + 5);
    expect(again.restored).toMatchObject({ why: 'damaged', at: START });
    expect(again.settings.get('late')).toBeUndefined();
    again.close();
    truncateSync(file, 8192);
    for (const { path, kind } of listBackups(file)) if (kind !== 'replaced') rmSync(path);
    const last = openAt(file, START + 9);
    expect(last.settings.get('late')).toBe(2);
    last.close();
  });

  it('is left as it is when no copy is sound', () => {
    const file = withCopy();
    const [copy] = listBackups(file);
    for (const path of [file, copy?.path ?? '']) writeFileSync(path, 'x'.repeat(8192));
    expect(() => openAt(file, START + 5)).toThrow(/damaged/);
    expect(readdirSync(join(file, '..')).some((name) => name.includes('damaged'))).toBe(false);
  });

  it('is told to the person, who imports again what is missing', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'a.dcm'), tinyDicom());
    const { dir, library } = await tempLibrary();
    await importAll(library, { paths: [folder] });
    await library.close();
    truncateSync(join(dir, 'library.db'), 8192);
    writeFileSync(join(folder, 'b.dcm'), tinyDicom({ pixel: pattern(2) }));
    const again = await tempLibrary({ dir });
    expect((await again.library.service.overview({}, call)).warnings[0]).toMatch(
      /was damaged\. Its copy of 2023-11-14/,
    );
    const { summary } = await importAll(again.library, { paths: [folder] });
    expect(summary).toMatchObject({ imported: 1, duplicates: 1 });
    await again.library.close();
    // and still told the next time, when nothing is wrong any more
    const later = await tempLibrary({ dir });
    expect(libraryFacts(later.library).trouble.join()).toMatch(/found damaged, and its copy of 2023-11-14/);
  });
});
