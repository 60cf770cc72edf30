/** @file A Python with PyTorch to compare with: the one named, a cached one, or one made now. The app itself never needs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { Refusal } from '../verb.ts';

const VERSION = '2.13.0';
/** Where the builds for processors are; others are ten times as large. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

type Environment = Readonly<Record<string, string | undefined>>;

/** The cache outside the checkout, as resources/setup/paths.mjs has it. */
function cacheFolder(env: Environment): string {
  if (env.CHESTLIGHT_CACHE) return env.CHESTLIGHT_CACHE;
  if (process.platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'chestlight');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'chestlight');
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'chestlight');
}

function run(command: string, args: readonly string[]): { ok: boolean; lastLine: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const said = error?.message ?? `${stdout}\n${stderr}`.trim();
  return { ok: status === 0, lastLine: said.split('\n').at(-1) ?? '' };
}

const hasTorch = (python: string): boolean => run(python, ['-W', 'ignore', '-c', 'import torch']).ok;

/** Makes a virtual environment in `folder`; what is half made is removed. @throws Refusal ENGINE_UNAVAILABLE */
function makePython(folder: string, python: string): void {
  process.stderr.write(
    `No Python with PyTorch was found. One is being made in ${folder} (pip, about 200 MB).\n`,
  );
  const name = process.platform === 'win32' ? 'python' : 'python3';
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [name, ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', '--extra-index-url', CPU_INDEX, `torch==${VERSION}`]],
  ];
  for (const [command, args] of steps) {
    const { ok, lastLine } = run(command, args);
    if (ok) continue;
    rmSync(folder, { recursive: true, force: true });
    throw new Refusal(
      'ENGINE_UNAVAILABLE',
      `PyTorch could not be installed (${lastLine}). Set CHESTLIGHT_PYTHON to a Python that has torch, or leave out --against.`,
    );
  }
}

/** @throws Refusal ENGINE_UNAVAILABLE with what to do */
export function pythonWithTorch(env: Environment = process.env): string {
  const named = env.CHESTLIGHT_PYTHON;
  if (named) {
    if (hasTorch(named)) return named;
    throw new Refusal(
      'ENGINE_UNAVAILABLE',
      `CHESTLIGHT_PYTHON is ${named}, which cannot import torch. Install it there or name another Python.`,
    );
  }
  const folder = join(cacheFolder(env), `pytorch-${VERSION}`);
  const python =
    process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  if (existsSync(python) && hasTorch(python)) return python;
  rmSync(folder, { recursive: true, force: true });
  makePython(folder, python);
  return python;
}
