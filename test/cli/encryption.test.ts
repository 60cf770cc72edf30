/** @file The verb `encryption`, and other verbs on an encrypted library: secrets come from files, refusals say what to do. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';
import { z } from 'zod';

import { numberedFilms } from '../faults/numbered-films.ts';
import { runCli } from '../helpers/cli-process.ts';
import { foundIn, words } from '../helpers/folder-search.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const made = z.object({ recoveryKey: z.string() });

it(
  'killed while it encrypts, `on` has told no recovery key: verbs warn, the same command goes on and tells one that opens',
  { timeout: 300_000 },
  async () => {
    const home = tempFolder();
    const at = ['--library', join(home, 'library')];
    const secret = join(home, 'secret');
    writeFileSync(secret, 'Lunge Herz Rippe Zwerchfell\n');
    const { dir: films } = numberedFilms(join(home, 'films'), 12);
    expect((await runCli(['import', films, ...at])).status).toBe(0);
    const turnOn = ['encryption', 'on', '--new-passphrase', secret, ...at];
    const kill = {
      when: 'changing the encryption',
      act: (child: ChildProcess) => void child.kill('SIGKILL'),
    };
    await expect(runCli(turnOn, [kill])).rejects.toThrow('exit by a signal');
    expect((await runCli(['encryption', ...at])).json).toMatchObject({ recoveryKept: false });
    const opened = await runCli(['verify', ...at, '--unlock', secret]);
    expect(opened, opened.stderr).toMatchObject({ status: 0, json: { ok: true } });
    expect(opened.stderr).toContain('encryption recovery');

    const again = await runCli(turnOn);
    expect(again, again.stderr).toMatchObject({ status: 0, json: { state: 'encrypted' } });
    expect((await runCli(['encryption', ...at])).json).toEqual({ state: 'encrypted', recoveryKept: true });
    const recovery = join(home, 'recovery');
    writeFileSync(recovery, made.parse(again.json).recoveryKey);
    const told = await runCli(['verify', ...at, '--unlock', recovery]);
    expect(told).toMatchObject({ status: 0, json: { ok: true } });
    expect(told.stderr).not.toContain('encryption recovery');
    expect(await runCli(turnOn)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
  },
);

it(
  'makes an encrypted library, imports, copies and checks it, changes the passphrase, takes the encryption off',
  { timeout: 300_000 },
  async () => {
    const home = tempFolder();
    const fileOf = (name: string, line: string): string => {
      writeFileSync(join(home, name), `${line}\nsecond line\n`);
      return join(home, name);
    };
    const first = fileOf('first', 'Lunge Herz Rippe Zwerchfell');
    const library = join(home, 'library');
    const at = ['--library', library];
    const { dir: films } = numberedFilms(join(home, 'films'), 3);

    const on = await runCli(['encryption', 'on', '--new-passphrase', first, ...at]);
    expect(on, on.stderr).toMatchObject({ status: 0, json: { state: 'encrypted' } });
    const { recoveryKey } = made.parse(on.json);
    const imported = await runCli(['import', films, ...at, '--unlock', first]);
    expect(imported, imported.stderr).toMatchObject({ status: 0, json: { imported: 3 } });
    expect(foundIn(library, words('0.dcm', '1.dcm', '2.dcm'))).toEqual([]);

    expect(await runCli(['backup', ...at])).toMatchObject({
      status: 2,
      json: { error: { code: 'PASSPHRASE_NEEDED', message: expect.stringContaining('--unlock') as string } },
    });
    const wrong = fileOf('wrong', 'Lunge Herz Rippe');
    expect(await runCli(['verify', ...at, '--unlock', wrong])).toMatchObject({
      status: 2,
      json: { error: { code: 'NOT_ALLOWED' } },
    });
    expect(await runCli(['backup', '--make', ...at, '--unlock', first])).toMatchObject({ status: 0 });
    expect(await runCli(['backup', ...at, '--unlock', first])).toMatchObject({ json: { encrypted: true } });
    const out = join(home, 'out');
    const exporting = ['export', '--what', 'annotations', '--out', out, ...at, '--unlock', first];
    expect((await runCli(exporting)).json).toMatchObject({
      notes: expect.arrayContaining([expect.stringContaining('is not')]) as string[],
    });
    const inside = ['export', '--what', 'annotations', '--out', join(library, 'exports', 'mine')];
    for (const verb of [inside, ['doctor', '--bundle', join(library, 'support.zip')]]) {
      expect(await runCli([...verb, ...at, '--unlock', first])).toMatchObject({
        status: 2,
        json: { error: { code: 'BAD_INPUT', message: expect.stringContaining('a place outside') as string } },
      });
    }
    const bundle = ['doctor', '--bundle', join(home, 'support.zip'), ...at, '--unlock', first];
    expect((await runCli(bundle)).stderr).toMatch(/encrypted; .*support\.zip is not/);
    const recovery = fileOf('recovery', recoveryKey);
    expect(await runCli(['verify', ...at, '--unlock', recovery])).toMatchObject({
      status: 0,
      json: { ok: true },
    });

    const second = fileOf('second', 'Sternum Clavicula Hilus');
    const change = ['encryption', 'passphrase', '--unlock', first, '--new-passphrase', second, ...at];
    expect((await runCli(change)).status).toBe(0);
    expect((await runCli(['verify', ...at, '--unlock', first])).status).toBe(2);
    expect(await runCli(['encryption', 'off', '--unlock', second, ...at])).toMatchObject({
      status: 0,
      json: { state: 'plain' },
    });
    expect(await runCli(['encryption', ...at])).toMatchObject({ json: { state: 'plain' } });
    expect(await runCli(['verify', ...at])).toMatchObject({ status: 0, json: { ok: true } });
  },
);
