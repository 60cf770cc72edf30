/**
 * @file What a run was said to cost before its start, and what it then took, on the sample library.
 *   node resources/bench/estimates.mjs WORK
 * WORK is a folder for the library, which is made anew. The app measures each model first, as it does in the window. Prints one JSON
 * line a run; memory is the most that the training process held, where the system says.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { openParts } from '../../main/services/compose.ts';
import { runRequest } from '../../shared/contract/training.ts';

const [work] = process.argv.slice(2);
if (work === undefined) {
  console.error('usage: node resources/bench/estimates.mjs WORK');
  process.exit(2);
}

/** Name, request; `taught` names the run whose model is the teacher. */
const RUNS = [
  [
    'none, ViT-Tiny, 56 px, 1 epoch',
    { method: 'none', model: 'tiny', resolution: 56, recipe: { epochs: 1 } },
  ],
  [
    'teacher, ViT-Tiny, 2 epochs',
    { method: 'teacher', model: 'tiny', resolution: 224, recipe: { epochs: 2 } },
  ],
  [
    'teacher, ViT-Tiny, 8 epochs',
    { method: 'teacher', model: 'tiny', resolution: 224, recipe: { epochs: 8 } },
  ],
  [
    'one-to-one, ViT-Tiny, 112 px, 2 epochs',
    { method: 'one-to-one', model: 'tiny', resolution: 112, recipe: { epochs: 2 } },
  ],
  [
    'MLCAK, ViT-Tiny, 28 px, 8 epochs',
    { method: 'mlcak', model: 'tiny', resolution: 28, recipe: { epochs: 8 } },
  ],
  [
    'teacher, ViT-Small, 1 epoch',
    { method: 'teacher', model: 'small', resolution: 224, recipe: { epochs: 1 } },
  ],
  [
    'teacher, ViT-Small, 6 epochs',
    { method: 'teacher', model: 'small', resolution: 224, recipe: { epochs: 6 } },
  ],
];

const call = { signal: AbortSignal.timeout(3_600_000) };

/** The most that any process of ours' making holds, bytes; 0 where the system does not say. */
function childrensMost() {
  let most = 0;
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      if (!status.includes(`\nPPid:\t${process.pid}\n`)) continue;
      most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
    }
  } catch {
    // A process that has just gone.
  }
  return most;
}

const quiet = { info: () => undefined, warn: console.error, error: console.error };
rmSync(work, { recursive: true, force: true });
const parts = await openParts({
  libraryDir: join(work, 'library'),
  host: 'browser',
  workerHost: createNodeWorkerHost(),
  log: quiet,
  clock: Date,
  goOn: false,
  forWindow: true,
});
const { library, training } = parts;
await library.service.openSample({}, call);
await library.imports.settled();
let teacher = null;
for (const [name, wanted] of RUNS) {
  const isTaught = wanted.method === 'one-to-one' || wanted.method === 'mlcak';
  const request = runRequest.parse({
    ...wanted,
    preset: 'quick',
    recipe: { ...wanted.recipe, patience: null },
    teacherRunId: isTaught ? teacher : null,
  });
  let estimate = await training.service.estimate(request);
  while (estimate.measuring) {
    await wait(500);
    estimate = await training.service.estimate(request);
  }
  const began = performance.now();
  const { runId } = await training.service.start(request, call);
  let memory = 0;
  for (;;) {
    memory = Math.max(memory, childrensMost());
    const { state } = library.store.runs.find(runId);
    if (state === 'finished') break;
    if (state === 'failed') throw new Error(`${name} failed`);
    await wait(100);
  }
  const took = (performance.now() - began) / 1000;
  if (wanted.method === 'teacher' && wanted.model === 'tiny') teacher = runId;
  console.log(
    JSON.stringify({
      run: name,
      said: Math.round(estimate.seconds),
      took: Math.round(took),
      ratio: Number((estimate.seconds / took).toFixed(2)),
      saidMemory: estimate.memoryBytes,
      memory,
      basis: estimate.basis,
    }),
  );
}
await parts.app.close();
