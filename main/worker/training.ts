/** @file Entry of the training process: one run a process, messages read between micro-batches, then it leaves. */
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import { runPlan, toTraining, WORKER_PROTOCOL, type RunPlan } from '../../shared/worker/protocol.ts';
import { translateDiskError } from '../../shared/domain/disk-error.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { openVault } from '../files/sealed-vault.ts';
import { readText, type LibraryAccess, type LibraryVault } from '../files/vault.ts';
import { CompiledFunctions } from '../numeric/engine/graph/compiled-function.ts';
import { loadEngine } from '../numeric/engine/load-engine.ts';
import { refuseWrongEngine } from '../numeric/engine/self-test.ts';
import { KnowledgeRangeError } from '../numeric/knowledge/view-record.ts';
import { NotFiniteError } from '../numeric/train/train-step.ts';
import { WeightsError } from '../numeric/weights/weights-error.ts';
import { CheckpointError } from './checkpoint.ts';
import { FilmSetError } from './film-set.ts';
import { compilesGraphs } from './graph-choice.ts';
import { parentPort } from '../../shared/worker/parent-port.ts';
import type { Report } from './run-host.ts';
import { runPlanned } from './run-plan.ts';
import type { Wish } from './stopped.ts';

const HEARTBEAT_MS = 2000;

const port = parentPort();
let seq = 0;
let wish: Wish = 'go on';
let started = false;
let checkpointAsked = false;

function send(report: Report): void {
  port.send({ ...report, seq });
  seq += 1;
}

function codeOf(error: unknown): string {
  if (error instanceof ServiceError || error instanceof FilmSetError) return error.code;
  if (error instanceof NotFiniteError) return 'NOT_FINITE';
  if (error instanceof WeightsError && error.code === 'not-finite') return 'NOT_FINITE';
  if (error instanceof KnowledgeRangeError) return 'INCOMPATIBLE';
  if (error instanceof CheckpointError || error instanceof WeightsError) return 'UNREADABLE_FILE';
  return 'WORKER_CRASHED';
}

/** @throws ServiceError BAD_INPUT */
async function readPlan(vault: LibraryVault, path: string): Promise<RunPlan> {
  try {
    return runPlan.parse(JSON.parse(await readText(vault, path)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = 'The plan of this run cannot be read. Nothing was trained; start the run again.';
    throw new ServiceError('BAD_INPUT', message, { reason });
  }
}

async function work(planPath: string, vault: LibraryVault): Promise<void> {
  const engine = await loadEngine();
  const { trainable, reason, deviceName, threads, tensorflow } = engine;
  const facts = { device: deviceName, threads, tensorflow, trainable, reason };
  send({ type: 'ready', protocol: WORKER_PROTOCOL, ...facts });
  if (!trainable) throw new ServiceError('ENGINE_UNAVAILABLE', reason ?? 'Training is off on this machine.');
  refuseWrongEngine(engine);
  const plan = await readPlan(vault, planPath);
  let beatAt = performance.now();
  await runPlanned(plan, {
    send,
    now: () => performance.now(),
    vault,
    functions: new CompiledFunctions({
      compile: compilesGraphs(),
      onEager: (why) =>
        send({
          type: 'log',
          level: 'warn',
          message: `Films are scored without a graph, which is slower: ${why}.`,
        }),
    }),
    wish: () => wish,
    takeCheckpointWish() {
      const asked = checkpointAsked;
      checkpointAsked = false;
      return asked;
    },
    async between() {
      if (performance.now() - beatAt >= HEARTBEAT_MS) {
        beatAt = performance.now();
        send({ type: 'heartbeat' });
      }
      await setImmediate(); // the engine computes synchronously: only here messages come in
    },
  });
}

async function start(planPath: string, access: LibraryAccess | null): Promise<void> {
  try {
    await work(planPath, openVault(access));
  } catch (caught) {
    const error = translateDiskError(caught); // also of calls that are not part of an atomic write
    const message = error instanceof Error ? error.message : String(error);
    const detail = error instanceof ServiceError ? { ...error.detail } : {};
    send({ type: 'failed', code: codeOf(error), message, detail });
  }
  // Everything sent is on its way before the process leaves.
  await setImmediate();
  if (process.connected) process.disconnect();
}

port.onMessage((raw) => {
  const parsed = toTraining.safeParse(raw);
  if (!parsed.success) {
    send({ type: 'log', level: 'error', message: `Not a message to this process: ${parsed.error.message}` });
    return;
  }
  const message = parsed.data;
  switch (message.type) {
    case 'start':
      if (!started) void start(message.planPath, message.access);
      started = true;
      return;
    case 'pause':
      if (wish === 'go on') wish = 'pause';
      return;
    case 'checkpoint':
      checkpointAsked = true;
      return;
    case 'stop-keep-best':
      if (wish !== 'cancel') wish = 'stop and keep best';
      return;
    case 'cancel':
      wish = 'cancel';
      return;
  }
});
