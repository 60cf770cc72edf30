/** @file `bench` as a child process: three rows of its own measured processes, a comparison where PyTorch is at hand, refusals. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly what: string;
  readonly ms: number;
  readonly imagesPerSecond: number;
  readonly ratio: number | null;
  readonly rss: number;
  readonly ownRss: number | null;
  readonly pytorch: {
    readonly ms: number;
    readonly rss: number | null;
    readonly ownRss: number | null;
  } | null;
}

function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, 'bench', ...args, '--json'], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, json: JSON.parse(stdout) as Record<string, unknown> & { readonly rows: readonly Row[] } };
}

const small = ['--model', 'tiny', '--batch', '2', '--steps', '2'];
const WHAT = ['train step', 'distil step', 'predict', 'predict batch'];

it('measures a train step, a distil step and predictions', () => {
  const file = join(folder, 'measured.md');
  const { status, json } = bench([...small, '--write', file]);
  expect(status).toBe(0);
  const page = readFileSync(file, 'utf8');
  expect(page).toContain('bench --model tiny --batch 2 --steps 2');
  for (const what of WHAT) expect(page).toContain(`| ViT-tiny | ${what} |`);
  expect(bench([...small, '--write', file]).json.error).toMatchObject({ code: 'CONFLICT' });
  expect(json).toMatchObject({ model: 'tiny', batch: 2, steps: 2, pytorch: null });
  expect(json.rows.map(({ what }) => what)).toEqual(WHAT);
  for (const row of json.rows) {
    const images = row.what === 'predict' ? 1 : 2;
    expect(row.imagesPerSecond).toBeCloseTo((images * 1000) / row.ms, 6);
    // A process with the engine in it: not the few megabytes of one that ended at once, not all of the machine.
    expect(row.rss).toBeGreaterThan(200e6);
    expect(row.rss).toBeLessThan(4e9);
    if (process.platform === 'linux') {
      // Weights and what a step computes, without the library's code.
      expect(row.ownRss).toBeGreaterThan(80e6);
      expect(row.ownRss).toBeLessThan(row.rss);
    } else expect(row.ownRss).toBeNull();
    const steps = row.what.endsWith('step') ? { precision: 'single', engine: 'graph' } : null;
    expect(row).toMatchObject({ ratio: null, pytorch: null, steps });
  }
});

const python = process.env.CHESTLIGHT_PYTHON;

it('compares with PyTorch step by step', (test) => {
  if (!python) return test.skip('CHESTLIGHT_PYTHON names no Python with PyTorch');
  const { status, json } = bench(['--batch', '1', '--steps', '1', '--against', 'pytorch']);
  expect(status).toBe(0);
  const { engine, pytorch } = json as unknown as Record<'engine' | 'pytorch', { parameters: number }>;
  expect(pytorch.parameters).toBe(engine.parameters);
  for (const row of json.rows) {
    expect(row.ratio).toBeCloseTo(row.ms / (row.pytorch?.ms ?? Number.NaN), 9);
    expect(row.pytorch?.rss).toBeGreaterThan(100e6);
    if (process.platform === 'linux') expect(row.pytorch?.ownRss).toBeGreaterThan(80e6);
  }
}, 600_000);

it('refuses a program that has no torch, in a sentence, and makes nothing', () => {
  const env = { CHESTLIGHT_PYTHON: process.execPath, CHESTLIGHT_CACHE: join(folder, 'cache') };
  const { status, json } = bench([...small, '--against', 'pytorch'], env);
  expect(status).toBe(2);
  expect(json.error).toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('cannot import torch') as string,
  });
  expect(existsSync(env.CHESTLIGHT_CACHE)).toBe(false);
});

it.each([
  [['--model', 'huge'], 'model'],
  [['--batch', '0'], 'batch'],
  [['--steps', 'many'], 'steps'],
  [['--against', 'jax'], 'against'],
  [['film.dcm'], 'film.dcm'],
])('refuses %j and names it', (args, named) => {
  const { status, json } = bench(args);
  expect(status).toBe(2);
  expect(json.error).toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining(named) as string,
  });
});
