/**
 * @file The inference process as services see it: started on first use, asked with numbered requests, replaced when it
 * dies. A native library that cannot be loaded leaves prediction by WebAssembly.
 */
import { ServiceError, isErrorCode } from '../../../shared/domain/service-error.ts';
import { fromInference, type FromInference, type ToInference } from '../../../shared/worker/protocol.ts';
import type { LibraryAccess } from '../../files/vault.ts';
import type { Log, WorkerHandle, WorkerHost } from '../service-types.ts';

export type EngineReady = Extract<FromInference, { readonly type: 'ready' }>;
type PredictionMessage = Extract<FromInference, { readonly type: 'prediction' }>;
/** What the process says of one film. */
export type Predicted = PredictionMessage['films'][number] & {
  /** Its share of the time that all films of the question took. */
  readonly seconds: number;
};
type PredictMessage = Extract<ToInference, { readonly type: 'predict' }>;

/** Silence after which a process with work is taken for dead; a ViT-Base from a slow disk fits well within, ms. */
const SILENCE_MS = 120_000;

interface Live {
  readonly worker: WorkerHandle;
  readonly ready: PromiseWithResolvers<EngineReady>;
  readonly waiting: Map<number, PromiseWithResolvers<PredictionMessage>>;
  /** Runs while something is waited for; every answer starts it anew. */
  silence: NodeJS.Timeout | null;
}

export interface InferenceProcess {
  /** What the engine says of itself; starts the process. @throws ServiceError ENGINE_UNAVAILABLE */
  ready(): Promise<EngineReady>;
  /** In the order of the images. @throws ServiceError as the process answers, WORKER_CRASHED when it dies */
  predict(message: Omit<PredictMessage, 'type' | 'request' | 'access'>): Promise<readonly Predicted[]>;
  close(): void;
}

/** @param access of an encrypted library, for the process */
export function createInferenceProcess(
  workerHost: WorkerHost,
  log: Log,
  access: LibraryAccess | null,
): InferenceProcess {
  let live: Live | null = null;
  /** Set when the native library took the process with it while loading. */
  let withoutNative = false;
  let closed = false;
  let counter = 0;

  function start(): Live {
    if (closed) throw new ServiceError('BUSY', 'Chestlight is closing.');
    const worker = workerHost.start('inference', withoutNative ? { CHESTLIGHT_ENGINE: 'wasm' } : {});
    const started: Live = { worker, ready: Promise.withResolvers(), waiting: new Map(), silence: null };
    // Whoever asked hears of it; nobody asking is no defect.
    started.ready.promise.catch(() => undefined);
    worker.onMessage((raw) => {
      const message = fromInference.safeParse(raw);
      if (message.success) receive(started, message.data);
      else log.error('the inference process sent what is not a message', { issue: message.error.message });
    });
    worker.onExit((code, signal) => {
      if (live === started) live = null;
      if (started.silence !== null) clearTimeout(started.silence);
      const how = signal ?? `exit ${code ?? 'unknown'}`;
      if (!closed) log.error('the inference process ended', { how });
      const error = new ServiceError(
        'WORKER_CRASHED',
        `The prediction process ended unexpectedly (${how}). Nothing was lost; ask again and it is started anew.`,
      );
      started.ready.reject(error);
      for (const { reject } of started.waiting.values()) reject(error);
    });
    return started;
  }

  /** Requests are answered one after the other: the time counts from the last answer, not from the asking. */
  function listen(to: Live): void {
    if (to.silence !== null) clearTimeout(to.silence);
    to.silence = null;
    if (to.waiting.size === 0) return;
    to.silence = setTimeout(() => {
      log.error('the inference process fell silent');
      to.worker.kill();
    }, SILENCE_MS);
  }

  function receive(from: Live, message: FromInference): void {
    take(from, message);
    listen(from);
  }

  function take(from: Live, message: FromInference): void {
    switch (message.type) {
      case 'ready':
        from.ready.resolve(message);
        return;
      case 'prediction':
        from.waiting.get(message.request)?.resolve(message);
        from.waiting.delete(message.request);
        return;
      case 'failed': {
        const code = isErrorCode(message.code) ? message.code : 'WORKER_CRASHED';
        const error = new ServiceError(code, message.message);
        if (message.request === 0) from.ready.reject(error);
        from.waiting.get(message.request)?.reject(error);
        from.waiting.delete(message.request);
        return;
      }
    }
  }

  async function ready(): Promise<EngineReady> {
    live ??= start();
    try {
      return await live.ready.promise;
    } catch (error) {
      const crashed = error instanceof ServiceError && error.code === 'WORKER_CRASHED';
      if (!crashed || withoutNative || closed) throw error;
      withoutNative = true;
      log.error('the native engine crashed while loading; WebAssembly takes its place');
      return await ready();
    }
  }

  return {
    ready,
    async predict(message) {
      await ready();
      live ??= start();
      const { worker, waiting } = live;
      counter += 1;
      const request = counter;
      const answer = Promise.withResolvers<PredictionMessage>();
      waiting.set(request, answer);
      worker.send({ type: 'predict', request, access, ...message } satisfies ToInference);
      if (live.silence === null) listen(live);
      const { films, seconds } = await answer.promise;
      return films.map((film) => ({ ...film, seconds: seconds / films.length }));
    },
    close() {
      closed = true;
      live?.worker.kill();
    },
  };
}
