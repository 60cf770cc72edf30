/** @file A disk that fills up under a run: it is paused with a checkpoint while there is room for one, and resumed when there is. */
import { readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readSafetensors } from '../../main/numeric/weights/safetensors.ts';
import { mountSmallDisk } from '../helpers/small-disk.ts';
import { openAppWithFilms, runToEnd, startRun } from '../helpers/open-app.ts';
import { call, tempFolder } from '../helpers/temp-library.ts';

const MB = 1024 * 1024;
/** A checkpoint of ViT-Tiny has 66 MB, its weights 22 MB, and 64 MB stay free. */
const TOO_LITTLE = 120 * MB;

it('pauses the run in time, says why, does not begin another, and goes on with room', async (test) => {
  const disk = join(tempFolder(), 'disk');
  const refused = mountSmallDisk(disk, 500);
  if (refused !== null) return test.skip(`no small disk can be mounted here: ${refused}`);
  const app = await openAppWithFilms({ dir: join(disk, 'library') });
  const { library, training } = app;
  const long = { resolution: 28, method: 'none', recipe: { epochs: 200, batch: 4 } } as const;
  const id = await startRun(app, long);
  const filler = join(disk, 'filler');
  let filled = false;
  const state = await training.runToEnd(
    id,
    ({ run }) => {
      if (filled || run.progress.step < 1) return;
      filled = true;
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, new Uint8Array(bavail * bsize - TOO_LITTLE));
    },
    call.signal,
  );
  expect(state).toBe('paused');
  const { error } = await training.service.run({ runId: id }, call);
  expect(error).toMatchObject({ code: 'DISK_FULL' });
  expect(error?.message).toMatch(/nearly full: \d+ MB are free.*nothing is lost.*resume it/);
  const dir = join(library.files.runsDir, id);
  const kept = readdirSync(dir).filter((name) => name.startsWith('checkpoint-'));
  expect(kept.length).toBeGreaterThan(0);
  for (const name of kept) readSafetensors(readFileSync(join(dir, name)));

  await training.service.resume({ runId: id }, call);
  expect((await runToEnd(app, id)).state).toBe('paused');

  rmSync(filler);
  await training.service.resume({ runId: id }, call);
  const again = await training.runToEnd(
    id,
    ({ run }) => {
      if (run.state === 'training') void training.service.cancel({ runId: id }, call);
    },
    call.signal,
  );
  expect(again).toBe('cancelled');
  expect((await training.service.run({ runId: id }, call)).error).toBeNull();
});
