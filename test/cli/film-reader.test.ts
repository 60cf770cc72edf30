/**
 * @file Verbs read films in processes that can be ended: a film that never ends, takes too much memory or takes its reader along
 * costs its own turn; the others of a folder are read. In order, and no process stays.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { filmLimits, inOrder, withFilmReader, type FilmReader } from '../../main/cli/film-reader.ts';
import { Refusal } from '../../main/cli/verb.ts';
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { runCli } from '../helpers/cli-process.ts';
import { tempFolder } from '../helpers/temp-library.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';

/** 9000 × 9000 pixels in a file of some kB. */
async function bomb(path: string): Promise<string> {
  const create = { width: 9000, height: 9000, channels: 3 as const, background: { r: 1, g: 2, b: 3 } };
  await sharp({ create }).png({ compressionLevel: 1 }).toFile(path);
  return path;
}

it('decode ends a film that takes too much memory, and one that never ends', async () => {
  const folder = tempFolder();
  const large = await bomb(join(folder, 'large.png'));
  const stopped = await runCli(['decode', large, '--film-memory', '320']);
  expect(stopped).toMatchObject({ status: 2, json: { error: { code: 'READER_STOPPED' } } });
  if (process.platform === 'win32') return; // it has no named pipes among its files
  const endless = join(folder, 'endless.dcm');
  execFileSync('mkfifo', [endless]);
  const cut = await runCli(['decode', endless, '--film-seconds', '5']);
  expect(cut).toMatchObject({ status: 2, json: { error: { code: 'TIMEOUT' } } });
});

it('deidentify leaves such a film out by its name and writes the others', async () => {
  const folder = tempFolder();
  const source = join(folder, 'in');
  mkdirSync(source);
  await bomb(join(source, 'b.png'));
  for (const name of ['a', 'c']) writeFileSync(join(source, `${name}.dcm`), tinyDicom({ patientId: name }));
  const { status, json } = await runCli(['deidentify', source, join(folder, 'out'), '--film-memory', '320']);
  expect(status).toBe(0);
  const { files, skipped } = json as { files: unknown[]; skipped: unknown[] };
  expect(files).toHaveLength(2);
  expect(skipped).toEqual([expect.objectContaining({ file: 'b.png', code: 'READER_STOPPED' })]);
});

it.each([
  ['film-seconds', '0'],
  ['film-seconds', 'soon'],
  ['film-memory', '10'],
  ['film-memory', '1e9'],
])('refuses --%s %s', (name, value) => {
  expect(() => filmLimits({ [name]: value })).toThrow(Refusal);
});

/** A reader whose answer is the path of its film and its own process; `endless` never ends, `crash` ends it. */
function reader(): URL {
  const path = join(tempFolder(), 'reader.mjs');
  writeFileSync(
    path,
    `process.on('disconnect', () => process.exit());
     process.on('message', ({ job, task }) => {
       if (task.name === 'crash') process.kill(process.pid, 'SIGSEGV');
       while (task.name === 'endless');
       process.send({ job, ok: true, answer: [task.name, process.pid] });
     });`,
  );
  return pathToFileURL(path);
}

it('keeps one process warm for a whole folder, gives answers in order, and leaves none', async () => {
  const path = join(tempFolder(), 'film.dcm');
  writeFileSync(path, '');
  const names = ['0', '1', 'crash', '3', 'endless', ...Array.from({ length: 20 }, (_, at) => String(5 + at))];
  const pids = new Set<number>();
  const answers: string[] = [];
  const work = async (films: FilmReader): Promise<void> => {
    const ask = async (name: string): Promise<string> => {
      try {
        const [asked, pid] = (await films.read({ kind: 'model', path, name })) as unknown as [string, number];
        pids.add(pid);
        return asked;
      } catch (error) {
        return (error as Refusal).code;
      }
    };
    for await (const answer of inOrder(names, films.ahead, ask)) answers.push(answer);
  };
  const workerHost = createNodeWorkerHost({ decode: reader() });
  await withFilmReader({ size: 1, timeoutMs: 8000 }, work, workerHost);
  expect(answers).toEqual(
    names.map((name) => ({ crash: 'READER_STOPPED', endless: 'TIMEOUT' })[name] ?? name),
  );
  expect(pids.size).toBe(3);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

it('has so many at work and no more, and waits for them where the caller stops', async () => {
  let atWork = 0;
  let most = 0;
  const make = async (item: number): Promise<number> => {
    most = Math.max(most, ++atWork);
    await new Promise((done) => setImmediate(done));
    atWork--;
    if (item === 4) throw new Refusal('BAD_INPUT', 'four');
    return item;
  };
  const seen: number[] = [];
  const going = async (): Promise<void> => {
    for await (const item of inOrder([0, 1, 2, 3, 4, 5, 6], 3, make)) seen.push(item);
  };
  await expect(going()).rejects.toThrow('four');
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(most).toBe(3);
  expect(atWork).toBe(0);
});
