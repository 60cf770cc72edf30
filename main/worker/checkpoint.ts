/** @file Checkpoints: weights, moments, EMA and position of a run in one safetensors file; written whole or not at all. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { z } from 'zod';

import { stepsTaken } from '../../shared/contract/training.ts';
import { sweep } from '../files/leftovers.ts';
import type { LibraryVault } from '../files/vault.ts';
import { stateSpecs, type TrainState } from '../numeric/train/train-state.ts';
import { floatTensor, readSafetensors, safetensorsHeader } from '../numeric/weights/safetensors.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';

/** Where a run stands between two optimiser steps. */
export const runPosition = z.object({
  /** Epoch in progress, from 0. */
  epoch: z.number().int().nonnegative(),
  /** Films of this epoch already used. */
  cursor: z.number().int().nonnegative(),
  step: z.number().int().nonnegative(),
  /** Training has ended before its last epoch: patience ran out, or a person stopped it. */
  over: z.literal(true).optional(),
  /** How its steps were taken, so that they are taken alike from here on. */
  steps: stepsTaken.optional(),
  /** Refused when it is another run's configuration. */
  configHash: z.string(),
});
export type RunPosition = z.infer<typeof runPosition>;

const POSITION_KEY = 'chestlight.position';
const PATTERN = /^checkpoint-(\d{9})\.safetensors$/;
const KEPT = 2;

export interface SavedCheckpoint {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A checkpoint that cannot be used; `message` says why. */
export class CheckpointError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckpointError';
  }
}

async function checkpointFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => PATTERN.test(name)).sort();
}

/** The file piece by piece: in memory there is never more than one group's copy of the state. */
function* chunksOf(state: TrainState, position: RunPosition): Generator<Uint8Array, void> {
  const metadata = { [POSITION_KEY]: JSON.stringify(position) };
  yield safetensorsHeader(stateSpecs(state.groups, state.hasEma), { metadata });
  for (const { buffer, byteOffset, byteLength } of state.flatState()) {
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/**
 * Writes the state at `position` into `dir`; afterwards the two newest checkpoints remain.
 * @throws ServiceError DISK_FULL; then the checkpoints before are as they were
 */
export async function saveCheckpoint(
  vault: LibraryVault,
  dir: string,
  state: TrainState,
  position: RunPosition,
): Promise<SavedCheckpoint> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* content(): AsyncGenerator<Uint8Array, void> {
    for (const chunk of chunksOf(state, position)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
      await setImmediate(); // a large state takes seconds: messages come in meanwhile
    }
  }
  const file = join(dir, `checkpoint-${String(position.step).padStart(9, '0')}.safetensors`);
  await vault.write(file, content());
  const old = (await checkpointFiles(dir)).slice(0, -KEPT);
  for (const name of old) await sweep(join(dir, name));
  return { file, sha256: hash.digest('hex'), bytes };
}

function parsePosition(text: string): RunPosition {
  try {
    return runPosition.parse(JSON.parse(text));
  } catch {
    throw new CheckpointError('its position in the run cannot be read');
  }
}

function restore(bytes: Uint8Array, state: TrainState, configHash: string): RunPosition {
  const file = readSafetensors(bytes);
  const text = file.metadata.get(POSITION_KEY);
  if (text === undefined) throw new CheckpointError('it says nothing of the position in the run');
  const position = parsePosition(text);
  if (position.configHash !== configHash)
    throw new CheckpointError('it belongs to a run with other settings');
  state.importState(
    new Map([...file.tensors].map(([name, raw]) => [name, floatTensor(name, raw).values] as const)),
  );
  return position;
}

export interface RestoredCheckpoint {
  readonly position: RunPosition;
  /** Newer checkpoints that could not be used, with the reason, newest first. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

/**
 * Goes on from the newest usable checkpoint of `dir`; a damaged one is passed over and named.
 * Null when there is none at all. @throws CheckpointError when there are some but none can be used.
 */
export async function restoreNewest(
  vault: LibraryVault,
  dir: string,
  state: TrainState,
  configHash: string,
): Promise<RestoredCheckpoint | null> {
  const names = (await checkpointFiles(dir)).reverse();
  const skipped: { file: string; reason: string }[] = [];
  for (const name of names) {
    try {
      return { position: restore(await vault.read(join(dir, name)), state, configHash), skipped };
    } catch (error) {
      if (!(error instanceof WeightsError || error instanceof CheckpointError)) throw error;
      skipped.push({ file: name, reason: error.message });
    }
  }
  if (names.length === 0) return null;
  const reasons = skipped.map(({ file, reason }) => `${file}: ${reason}`).join('; ');
  throw new CheckpointError(`No checkpoint of this run can be used (${reasons}). Start the run again.`);
}
