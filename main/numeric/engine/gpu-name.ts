/** @file What the graphics card is called, for the badge and `doctor`: TensorFlow's C interface does not say. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DRIVER_FOLDER = '/proc/driver/nvidia/gpus';
const ASK_MS = 5_000;

/** The `Model:` line of a driver's information file; null when it has none. */
export function modelOf(information: string): string | null {
  return /^Model:\s*(.+?)\s*$/m.exec(information)?.[1] ?? null;
}

function fromDriver(): string | null {
  try {
    const [first] = readdirSync(DRIVER_FOLDER);
    return first === undefined
      ? null
      : modelOf(readFileSync(join(DRIVER_FOLDER, first, 'information'), 'utf8'));
  } catch {
    return null; // no such driver folder: not Linux, or no NVIDIA driver
  }
}

/** e.g. `NVIDIA GeForce RTX 4070`; `GPU` when neither the driver nor `nvidia-smi` tells. */
export function gpuName(): string {
  const driver = fromDriver();
  if (driver !== null) return driver;
  const asked = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: ASK_MS,
    windowsHide: true,
  });
  const [name] = (asked.status === 0 ? asked.stdout : '').split('\n');
  return name?.trim() || 'GPU';
}
