/**
 * @file What encryption costs: a large library is encrypted (cut off by SIGKILL on the way, and gone on with), with its rate and memory;
 * then films are opened and rows searched in the encrypted library and in a plain one in turns, so that whatever else the machine does meets
 * both.
 *   node resources/bench/many-films.mjs WORK [FILMS] [ROWS]         (makes WORK/library)
 *   node resources/bench/encrypted-library.mjs WORK [FILMS-TO-OPEN [compare]]     (compare: WORK/encrypted is there already)
 * WORK/library stays as it is; WORK/encrypted is made anew of the same files (by links, which a conversion replaces one by one).
 */
import { spawn } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { beginEncryption } from '../../main/services/library/encryption.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { filmQuery } from '../../shared/contract/library.ts';

const SECRET = 'only for this measurement';
const log = { info() {}, warn: console.error, error: console.error };
const [work, films = '200', part] = process.argv.slice(2);
if (work === undefined) {
  console.error('usage: node resources/bench/encrypted-library.mjs WORK [FILMS-TO-OPEN [compare]]');
  process.exit(2);
}
const plainDir = join(work, 'library');
const sealedDir = join(work, 'encrypted');
const line = (fields) => console.log(JSON.stringify(fields));
const filesIn = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

/** Opens the library, which converts it, and tells of each tenth. */
async function opening() {
  const began = performance.now();
  let told = -1;
  const library = await openLibrary(sealedDir, {
    workerHost: createNodeWorkerHost(),
    ...{ clock: Date, log, secret: SECRET },
    onConvert(done, total) {
      const tenth = Math.floor((done * 10) / total);
      if (tenth === told) return;
      told = tenth;
      const [seconds, rss] = [(performance.now() - began) / 1000, process.memoryUsage.rss() / 1e6];
      line({
        converted: done,
        of: total,
        seconds: Number(seconds.toFixed(1)),
        rssMegabytes: Math.round(rss),
      });
    },
  });
  line({
    seconds: (performance.now() - began) / 1000,
    mostMegabytes: Math.round(process.resourceUsage().maxRSS / 1e3),
  });
  await library.close();
}

/** The same in a process of its own, which is killed when the tenth `killedAt` is told. */
function inProcess(killedAt) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), work, films, 'convert'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve) => {
    let tenths = -1;
    child.stdout.on('data', (text) => {
      process.stdout.write(text);
      tenths += String(text).split('\n').length - 1;
      if (tenths >= killedAt) child.kill('SIGKILL');
    });
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
}

function copyByLinks() {
  rmSync(sealedDir, { recursive: true, force: true });
  mkdirSync(sealedDir, { mode: 0o700 });
  for (const entry of readdirSync(plainDir, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const to = join(sealedDir, from.slice(plainDir.length + 1));
    if (entry.isDirectory()) mkdirSync(to, { recursive: true, mode: 0o700 });
    else if (/[/\\](artifacts|previews)[/\\]/.test(from)) linkSync(from, to);
    else copyFileSync(from, to);
  }
}

const SEARCHES = {
  'first page': {},
  'text in the name': { text: '999' },
  'one finding': { finding: 'Edema' },
  'five filters': { abnormal: 'abnormal', view: 'AP', part: 'test', finding: 'Pneumothorax', text: '1' },
};

/** Times of both, taken in turns, and their ratio. */
async function compared(what, times, plain, sealed) {
  const took = { plain: [], sealed: [] };
  for (let at = 0; at < times; at += 1) {
    for (const [name, work] of at % 2 === 0
      ? [
          ['plain', plain],
          ['sealed', sealed],
        ]
      : [
          ['sealed', sealed],
          ['plain', plain],
        ]) {
      const start = performance.now();
      await work(at);
      took[name].push(performance.now() - start);
    }
  }
  const median = (list) => list.sort((x, y) => x - y)[Math.floor(list.length / 2)];
  const [plainMs, encryptedMs] = [median(took.plain), median(took.sealed)];
  line({
    what,
    times,
    plainMs: Number(plainMs.toFixed(2)),
    encryptedMs: Number(encryptedMs.toFixed(2)),
    ratio: Number((encryptedMs / plainMs).toFixed(2)),
  });
}

async function compare() {
  const plain = await openLibrary(plainDir, {
    workerHost: createNodeWorkerHost(),
    clock: Date,
    log,
    pool: { size: 1 },
  });
  const sealed = await openLibrary(sealedDir, {
    workerHost: createNodeWorkerHost(),
    clock: Date,
    log,
    secret: SECRET,
    pool: { size: 1 },
  });
  const ids = plain.store.filmQueries
    .search(filmQuery.parse({ limit: 500 }))
    .rows.filter((row) => !row.name.startsWith('row '))
    .map(({ id }) => id);
  const filmOf = (library) => (at) => library.filmBytes.frame(ids[at % ids.length], 0);
  const pictureOf = (library) => (at) => library.filmBytes.thumbnail(ids[at % ids.length]);
  await filmOf(plain)(ids.length - 1);
  await filmOf(sealed)(ids.length - 1);
  await compared(
    'a film opened: read and decoded',
    Math.min(Number(films), ids.length - 1),
    filmOf(plain),
    filmOf(sealed),
  );
  await compared('a thumbnail', Number(films), pictureOf(plain), pictureOf(sealed));
  for (const [search, query] of Object.entries(SEARCHES)) {
    const searchOf = (library) => () => library.store.filmQueries.search(filmQuery.parse(query));
    await compared(`search: ${search}`, 15, searchOf(plain), searchOf(sealed));
  }
  await plain.close();
  await sealed.close();
}

if (part === 'convert') await opening();
else if (part === 'compare') await compare();
else {
  copyByLinks();
  const before = filesIn(sealedDir);
  const bytes = before.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  line({ files: before.length, gigabytes: Number((bytes / 1e9).toFixed(2)) });
  await beginEncryption(sealedDir, SECRET, { clock: Date });
  line({ cutOff: await inProcess(3) });
  line({ ended: await inProcess(Infinity) });
  await compare();
}
