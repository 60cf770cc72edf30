/** @file The real command line as a child process: JSON fields, exit codes, nothing else on standard output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'chestlight-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function cli(...args: string[]): { status: number | null; stdout: string; json: Record<string, unknown> } {
  const entry = resolve(import.meta.dirname, '../../main/cli/cli.ts');
  const { status, stdout } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' });
  return {
    status,
    stdout,
    json: args.includes('--json') ? (JSON.parse(stdout) as Record<string, unknown>) : {},
  };
}

function csv(text: string): string {
  const file = join(folder, `${Math.abs([...text].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, 7))}.csv`);
  writeFileSync(file, text);
  return file;
}

it('metrics: AUROC with interval from a table', () => {
  const file = csv('label,score,patient\n1,0.9,a\n0,0.2,b\n1,0.6,c\n0,0.7,d\n');
  const { status, json } = cli('metrics', file, '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ auroc: 0.75, n: 4, positives: 2 });
  expect(Object.keys(json)).toEqual(['auroc', 'ci', 'n', 'positives', 'ap', 'brier', 'ece']);
});

it.each([
  ['a missing column', 'label,value\n1,0.3\n', 'MISSING_COLUMNS'],
  ['an empty file', '', 'MISSING_COLUMNS'],
  ['a score that is no number', 'label,score\n1,high\n', 'BAD_INPUT'],
  ['a label that is not 0 or 1', 'label,score\n2,0.3\n', 'BAD_INPUT'],
])('metrics refuses %s', (_, text, code) => {
  const { status, json } = cli('metrics', csv(text), '--json');
  expect(status).toBe(2);
  expect(json.error).toMatchObject({ code });
});

it('refuses a missing file, an unknown verb and an unknown option with exit 2', () => {
  expect(cli('metrics', join(folder, 'absent.csv'), '--json')).toMatchObject({ status: 2 });
  expect(cli('metrics', '--colour', '--json')).toMatchObject({ status: 2 });
  expect(cli('conjure').status).toBe(2);
  // Options that would change nothing are not taken.
  const refused = cli('pretrain', '--library', join(folder, 'none'), '--class-weights', '--json');
  expect(refused).toMatchObject({ status: 2, json: { error: { code: 'BAD_INPUT' } } });
});

it.each([
  ['verify', 'DIR'],
  ['audit', 'DIR'],
  ['backup', 'DIR', '--make'],
  ['doctor', 'DIR'],
  ['resume', 'run-1', 'run-2'],
])('%s does not take a word that it would not look at', (...args) => {
  const library = join(folder, 'untouched');
  const refused = cli(...args, '--library', library, '--json');
  expect(refused).toMatchObject({ status: 2, json: { error: { code: 'BAD_INPUT' } } });
  expect(existsSync(library)).toBe(false);
});

it('doctor: engine, device and self-test', () => {
  const { status, json } = cli('doctor', '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ device: expect.stringMatching(/cpu|gpu/) as string, selfTest: { ok: true } });
  expect(json.engine).toMatchObject({ backend: 'tensorflow', trainable: true });
});

it('help: every verb with what it does, in lines that a terminal holds', () => {
  const { status, stdout } = cli('--help');
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  const verbs = lines.map((line) => /^ {2}(\w+) {2,}\S/.exec(line)?.[1]).filter((verb) => verb !== undefined);
  for (const verb of ['import', 'train', 'distill', 'resume', 'runs', 'predict', 'evaluate', 'demo']) {
    expect(verbs).toContain(verb);
  }
  expect(cli('train', '--help').stdout).toContain('--learning-rate');
});
