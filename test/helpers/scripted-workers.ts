/**
 * @file A worker host whose training processes say what a test has them say, when it has them say it: for the moments between
 * two messages that real processes pass too quickly. Everything else in the app is the real thing.
 */
import { createNodeWorkerHost } from '../../main/node/worker-host-node.ts';
import type { WorkerHandle, WorkerHost } from '../../main/services/service-types.ts';
import {
  WORKER_PROTOCOL,
  type FromInference,
  type FromTraining,
  type ToTraining,
} from '../../shared/worker/protocol.ts';

type Unnumbered<Message> = Message extends { readonly seq: number } ? Omit<Message, 'seq'> : never;

export class ScriptedWorker implements WorkerHandle {
  readonly pid = undefined;
  readonly asked: unknown[] = [];
  readonly #exitAfterMs: number;
  readonly #obliging: boolean;
  readonly #listeners: ((message: unknown) => void)[] = [];
  readonly #exits: ((code: number | null, signal: string | null) => void)[] = [];
  #seq = 0;
  #killed = false;

  constructor(exitAfterMs: number, obliging: boolean) {
    this.#exitAfterMs = exitAfterMs;
    this.#obliging = obliging;
  }

  send(message: unknown): void {
    this.asked.push(message);
    const { type } = message as ToTraining;
    if (!this.#obliging || (type !== 'pause' && type !== 'cancel')) return;
    const how = type === 'pause' ? 'paused' : 'cancelled';
    setImmediate(() => this.say({ type: 'ended', how, scoresFile: null }));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exits.push(listener);
  }

  lastWords(): string {
    return '';
  }

  letGo(): void {}

  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    setTimeout(() => {
      for (const listener of this.#exits) listener(null, 'SIGKILL');
    }, this.#exitAfterMs);
  }

  say(message: Unnumbered<FromTraining> | FromInference): void {
    this.#seq += 1;
    for (const listener of this.#listeners) listener({ ...message, seq: this.#seq });
  }
}

export interface ScriptedHost extends WorkerHost {
  /** Training processes in the order of their start. */
  readonly training: readonly ScriptedWorker[];
}

/**
 * @param exitAfterMs between `kill` and the exit: large processes take their time
 * @param obliging processes pause and cancel as soon as they are asked to
 */
export function scriptedHost(exitAfterMs = 0, obliging = false): ScriptedHost {
  const training: ScriptedWorker[] = [];
  const real = createNodeWorkerHost();
  return {
    training,
    start(kind, env) {
      if (kind !== 'training' && kind !== 'inference') return real.start(kind, env);
      const worker = new ScriptedWorker(exitAfterMs, obliging);
      if (kind === 'training') training.push(worker);
      else setImmediate(() => worker.say(READY));
      return worker;
    },
  };
}

const READY = {
  type: 'ready',
  protocol: WORKER_PROTOCOL,
  backend: 'tensorflow',
  device: 'cpu',
  deviceName: 'scripted',
  tensorflow: null,
  threads: 1,
  trainable: true,
  reason: null,
} satisfies FromInference;
