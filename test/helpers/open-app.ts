/** @file The whole app on a temporary library with a few real films, worker processes and all. */
import { join } from 'node:path';

import { expect, onTestFinished } from 'vitest';

import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import { openParts } from '../../main/services/compose.ts';
import type { WorkerHost } from '../../main/services/service-types.ts';
import { requestOf } from '../../main/services/training/training-service.ts';
import type { AppParts } from '../../main/services/compose.ts';
import type { RunChange, RunRequest } from '../../shared/contract/training.ts';
import type { RunId } from '../../shared/domain/ids.ts';
import { smallFilmFolder } from './small-library.ts';
import { call, importAll, keptLog, tempFolder } from './temp-library.ts';

export interface AppChoice {
  readonly dir?: string;
  readonly workerHost?: WorkerHost;
  readonly goOn?: boolean;
  readonly secret?: string;
  readonly forWindow?: boolean;
}

export async function openTestApp(options: AppChoice = {}) {
  const dir = options.dir ?? join(tempFolder(), 'library');
  const log = keptLog();
  const workerHost = options.workerHost ?? createNodeWorkerHost();
  const { goOn = true } = options;
  const parts = await openParts({
    libraryDir: dir,
    host: 'browser',
    workerHost,
    log,
    clock: Date,
    goOn,
    ...(options.forWindow !== undefined && { forWindow: options.forWindow }),
    ...(options.secret !== undefined && { secret: options.secret }),
  });
  onTestFinished(() => parts.app.close());
  return { dir, log, workerHost, ...parts };
}

/** With the twenty films of `smallFilmFolder`. */
export async function openAppWithFilms(options: AppChoice = {}) {
  const parts = await openTestApp(options);
  const { dir, labels } = smallFilmFolder();
  const { state } = await importAll(parts.library, { paths: [dir], labels });
  expect(state).toBe('finished');
  return parts;
}

const TINY = { method: 'teacher', model: 'tiny', resolution: 224, preset: 'quick' } as const;

/** A ViT-Tiny teacher of one epoch, unless the request says otherwise. */
export function tinyRequest(request: Partial<RunRequest> = {}): RunRequest {
  return requestOf({ ...TINY, recipe: { epochs: 1, batch: 4 }, ...request });
}

export async function startRun({ training }: AppParts, request: Partial<RunRequest> = {}): Promise<RunId> {
  return (await training.service.start(tinyRequest(request), call)).runId as RunId;
}

/** Waits until the run is at rest. */
export async function runToEnd({ training }: AppParts, id: RunId) {
  const events: RunChange[] = [];
  const state = await training.runToEnd(id, (event) => void events.push(event), call.signal);
  return { state, events };
}
