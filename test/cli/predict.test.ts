/** @file `predict` over a folder: films are printed as they are ready, and one that fails costs itself alone. */
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { afterEach, expect, it, vi } from 'vitest';

import { runCli } from '../../main/cli/run-cli.ts';
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { WorkerHost } from '../../main/services/service-types.ts';
import { addModelRun } from '../helpers/bundles.ts';
import { openAppWithFilms } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder } from '../helpers/temp-library.ts';

interface Printed {
  readonly runId: string;
  readonly predictions: readonly { readonly file: string; readonly t2: number }[];
  readonly skipped?: readonly { readonly file: string; readonly code: string; readonly message: string }[];
  readonly error?: { readonly code: string; readonly message: string };
}

let library: string;
let runId: string;
let files: readonly string[];
let imageOf: ReadonlyMap<string, Uint8Array>;

async function makeLibrary(): Promise<void> {
  const parts = await openAppWithFilms();
  library = parts.dir;
  runId = await addModelRun(parts);
  const { store, filmBytes } = parts.library;
  const names = store.films.names();
  const images = await Promise.all(names.map(({ id }) => filmBytes.modelImage(id)));
  imageOf = new Map(names.map(({ name }, at) => [basename(name), images[at] ?? new Uint8Array()]));
  files = [...imageOf.keys()].sort();
  await parts.app.close();
}
afterEach(() => {
  vi.restoreAllMocks();
});

/** Real processes; the one that predicts is killed when it is asked about a film that `kills`. */
function processes(kills: (file: string) => boolean, onAsked: () => void = () => undefined): WorkerHost {
  const host = createNodeWorkerHost();
  const nameOf = (image: Uint8Array) =>
    files.find((file) => Buffer.compare(image, imageOf.get(file) ?? new Uint8Array()) === 0);
  return {
    start(kind, env) {
      const worker = host.start(kind, env);
      if (kind !== 'inference') return worker;
      return {
        ...worker,
        send(message) {
          const { type, images = [] } = message as { type: string; images?: readonly Uint8Array[] };
          if (type === 'predict') onAsked();
          const names = images.map(nameOf);
          if (names.some((name) => name !== undefined && kills(name))) worker.kill();
          else worker.send(message);
        },
      };
    },
  };
}

/** What is printed, and on which channel; `said` grows as it happens. */
async function predict(workerHost: WorkerHost, said: string[], ...more: string[]) {
  let words = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => said.push(String(chunk)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    words += String(chunk);
    return true;
  });
  const { dir } = smallFilmFolder();
  const status = await runCli(['predict', '--library', library, '--run', runId, dir, ...more], {
    workerHost,
  });
  vi.restoreAllMocks();
  return { status, out: said.join(''), words };
}

const namesOf = (films: readonly { readonly file: string }[]) => films.map(({ file }) => basename(file));

async function printsAsTheyAreReady(): Promise<void> {
  const said: string[] = [];
  const before: number[] = [];
  const host = processes(
    () => false,
    () => before.push(said.length),
  );
  const { status, out, words } = await predict(host, said, '--json');
  expect(status, words).toBe(0);
  const printed = JSON.parse(out) as Printed;
  expect(Object.keys(printed)).toEqual(['runId', 'predictions', 'skipped']);
  expect(printed.runId).toBe(runId);
  expect(namesOf(printed.predictions)).toEqual(files);
  expect(before).toEqual([0, 8, 16]);

  const lines: string[] = [];
  const text = await predict(
    processes(() => false),
    lines,
  );
  expect(text.status).toBe(0);
  expect(text.out.match(/: abnormal 0\.\d{3}/g)).toHaveLength(files.length);
  expect(lines.at(-1)).toMatch(`${files.length} films predicted, `);
}

async function skipsWhatFails(): Promise<void> {
  const [bad = '', , , , , , , , , , blocked = ''] = files;
  const overlays = join(tempFolder(), 'overlays');
  mkdirSync(join(overlays, `${blocked}.last.png`), { recursive: true });
  let asked = 0;
  const host = processes(
    (file) => file === bad,
    () => (asked += 1),
  );
  const { status, out, words } = await predict(host, [], '--json', '--attention', overlays, '--force');
  expect(status, words).toBe(0);
  const { predictions, skipped = [] } = JSON.parse(out) as Printed;
  expect(namesOf(predictions)).toEqual(files.filter((file) => file !== bad && file !== blocked));
  const own = skipped.filter(({ file }) => files.includes(basename(file)));
  expect(own.map(({ file, code }) => [basename(file), code])).toEqual([
    [bad, 'WORKER_CRASHED'],
    [blocked, 'READ_ONLY'],
  ]);
  expect(asked).toBe(3 + 8); // the first turn again, film by film
  expect(readdirSync(overlays)).toHaveLength(files.length - 1);
}

async function stopsWhereAllFail(): Promise<void> {
  const host = processes((file) => file !== files[0]);
  const { status, out } = await predict(host, [], '--json');
  expect(status).toBe(2);
  const { predictions, error } = JSON.parse(out) as Printed;
  expect(namesOf(predictions)).toEqual(files.slice(0, 1));
  expect(error).toMatchObject({ code: 'WORKER_CRASHED' });
  expect(error?.message).toContain('3 films in a row');
}

it(
  'prints films as they are ready; skips those that fail; stops where all do',
  { timeout: 240_000 },
  async () => {
    await makeLibrary();
    await printsAsTheyAreReady();
    await skipsWhatFails();
    await stopsWhereAllFail();
  },
);
