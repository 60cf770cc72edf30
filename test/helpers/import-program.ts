/** @file Run as its own process by the kill test: imports a folder and prints how many films are in. */
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { openLibrary } from '../../main/services/library/open-library.ts';
import { importSource } from '../../shared/contract/library.ts';

const [home = '', folder = '', labels = ''] = process.argv.slice(2);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
// A clock that leaps, so that every film is told and none is left out of the events.
let time = Date.now();
const clock = { now: () => (time += 1000) };
const library = await openLibrary(home, {
  workerHost: createNodeWorkerHost(),
  clock,
  log: quiet,
  pool: { size: 1 },
});
const { signal } = new AbortController();
const { importId } = await library.service.import(importSource.parse({ paths: [folder], labels }), {
  signal,
});
for await (const { progress } of library.imports.watch(importId as never, signal)) {
  if (progress.phase === 'Reading films') process.stdout.write(`${progress.done}\n`);
}
await library.close();
