/**
 * @file What stands in memory is not in the core dump of a process that was told so, nor in that of a process that it started. Where the
 * system writes no core file into the folder of a process there is only the filter to look at.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, it, onTestFinished } from 'vitest';

import { startServer } from '../faults/server-process.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const SOURCE = pathToFileURL(resolve(import.meta.dirname, '../../main/node/core-dumps.ts')).href;
const ROOT = resolve(import.meta.dirname, '../..');

/** A core file may be as large as all memory that a process has asked for. */
const isIn = (file: string, text: string): boolean =>
  spawnSync('grep', ['--quiet', '--text', '--fixed-strings', text, file]).status === 0;

/** Runs a program that holds a name in memory and aborts, or has a child do so. @returns its core files, and the filter as it saw it */
function abort(how: { readonly told: boolean; readonly inChild: boolean }) {
  const folder = tempFolder();
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { spawnSync } from 'node:child_process';
     import { readFileSync } from 'node:fs';
     const [told, inChild] = process.argv.slice(2);
     if (told === 'true') (await import(${JSON.stringify(SOURCE)})).keepMemoryOutOfCores();
     if (inChild === 'true') {
       const { stdout } = spawnSync(process.execPath, [process.argv[1], 'false', 'false'], { encoding: 'utf8' });
       console.log(stdout);
     } else {
       globalThis.patient = Buffer.from(['Kanarien', 'vogel'].join('').repeat(1000));
       console.log(readFileSync('/proc/self/coredump_filter', 'utf8'));
       process.abort();
     }`,
  );
  const command = 'ulimit -c unlimited 2>/dev/null; exec "$0" "$@"';
  const args = ['-c', command, process.execPath, program, String(how.told), String(how.inChild)];
  const { stdout } = spawnSync('sh', args, { cwd: folder, encoding: 'utf8' });
  const cores = readdirSync(folder).filter((name) => name.startsWith('core'));
  return {
    filter: stdout.trim(),
    holdsName: cores.map((name) => isIn(join(folder, name), 'Kanarienvogel'.repeat(10))),
  };
}

describe.skipIf(process.platform !== 'linux')('core dumps', () => {
  it('hold no memory, of the process and of those that it starts', () => {
    const untold = abort({ told: false, inChild: false });
    expect(untold.filter).toMatch(/^0{6}[0-9a-f]*[1-9a-f]/);
    for (const inChild of [false, true]) {
      const { filter, holdsName } = abort({ told: true, inChild });
      expect(filter).toBe('00000000');
      // Where one is written at all, the name would be in it.
      if (untold.holdsName.includes(true)) expect(holdsName).toEqual([false]);
    }
  });

  it('the server and the command line say so', async () => {
    const filterOf = (child: ChildProcess): string =>
      readFileSync(`/proc/${child.pid ?? 0}/coredump_filter`, 'utf8').trim();
    const server = await startServer(join(tempFolder(), 'library'));
    expect(filterOf(server.child)).toBe('00000000');
    await server.end('SIGTERM');

    const endless = join(tempFolder(), 'endless.dcm');
    spawnSync('mkfifo', [endless]);
    const cli = spawn(process.execPath, [join(ROOT, 'main/cli/cli.ts'), 'decode', endless]);
    onTestFinished(() => void cli.kill('SIGKILL'));
    await expect.poll(() => filterOf(cli), { timeout: 60_000 }).toBe('00000000');
  });

  it('the shell says so before it does anything else', () => {
    // It runs under Electron alone: its text is what can be looked at here.
    expect(readFileSync(join(ROOT, 'main/electron/main.ts'), 'utf8')).toMatch(/^keepMemoryOutOfCores\(\);$/m);
  });
});
