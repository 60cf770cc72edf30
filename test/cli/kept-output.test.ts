/** @file `--output FILE` keeps what is printed, on both streams, in a new file; what is in the way is refused. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, it } from 'vitest';

import { keepOutput } from '../../main/cli/kept-output.ts';
import { runCli } from '../../main/cli/run-cli.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const ENTRY = resolve(import.meta.dirname, '../../main/cli/cli.ts');
const cli = (...args: string[]) => spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8' });

it('keeps what a verb prints, and why it was refused', () => {
  const folder = tempFolder();
  const table = join(folder, 'scores.csv');
  writeFileSync(table, 'label,score\n1,0.9\n0,0.2\n');
  const kept = join(folder, 'Ausgabe Ä.txt');
  const done = cli('--output', kept, 'metrics', table);
  expect([done.status, done.stdout]).toEqual([0, readFileSync(kept, 'utf8')]);
  expect(done.stdout).toContain('auroc: 1');
  if (process.platform !== 'win32') expect(statSync(kept).mode & 0o777).toBe(0o600);
  // a launcher names one of its own before the person's
  const [own, theirs] = [join(folder, 'own.txt'), join(folder, 'theirs.txt')];
  expect(cli('--output', own, '--output', theirs, 'metrics', table).status).toBe(0);
  for (const file of [own, theirs]) expect(readFileSync(file, 'utf8')).toBe(done.stdout);
  const why = join(folder, 'why.txt');
  const refused = cli('--output', why, 'metrics', join(folder, 'absent.csv'));
  expect([refused.status, refused.stderr]).toEqual([2, readFileSync(why, 'utf8')]);
  expect(refused.stderr).toContain('absent.csv');
});

it('writes over nothing, into no library, and asks for a name', async () => {
  const folder = tempFolder();
  const there = join(folder, 'film.dcm');
  writeFileSync(there, 'a film');
  const over = cli('--output', there, 'doctor', '--json');
  expect([over.status, JSON.parse(over.stdout)]).toMatchObject([2, { error: { code: 'CONFLICT' } }]);
  expect(readFileSync(there, 'utf8')).toBe('a film');
  expect(() => keepOutput(join(folder, 'none', 'a.txt'))).toThrow(/could not be made/);
  for (const args of [['--output'], ['--output', '--json', 'doctor']]) expect(await runCli(args)).toBe(2);
  writeFileSync(join(folder, 'library.db'), '');
  expect(() => keepOutput(join(folder, 'runs', '..', 'a.txt'))).toThrow(/in a library’s folder/);
  expect(existsSync(join(folder, 'a.txt'))).toBe(false);
});
