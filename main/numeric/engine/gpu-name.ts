/** @file What the graphics card is called, for the badge and `doctor`: TensorFlow's C interface does not say. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DRIVER_FOLDER = '/proc/driver/nvidia/gpus';
const ASK_MS = 5_000;

export interface Card {
  readonly name: string;
  /** `GPU-…`; null where it is not told. */
  readonly uuid: string | null;
}

/** The card of a driver's information file; null when it names none. */
export function cardOf(information: string): Card | null {
  const line = (what: string) => new RegExp(`^${what}:\\s*(.+?)\\s*$`, 'm').exec(information)?.[1] ?? null;
  const name = line('Model');
  return name === null ? null : { name, uuid: line('GPU UUID') };
}

function fromDriver(): Card[] {
  try {
    return readdirSync(DRIVER_FOLDER)
      .sort()
      .flatMap((bus) => cardOf(readFileSync(join(DRIVER_FOLDER, bus, 'information'), 'utf8')) ?? []);
  } catch {
    return []; // no such driver folder: not Linux, or no NVIDIA driver
  }
}

function fromProgram(): Card[] {
  const asked = spawnSync('nvidia-smi', ['--query-gpu=name,uuid', '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: ASK_MS,
    windowsHide: true,
  });
  const lines = (asked.status === 0 ? asked.stdout : '').split('\n');
  return lines.flatMap((line) => {
    const [name = '', uuid = null] = line.split(',').map((word) => word.trim());
    return name === '' ? [] : [{ name, uuid }];
  });
}

/**
 * The card of `cards` (in the order of their places on the bus) that TensorFlow computes on: the first that CUDA shows it. Which that
 * is follows from its UUID, or from its number where CUDA counts by place; otherwise CUDA begins with the fastest, and all that it may be are
 * named. Source: CUDA C++ Programming Guide, CUDA environment variables.
 */
export function cardInUse(
  cards: readonly Card[],
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const [first = ''] = (env.CUDA_VISIBLE_DEVICES ?? '').split(',').map((word) => word.trim());
  const named = first.startsWith('GPU-') ? cards.find(({ uuid }) => uuid?.startsWith(first)) : undefined;
  const placed = env.CUDA_DEVICE_ORDER === 'PCI_BUS_ID' ? cards[Number(first)] : undefined;
  const one = named ?? placed;
  if (one !== undefined) return one.name;
  return [...new Set(cards.map(({ name }) => name))].join(' or ') || null;
}

/** e.g. `NVIDIA GeForce RTX 4070`; `GPU` when neither the driver nor `nvidia-smi` tells. */
export function gpuName(): string {
  const told = fromDriver();
  return cardInUse(told.length > 0 ? told : fromProgram(), process.env) ?? 'GPU';
}
