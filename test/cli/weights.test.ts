/** @file `weights` as child processes: files of every layout checked, kept as starts, and a run's weights written back out. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { sha256Of } from '../../main/files/artifacts.ts';
import { parameterSpecs, vitConfig } from '../../main/numeric/vit/config.ts';
import { initParameters } from '../../main/numeric/vit/init.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { openLibrary, type OpenLibrary } from '../../main/services/library/open-library.ts';
import { createSplit } from '../../main/services/library/library-service.ts';
import { listStarts, startNormalisation } from '../../main/services/training/start-weights.ts';
import { waitingProgress } from '../../main/services/training/run-views.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { addFilms } from '../helpers/synthetic-rows.ts';
import { keptLog, testClock } from '../helpers/temp-library.ts';
import { tinyConfig } from '../worker/training-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

const vit = vitConfig('tiny', { t1Units: 3 });
const parameters = initParameters(vit, 1);
const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

function cli(...args: string[]) {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, 'weights', ...args, '--json'], {
    encoding: 'utf8',
  });
  return { status, json: JSON.parse(stdout) as Record<string, unknown> };
}

async function withTestLibrary<T>(dir: string, work: (library: OpenLibrary) => T | Promise<T>): Promise<T> {
  const library = await openLibrary(dir, {
    workerHost: createNodeWorkerHost(),
    clock: testClock(),
    log: keptLog(),
    pool: { size: 1 },
  });
  try {
    return await work(library);
  } finally {
    await library.close();
  }
}

it.each(['app', 'hf', 'timm'] as const)('verify recognises a ViT-Tiny in %s layout, f16', (layout) => {
  const bytes = exportWeights(parameters, vit, layout, { dtype: 'F16' });
  const file = join(folder, `${layout}.safetensors`);
  writeFileSync(file, bytes);
  const { status, json } = cli('verify', file);
  expect(status).toBe(0);
  expect(json).toMatchObject({ layout, variant: 'tiny', sha256: sha256Of(bytes) });
  if (layout === 'app') expect(json.tensors).toBe(parameterSpecs(vit).length);

  writeFileSync(file, bytes.subarray(0, bytes.length - 1000));
  expect(cli('verify', file)).toMatchObject({ status: 2, json: { error: { code: 'truncated' } } });
});

it('verify refuses a file that is not there and one that is not safetensors', () => {
  expect(cli('verify', join(folder, 'absent'))).toMatchObject({
    status: 2,
    json: { error: { code: 'UNREADABLE_FILE' } },
  });
  const text = join(folder, 'text.safetensors');
  writeFileSync(text, 'these are not weights');
  expect(cli('verify', text).status).toBe(2);
  expect(cli('verify')).toMatchObject({ status: 2, json: { error: { code: 'BAD_INPUT' } } });
});

it('import keeps a file as a start of the library, once; without a library it only checks', async () => {
  const library = join(folder, 'starts');
  const file = join(folder, 'my vit.safetensors');
  const bytes = exportWeights(parameters, vit, 'timm');
  writeFileSync(file, bytes);
  expect(cli('import', file).json).toMatchObject({ layout: 'timm', variant: 'tiny', start: null });
  expect(existsSync(library)).toBe(false);

  const first = cli('import', file, '--library', library);
  expect(first).toMatchObject({ status: 0, json: { sha256: sha256Of(bytes) } });
  const again = cli('import', file, '--library', library, '--title', 'Mine', '--licence', 'Apache-2.0');
  expect(again.json.start).toBe(first.json.start);
  await withTestLibrary(library, async (opened) => {
    const starts = (await listStarts(opened)).filter(({ bundled }) => !bundled);
    expect(starts).toMatchObject([
      { id: first.json.start, title: 'Mine', licence: 'Apache-2.0', bytes: bytes.length },
    ]);
    expect(await opened.files.artifacts.actualHash(starts[0]?.sha256 ?? '')).toBe(sha256Of(bytes));
  });

  const odd = { ...vit, variant: 'custom' as const, depth: 2 };
  writeFileSync(file, exportWeights(initParameters(odd, 1), odd, 'app'));
  expect(cli('import', file, '--library', library)).toMatchObject({
    status: 2,
    json: { error: { code: 'INCOMPATIBLE' } },
  });
});

const run = 'run-0000000000000001' as RunId;
const trained = join(folder, 'trained');
const final = exportWeights(parameters, vit, 'app', {
  normalisation,
  metadata: { 'chestlight.findings': '["A","B","C"]' },
});

beforeAll(() =>
  withTestLibrary(trained, async (library) => {
    const { store, files } = library;
    addFilms(
      store,
      Array.from({ length: 12 }, (_, patient) => ({ patient, abnormal: patient % 2 === 0 })),
    );
    const deps = { ...library, clock: testClock(), samplesDir: '' };
    const { id: splitId } = createSplit(deps, {
      name: 'S',
      seed: 1,
      validation: 0.2,
      test: 0.2,
      useGivenParts: false,
    });
    const config = tinyConfig({ splitId, findings: ['A', 'B', 'C'] });
    const progress = waitingProgress(config, 8);
    store.runs.insert({
      id: run,
      name: 'Run',
      config,
      configHash: 'c'.repeat(64),
      createdAt: 1,
      progress,
    });
    await mkdir(join(files.runsDir, run));
    writeFileSync(join(files.runsDir, run, 'final.safetensors'), final);
    store.runs.putCheckpoint(run, {
      kind: 'final',
      file: 'final.safetensors',
      sha256: sha256Of(final),
      bytes: final.length,
      epoch: 1,
      step: 4,
      createdAt: 2,
    });
  }),
);

it.each(['hf', 'timm', 'app'] as const)('export to %s and back is bit for bit the same', (layout) => {
  const out = join(folder, `exported-${layout}.safetensors`);
  const { status, json } = cli('export', run, out, '--library', trained, '--layout', layout);
  expect(status).toBe(0);
  const bytes = readFileSync(out);
  expect(json).toMatchObject({ layout, variant: 'tiny', sha256: sha256Of(bytes), checkpoint: 'final' });
  const back = importWeights(bytes);
  expect(back.hasHeads).toBe(true);
  expect(back.normalisation).toEqual(normalisation);
  expect(back.metadata.get('chestlight.findings')).toBe('["A","B","C"]');
  expect(new Map(back.weights)).toEqual(parameters);
  expect(json.signer).toMatch(/^([0-9A-F]{4} ){7}[0-9A-F]{4}$/);
});

it('export overwrites nothing without --force, and refuses what it cannot do', () => {
  const out = join(folder, 'kept.safetensors');
  writeFileSync(out, 'precious');
  const args = ['export', run, out, '--library', trained, '--layout', 'hf'];
  expect(cli(...args)).toMatchObject({ status: 2, json: { error: { code: 'CONFLICT' } } });
  expect(readFileSync(out, 'utf8')).toBe('precious');
  expect(cli(...args, '--force').status).toBe(0);
  expect(importWeights(readFileSync(out)).layout).toBe('hf');

  const elsewhere = join(folder, 'absent', 'x.safetensors');
  const code = (...list: string[]) => (cli(...list).json.error as { code: string }).code;
  expect(code('export', run, elsewhere, '--library', trained, '--layout', 'hf')).toBe('NOT_FOUND');
  expect(code('export', run, `${out}2`, '--library', trained, '--layout', 'onnx')).toBe('BAD_INPUT');
  expect(code('export', 'run-none', `${out}2`, '--library', trained, '--layout', 'hf')).toBe('NOT_FOUND');
  writeFileSync(join(trained, 'runs', run, 'final.safetensors'), final.subarray(0, 4000));
  expect(code('export', run, `${out}2`, '--library', trained, '--layout', 'hf')).toBe('UNREADABLE_FILE');
  expect(existsSync(`${out}2`)).toBe(false);
});

it('list shows what comes with the app and what was imported; remove takes the latter away', () => {
  const library = join(folder, 'listed');
  const file = join(folder, 'listed.safetensors');
  writeFileSync(file, exportWeights(parameters, vit, 'timm'));
  const { start } = cli('import', file, '--library', library, '--title', 'Mine').json;
  const listed = () => cli('list', '--library', library).json.starts as { id: string; bundled: boolean }[];
  expect(listed().map(({ id }) => id)).toEqual(['bundled-vit-tiny-cxr', start]);
  expect(cli('remove', 'bundled-vit-tiny-cxr', '--library', library)).toMatchObject({
    status: 2,
    json: { error: { code: 'CONFLICT' } },
  });
  expect(cli('remove', String(start), '--library', library)).toMatchObject({
    status: 0,
    json: { removed: start },
  });
  expect(listed().map(({ bundled }) => bundled)).toEqual([true]);
  expect(cli('remove', String(start), '--library', library).status).toBe(2);
});

it('the normalisation is what preprocessor_config.json beside the file or the option says', async () => {
  const library = join(folder, 'normalised');
  const of = async (dir: string, ...options: string[]) => {
    const file = join(folder, dir, 'model.safetensors');
    mkdirSync(join(folder, dir), { recursive: true });
    writeFileSync(file, exportWeights(parameters, vit, 'timm'));
    const imported = cli('import', file, '--library', library, ...options);
    if (imported.status !== 0) return imported.json.error;
    const { start } = imported.json;
    return await withTestLibrary(library, (opened) =>
      Promise.resolve(startNormalisation(opened, String(start))),
    );
  };
  expect(await of('plain')).toBeNull();
  expect(await of('plain', '--normalisation', 'half')).toEqual({
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  });
  const config = { image_mean: [0.1, 0.2, 0.3], image_std: [0.4, 0.5, 0.6], size: 224 };
  mkdirSync(join(folder, 'beside'), { recursive: true });
  writeFileSync(join(folder, 'beside', 'preprocessor_config.json'), JSON.stringify(config));
  expect(await of('beside')).toEqual({ mean: config.image_mean, std: config.image_std });
  expect(await of('beside', '--normalisation', 'imagenet')).toMatchObject({ mean: [0.485, 0.456, 0.406] });
  writeFileSync(join(folder, 'beside', 'preprocessor_config.json'), '{"image_mean":[1]}');
  expect(await of('beside')).toMatchObject({ code: 'UNREADABLE_FILE' });
  expect(await of('plain', '--normalisation', 'other')).toMatchObject({ code: 'BAD_INPUT' });
});
