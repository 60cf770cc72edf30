/**
 * @file The terminal is closed (SIGHUP) or the computer shuts down (SIGTERM) while the server trains: the signal reaches every
 * process, and yet the run is paused at a checkpoint, the server ends cleanly, and the run goes on the next time.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import { importSource } from '../../shared/contract/library.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { tinyRequest } from '../helpers/open-app.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { importAll, tempFolder, tempLibrary } from '../helpers/temp-library.ts';
import { startServer, type RunningServer } from './server-process.ts';

/** Waits until the run has made a step after step `from`. */
async function untilTraining({ client }: RunningServer, id: RunId, from: number): Promise<void> {
  const leave = new AbortController();
  for await (const { runId, run } of await client.training.watch({ afterSeq: 0 }, { signal: leave.signal })) {
    if (runId !== id || run?.state !== 'training' || run.progress.step <= from) continue;
    leave.abort();
    return;
  }
}

it.skipIf(process.platform === 'win32')('pauses at a checkpoint and goes on the next time', async () => {
  const dir = join(tempFolder(), 'library');
  const films = smallFilmFolder();
  const made = await tempLibrary({ dir });
  await importAll(made.library, importSource.parse({ paths: [films.dir], labels: films.labels }));
  await made.library.close();

  let id: RunId | null = null;
  let step = 0;
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
    const server = await startServer(dir, { ownGroup: true });
    if (id === null) {
      const recipe = { epochs: 500, batch: 4 };
      const asked = tinyRequest({ method: 'none', resolution: 28, recipe });
      id = (await server.client.training.start(asked)).runId;
    } else await server.client.training.resume({ runId: id });
    await untilTraining(server, id, step);
    if (signal === 'SIGHUP') expect(await server.client.system.keepNow({})).toEqual({ asked: true });
    expect(await server.endGroup(signal)).toBe(0);

    const { library } = await tempLibrary({ dir });
    expect(library.store.wasUnclean).toBe(false);
    const run = library.store.runs.get(id);
    expect([signal, run.state, run.error]).toEqual([signal, 'paused', null]);
    const last = library.store.runs.checkpoints(id).find(({ kind }) => kind === 'last');
    expect(last?.step).toBeGreaterThan(step);
    step = last?.step ?? 0;
    const names = readdirSync(join(library.files.runsDir, id)).filter((name) =>
      name.startsWith('checkpoint-'),
    );
    expect(names.sort().at(-1)).toBe(last?.file);
    for (const name of names) readSafetensors(readFileSync(join(library.files.runsDir, id, name)));
    await library.close();
  }
});
