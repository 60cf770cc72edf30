/**
 * @file How soon a film has its scores and its map after the click, by the real server: right after the start, and for the films after it.
 *   node resources/bench/first-overlay.mjs LIBRARY [STARTS]
 * LIBRARY has a finished run and three films for every start that were never asked about (answers are kept). The server is started STARTS
 * times (3), each time with nothing in memory, and asked at once, as the window asks: last-block attention, then relevance of the first
 * finding. Prints one JSON line: medians, and the slowest.
 */
import { cpus, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { startServer } from '../setup/server.mjs';

const [library, starts = '3'] = process.argv.slice(2);
if (library === undefined) {
  console.error('usage: node resources/bench/first-overlay.mjs LIBRARY [STARTS]');
  process.exit(2);
}
const entry = fileURLToPath(new URL('../../main/node/server-main.ts', import.meta.url));

/** Seconds from the question to the maps. */
async function seconds(client, runId, filmId, attention) {
  const began = performance.now();
  await client.inference.predict({ runId, filmId, attention });
  return (performance.now() - began) / 1000;
}

const rows = [];
let model = '';
for (let start = 0; start < Number(starts); start += 1) {
  const server = await startServer(process.execPath, entry, ['--library', library, '--addresses', '2']);
  try {
    const { client, close } = await connectLoopback(server.urls[1]);
    const { rows: films } = await client.library.films({ offset: 3 * start, limit: 3 });
    const run = (await client.training.runs({})).find(({ state }) => state === 'finished');
    if (run === undefined || films.length < 3) throw new Error('A finished run and three films are needed.');
    model = run.model;
    const { findings } = (await client.training.run({ runId: run.id })).config;
    const last = [{ method: 'last', head: null, target: null }];
    const relevance = [{ method: 'relevance', head: null, target: findings[0] }];
    const [first, second, third] = films.map(({ id }) => id);
    rows.push({
      first: await seconds(client, run.id, first, last),
      second: await seconds(client, run.id, second, last),
      relevance: await seconds(client, run.id, second, relevance),
      third: await seconds(client, run.id, third, last),
    });
    close();
  } finally {
    await server.stop();
  }
}
const summary = Object.fromEntries(
  Object.keys(rows[0]).map((name) => {
    const all = rows.map((row) => row[name]).sort((a, b) => a - b);
    const rounded = (value) => Number(value.toFixed(2));
    return [name, { median: rounded(all[Math.floor(all.length / 2)]), slowest: rounded(all.at(-1)) }];
  }),
);
console.log(
  JSON.stringify({ model, seconds: summary, processors: cpus().length, load: loadavg()[0].toFixed(1) }),
);
