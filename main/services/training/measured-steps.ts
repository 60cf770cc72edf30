/** @file Steps in a process of their own that say how long each of them took: of the estimates, and of `bench`. */
import type { z } from 'zod';

import {
  benchEnd,
  benchReady,
  benchStep,
  type BenchEnd,
  type BenchReady,
  type BenchSettings,
  type ToBench,
} from '../../../shared/worker/bench.ts';
import type { WorkerHost } from '../service-types.ts';

export interface MeasuredSteps {
  /** Resolves when the first step may be asked for. @throws Error with the last words of a process that ends before its time */
  readonly ready: Promise<BenchReady>;
  /** One step, in ms as the process itself measured it. @throws as `ready` */
  step(): Promise<number>;
  /** Ends the process. @returns what memory it held @throws as `ready` */
  end(): Promise<BenchEnd>;
  kill(): void;
  /** Undefined before it is there and once it is gone, where the host says so. */
  readonly pid: number | undefined;
}

/** Questions are asked one at a time. */
export function startMeasuredSteps(workerHost: WorkerHost, settings: BenchSettings): MeasuredSteps {
  const worker = workerHost.start('measure');
  let waiting: PromiseWithResolvers<unknown> | null = null;
  let gone: Error | null = null;
  worker.onMessage((message) => waiting?.resolve(message));
  const { promise: exited, resolve: left } = Promise.withResolvers<undefined>();
  worker.onExit(() => {
    left(undefined);
    gone = new Error(worker.lastWords() || 'it gave no reason');
    waiting?.reject(gone);
  });
  const ask = async <T>(question: ToBench, answer: z.ZodType<T>): Promise<T> => {
    if (gone !== null) throw gone;
    waiting = Promise.withResolvers();
    worker.send(question);
    return answer.parse(await waiting.promise);
  };
  const ready = ask({ type: 'begin', settings }, benchReady);
  ready.catch(() => undefined); // whoever waits for it hears of it
  return {
    ready,
    async step() {
      await ready;
      return (await ask({ type: 'step' }, benchStep)).ms;
    },
    async end() {
      const held = await ask({ type: 'end' }, benchEnd);
      worker.send({ type: 'leave' } satisfies ToBench);
      await exited;
      return held;
    },
    kill: () => worker.kill(),
    get pid() {
      return worker.pid;
    },
  };
}
