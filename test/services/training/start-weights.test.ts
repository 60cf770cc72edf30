/** @file An imported start in a run: its id in the configuration, its file in the plan, refusals before anything is queued. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';

import { expect, it } from 'vitest';

import { vitConfig } from '../../../main/numeric/vit/config.ts';
import { initParameters } from '../../../main/numeric/vit/init.ts';
import { exportWeights } from '../../../main/numeric/weights/export-weights.ts';
import { configHash, fillRequest } from '../../../main/services/training/run-config.ts';
import {
  chosenNormalisation,
  importStart,
  keptInit,
  listStarts,
  removeStart,
  startPath,
} from '../../../main/services/training/start-weights.ts';
import { requestOf } from '../../../main/services/training/training-service.ts';
import { waitingProgress } from '../../../main/services/training/run-views.ts';
import { importUploadedStart } from '../../../main/services/training/uploaded-start.ts';
import { writePlan } from '../../../main/services/training/write-plan.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { runPlan } from '../../../shared/worker/protocol.ts';
import { addFilms } from '../../helpers/synthetic-rows.ts';
import { tempFolder, tempLibrary, testClock } from '../../helpers/temp-library.ts';

const vit = vitConfig('tiny', { t1Units: 4, layerNormEpsilon: 1e-12 });
const weights = exportWeights(initParameters(vit, 5), vit, 'timm');
const about = { title: 'A start', licence: 'Apache-2.0' };
const clock = testClock();

async function libraryWithFilms() {
  const { library } = await tempLibrary();
  const films = Array.from({ length: 20 }, (_, patient) => {
    const sick = patient % 2 === 0;
    return { patient, abnormal: sick, labels: { Cardiomegaly: sick } };
  });
  addFilms(library.store, films);
  return library;
}

const request = (init: string) => requestOf({ method: 'none', model: 'tiny', resolution: 28, init });

it('a run names an imported start by its id, and its process gets the file in the library', async () => {
  const library = await libraryWithFilms();
  const { id, sha256 } = await importStart(library, clock, weights, about);
  const { config } = await fillRequest(library, clock, request(id));
  // What the weights say of themselves becomes the run's.
  expect(config).toMatchObject({ init: id, initSha256: sha256, layerNormEpsilon: 1e-12 });

  const run = 'run-0000000000000001' as RunId;
  const progress = waitingProgress(config, 14);
  library.store.runs.insert({
    id: run,
    name: 'Run',
    config,
    configHash: configHash(config),
    createdAt: 1,
    progress,
  });
  const path = await writePlan(library, library.store.runs.get(run), false);
  const plan = runPlan.parse(JSON.parse(readFileSync(path, 'utf8')));
  expect(new Uint8Array(readFileSync(plan.initPath ?? ''))).toEqual(weights);
});

it('refuses a start that is not there, not for this model, or damaged', async () => {
  const library = await libraryWithFilms();
  const { id, sha256 } = await importStart(library, clock, weights, about);
  await expect(fillRequest(library, clock, request('start-0123456789abcdef'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const small = requestOf({ method: 'none', model: 'small', resolution: 28, init: id });
  await expect(fillRequest(library, clock, small)).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  const stored = library.files.artifacts.path(sha256);
  mkdirSync(dirname(stored), { recursive: true });
  await library.files.writeAtomic(stored, weights.subarray(0, 9000));
  await expect(fillRequest(library, clock, request(id))).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
});

it('a file outside the library is kept by its whole path', async () => {
  const library = await libraryWithFilms();
  const file = join(tempFolder(), 'start.safetensors');
  writeFileSync(file, weights);
  const near = relative(process.cwd(), file);
  const { config } = await fillRequest(library, clock, request(near));
  expect(config.init).toBe(file);
  expect(keptInit(near)).toBe(file);
  expect(startPath(library, near)).toBe(file);
});

it('what was said of its greys becomes the run’s normalisation, else what its layout usually has', async () => {
  const library = await libraryWithFilms();
  const { id } = await importStart(library, clock, weights, about);
  const usual = await fillRequest(library, clock, request(id));
  expect(usual.config.normalisation.mean).toEqual([0.485, 0.456, 0.406]);
  await importStart(library, clock, weights, { ...about, normalisation: chosenNormalisation('half') });
  const said = await fillRequest(library, clock, request(id));
  expect(said.config.normalisation).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  expect(configHash(said.config)).not.toBe(configHash(usual.config));
});

it('is removed with its file, unless a run began with it', async () => {
  const library = await libraryWithFilms();
  const { id, sha256 } = await importStart(library, clock, weights, about);
  const { config } = await fillRequest(library, clock, request(id));
  const run = 'run-0000000000000002' as RunId;
  const progress = waitingProgress(config, 14);
  library.store.runs.insert({
    id: run,
    name: 'My run',
    config,
    configHash: configHash(config),
    createdAt: 1,
    progress,
  });
  expect(() => removeStart(library, id)).toThrow(
    expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('"My run"') as string }),
  );
  expect(await library.files.artifacts.actualHash(sha256)).toBe(sha256);
  library.store.runs.remove(run);
  removeStart(library, id);
  expect(await library.files.artifacts.size(sha256)).toBeNull();
  expect((await listStarts(library)).filter(({ bundled }) => !bundled)).toEqual([]);
  expect(() => startPath(library, id)).toThrow(/has no start weights/);
});

it('removed in the middle of another import of the same file, it is there whole', async () => {
  const library = await libraryWithFilms();
  const { id, sha256 } = await importStart(library, clock, weights, about);
  const { files } = library;
  const put = files.artifacts.put.bind(files.artifacts);
  let removed = false;
  const artifacts = {
    ...files.artifacts,
    put: async (content: Uint8Array) => {
      const stored = await put(content);
      if (!removed) removeStart(library, id);
      removed = true;
      return stored;
    },
  };
  await importStart({ ...library, files: { ...files, artifacts } }, clock, weights, about);
  expect(startPath(library, id)).toBe(files.artifacts.path(sha256));
  expect(await files.artifacts.actualHash(sha256)).toBe(sha256);
});

it('imported again without a word on its licence, it keeps the one that was stated', async () => {
  const library = await libraryWithFilms();
  await importStart(library, clock, weights, { title: 'A start', licence: 'CC-BY-NC-4.0' });
  const uploadId = 'upload-0000000001';
  await library.files.uploads.save(uploadId, 'again.safetensors', Readable.from([weights]), weights.length);
  const upload = {
    uploadId,
    file: 'again.safetensors',
    title: '',
    licence: '',
    normalisation: 'file',
  } as const;
  const { id } = await importUploadedStart(library, clock, upload);
  const licences = async () =>
    (await listStarts(library)).flatMap((start) => (start.id === id ? [start.licence] : []));
  expect(await licences()).toEqual(['CC-BY-NC-4.0']);
  await importStart(library, clock, weights, { title: 'A start', licence: 'MIT' });
  expect(await licences()).toEqual(['MIT']);
});
