/**
 * @file Films are read in processes that can be ended: by time, by memory, by a crash, with the app; the next film is read by a
 * new one. They may not write or start anything.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';

import type { DecodeTask } from '../../../main/services/import/decode-messages.ts';
import { createNodeWorkerHost } from '../../../main/node/worker-host-node.ts';
import { createDecodePool, type DecodePoolLimits } from '../../../main/services/import/decode-pool.ts';
import { tempFolder } from '../../helpers/temp-library.ts';
import { tinyDicom } from '../../helpers/tiny-dicom.ts';

/** @param options.entry a reader to try instead of the app's own */
function pool({ entry, ...limits }: DecodePoolLimits & { readonly entry?: URL } = {}) {
  const workerHost = createNodeWorkerHost(entry === undefined ? {} : { decode: entry });
  const made = createDecodePool({ size: 1, workerHost, ...limits });
  onTestFinished(() => made.close());
  return made;
}

const prepare = (path: string): Extract<DecodeTask, { kind: 'prepare' }> => ({
  kind: 'prepare',
  path,
  name: 'film.dcm',
});

function film(): string {
  const path = join(tempFolder(), 'film.dcm');
  writeFileSync(path, tinyDicom({ patientId: 'A' }));
  return path;
}

/** A reader that answers with what `answer` gives for the path of the film. */
function reader(answer: string): URL {
  const path = join(tempFolder(), 'reader.mjs');
  writeFileSync(
    path,
    `import fs from 'node:fs';
     import child from 'node:child_process';
     process.on('disconnect', () => process.exit());
     const answer = (path) => { ${answer} };
     process.on('message', ({ job, task }) => process.send({ job, ok: true, answer: answer(task.path) }));`,
  );
  return pathToFileURL(path);
}

it('reads a film, its frames and its tags', async () => {
  const readers = pool();
  const path = film();
  const prepared = await readers.decode(prepare(path));
  expect(prepared).toMatchObject({ patientId: 'A', header: { rows: 32, cols: 24, format: 'dicom' } });
  expect(prepared.model).toHaveLength(224 * 224);
  expect(Buffer.compare(prepared.original, tinyDicom({ patientId: 'A' }))).toBe(0);
  const frame = await readers.decode({ kind: 'view', path, name: 'film.dcm', frame: 0, preview: false });
  expect(frame.bytes.byteLength).toBe(32 * 24 * 2);
  expect((await readers.decode({ kind: 'tags', path, name: 'film.dcm' })).length).toBeGreaterThan(5);
});

it('ends a reader that takes too much memory, and reads the next film', async () => {
  const limited = pool({ maxBytes: 320 * 1024 * 1024 });
  const folder = tempFolder();
  const large = join(folder, 'large.png');
  const side = 9000;
  const create = { width: side, height: side, channels: 3 as const, background: { r: 1, g: 2, b: 3 } };
  await sharp({ create }).png({ compressionLevel: 1 }).toFile(large);
  await expect(limited.decode({ kind: 'prepare', path: large, name: 'large.png' })).rejects.toMatchObject({
    code: 'READER_STOPPED',
  });
  expect((await limited.decode(prepare(film()))).header.rows).toBe(32);
});

it('ends a reader that never answers, and the others wait no longer than that', async () => {
  const entry = reader(`while (path === 'endless'); return path;`);
  const readers = pool({ entry, timeoutMs: 8000 });
  const endless = readers.decode(prepare('endless'));
  const next = readers.decode(prepare('next'));
  await expect(endless).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringContaining('8 sec') as string,
  });
  expect(await next).toBe('next');
});

it('replaces a reader that crashes', async () => {
  const entry = reader(`if (path === 'crash') process.kill(process.pid, 'SIGSEGV'); return path;`);
  const readers = pool({ entry });
  await expect(readers.decode(prepare('crash'))).rejects.toMatchObject({ code: 'READER_STOPPED' });
  expect(await readers.decode(prepare('next'))).toBe('next');
});

it('lets a reader neither write nor start programs', async () => {
  const target = join(tempFolder(), 'written');
  const attempt = (what: string) =>
    reader(`try { ${what}; return 'done' } catch (error) { return error.code }`);
  const written = pool({ entry: attempt(`fs.writeFileSync(${JSON.stringify(target)}, '')`) });
  expect(await written.decode(prepare(''))).toBe('ERR_ACCESS_DENIED');
  const started = pool({ entry: attempt(`child.spawnSync('true')`) });
  expect(await started.decode(prepare(''))).toBe('ERR_ACCESS_DENIED');
});

it('what is looked at waits for no import, and what was asked for last comes first', async () => {
  // Imports, and the first look, go on until the test lets them.
  const gate = join(tempFolder(), 'gate');
  const entry = reader(
    `if (path.startsWith('slow')) while (!fs.existsSync(${JSON.stringify(gate)})); return path;`,
  );
  const readers = pool({ entry });
  const order: string[] = [];
  const ask = async (task: DecodeTask) => {
    await readers.decode(task);
    order.push(task.path);
  };
  const view = (path: string) => ask({ kind: 'view', path, name: '', frame: 0, preview: false });
  const imports = [ask(prepare('slow import')), ask(prepare('second import'))];
  await view('looked at');
  expect(order).toEqual(['looked at']);
  const looks = [view('slow look'), view('passed by'), view('stayed at')];
  writeFileSync(gate, '');
  await Promise.all([...imports, ...looks]);
  expect(order.indexOf('stayed at')).toBeLessThan(order.indexOf('passed by'));
  expect(order.indexOf('slow import')).toBeLessThan(order.indexOf('second import'));
});

it('refuses what still waits when the library closes, and leaves no process', async () => {
  const entry = reader(`if (path === 'pid') return process.pid; for (;;);`);
  const closing = pool({ entry });
  const pid = Number(await closing.decode(prepare('pid')));
  const waiting = [closing.decode(prepare('a')), closing.decode(prepare('b'))];
  const refused = Promise.all(waiting.map((one) => expect(one).rejects.toMatchObject({ code: 'CLOSED' })));
  await closing.close();
  await refused;
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  await expect(closing.decode(prepare('c'))).rejects.toMatchObject({ code: 'CLOSED' });
});

it('leaves no reader behind an app that was killed, and an idle one keeps no program alive', async () => {
  const source = (path: string): string =>
    JSON.stringify(pathToFileURL(resolve(import.meta.dirname, '../../../main', path)).href);
  const entry = reader(`return process.pid;`);
  const program = join(tempFolder(), 'app.mjs');
  writeFileSync(
    program,
    `import { createDecodePool } from ${source('services/import/decode-pool.ts')};
     import { createNodeWorkerHost } from ${source('node/worker-host-node.ts')};
     const workerHost = createNodeWorkerHost({ decode: new URL(${JSON.stringify(entry.href)}) });
     const pool = createDecodePool({ size: 1, workerHost });
     console.log(await pool.decode({ kind: 'prepare', path: '', name: '' }));
     if (process.argv[2] === 'stay') setInterval(() => {}, 1000);`,
  );
  const start = (mode: string) => {
    const child = spawn(process.execPath, [program, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const pid = new Promise<number>((settle) =>
      createInterface({ input: child.stdout }).once('line', (line) => settle(Number(line))),
    );
    const ended = new Promise<number | null>((settle) => child.once('exit', settle));
    return { child, pid, ended };
  };
  const gone = (pid: number) => expect.poll(() => isThere(pid), { timeout: 20_000 }).toBe(false);
  const leaving = start('leave');
  const first = await leaving.pid;
  expect(await leaving.ended).toBe(0);
  await gone(first);
  const killed = start('stay');
  const second = await killed.pid;
  expect(isThere(second)).toBe(true);
  killed.child.kill('SIGKILL');
  await gone(second);
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
