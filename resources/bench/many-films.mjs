/**
 * @file How a large library behaves: an import of many DICOM films with its rate and memory as it goes, then searches over many rows.
 *   node resources/bench/many-films.mjs WORK [FILMS] [ROWS]
 * WORK is a folder for made films (512 × 512, 12 bit, each with pixels of its own, three to a patient; kept for the next time) and
 * for the library, which is made anew. Prints one JSON line for each tenth of the import, then one a search.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { filmQuery, importSource } from '../../shared/contract/library.ts';
import { addFilms } from '../../test/helpers/synthetic-rows.ts';

const [work, films = '15000', rows = '50000'] = process.argv.slice(2);
if (work === undefined) {
  console.error('usage: node resources/bench/many-films.mjs WORK [FILMS] [ROWS]');
  process.exit(2);
}
const SIDE = 512;
const FINDINGS = ['Atelectasis', 'Cardiomegaly', 'Edema', 'Pneumothorax', 'Pleural effusion'];

/** One data element, explicit VR little endian (PS3.5, 7.1.2); values are padded to an even length. */
function element(group, number, vr, value) {
  const text = typeof value === 'string';
  const body = text
    ? Buffer.from(value.length % 2 === 0 ? value : `${value}${vr === 'UI' ? '\0' : ' '}`)
    : value;
  const isLong = vr === 'OW' || vr === 'OB';
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(body.length, 8);
  else head.writeUInt16LE(body.length, 6);
  return Buffer.concat([head, body]);
}

const short = (value) => Buffer.from(Uint16Array.of(value).buffer);

/** A chest-like film: two dark fields on a bright body, with noise that differs from film to film. */
function made(index) {
  const uid = `2.25.${100000 + index}`;
  const pixels = new Uint16Array(SIDE * SIDE);
  let noise = index + 1;
  for (let at = 0; at < pixels.length; at += 1) {
    const [x, y] = [(at % SIDE) / SIDE, Math.floor(at / SIDE) / SIDE];
    const lung = Math.min(
      Math.hypot((x - 0.3) / 0.18, (y - 0.5) / 0.35),
      Math.hypot((x - 0.7) / 0.18, (y - 0.5) / 0.35),
    );
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    pixels[at] = (lung < 1 ? 900 + 700 * lung : 2600) + (noise >>> 24);
  }
  const meta = [
    element(2, 0x0002, 'UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    element(2, 0x0003, 'UI', uid),
    element(2, 0x0010, 'UI', '1.2.840.10008.1.2.1'),
  ];
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.reduce((sum, { length: size }) => sum + size, 0));
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0x0000, 'UL', length),
    ...meta,
    element(0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    element(0x0008, 0x0018, 'UI', uid),
    element(0x0008, 0x0060, 'CS', 'DX'),
    element(0x0010, 0x0020, 'LO', `P${Math.floor(index / 3)}`),
    element(0x0018, 0x5101, 'CS', index % 2 === 0 ? 'PA' : 'AP'),
    element(0x0028, 0x0002, 'US', short(1)),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', short(SIDE)),
    element(0x0028, 0x0011, 'US', short(SIDE)),
    element(0x0028, 0x0100, 'US', short(16)),
    element(0x0028, 0x0101, 'US', short(12)),
    element(0x0028, 0x0102, 'US', short(11)),
    element(0x0028, 0x0103, 'US', short(0)),
    element(0x7fe0, 0x0010, 'OW', Buffer.from(pixels.buffer)),
  ]);
}

const count = Number(films);
const folder = join(work, 'films');
for (let index = 0; index < count; index += 1) {
  const part = join(folder, String(Math.floor(index / 1000)).padStart(3, '0'));
  const file = join(part, `film-${String(index).padStart(6, '0')}.dcm`);
  if (index % 1000 === 0) mkdirSync(part, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, made(index));
}
rmSync(join(work, 'library'), { recursive: true, force: true });
const log = { info() {}, warn: console.error, error: console.error };
const library = await openLibrary(join(work, 'library'), {
  workerHost: createNodeWorkerHost(),
  clock: Date,
  log,
});
const { signal } = new AbortController();
const { importId } = await library.service.import(importSource.parse({ paths: [folder] }), {
  signal,
});
const megabytes = () => Math.round(process.memoryUsage.rss() / 1e6);
const began = performance.now();
let told = 0;
let toldAt = began;
let last = null;
for await (const event of library.service.watchImport({ importId }, { signal })) {
  last = event;
  const { phase, done, total } = event.progress;
  if (total === null || done < told + total / 10) continue;
  const now = performance.now();
  const filmsPerSecond = Number((((done - told) * 1000) / (now - toldAt)).toFixed(1));
  console.log(JSON.stringify({ phase, done, filmsPerSecond, rssMegabytes: megabytes() }));
  [told, toldAt] = [done, now];
}
console.log(
  JSON.stringify({
    state: last?.state,
    seconds: (performance.now() - began) / 1000,
    rssMegabytes: megabytes(),
  }),
);

// Rows alone, as an import writes them, up to ROWS.
const { store } = library;
const more = Math.max(0, Number(rows) - store.films.totals().films);
addFilms(
  store,
  Array.from({ length: more }, (_, index) => ({
    patient: 1_000_000 + Math.floor(index / 3),
    name: `row ${(index * 7919) % 100_003} ${index}.dcm`,
    view: index % 2 === 0 ? 'PA' : 'AP',
    source: `site ${index % 4}`,
    abnormal: index % 3 === 0,
    labels: Object.fromEntries(FINDINGS.map((name, at) => [name, index % (at + 3) === 0])),
  })),
);
await library.service.createSplit(
  { name: 'bench', seed: 1, validation: 0.1, test: 0.2, useGivenParts: true },
  { signal },
);
const SEARCHES = {
  'first page': {},
  'last page': { offset: Number(rows) - 100 },
  'by patient, descending': { sort: 'patient', descending: true },
  'text in the name': { text: '999' },
  'text that nothing has': { text: 'no such film' },
  'one finding': { finding: 'Edema' },
  'abnormal, AP, test part, one finding, text': {
    abnormal: 'abnormal',
    view: 'AP',
    part: 'test',
    finding: 'Pneumothorax',
    text: '1',
  },
};
for (const [search, query] of Object.entries(SEARCHES)) {
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now();
    store.filmQueries.search(filmQuery.parse(query));
    return performance.now() - start;
  }).sort((x, y) => x - y);
  const { total } = store.filmQueries.search(filmQuery.parse(query));
  const [median, slowest] = [times[7], times.at(-1)].map((ms) => Number(ms.toFixed(1)));
  console.log(JSON.stringify({ search, total, medianMs: median, slowestMs: slowest }));
}
await library.close();
