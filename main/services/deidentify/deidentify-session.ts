/** @file De-identification at work as windows see it: one event that is replaced, watchers that wake on change. */
import type { DeidentifyEvent, DeidentifyResult } from '../../../shared/contract/deidentify.ts';
import type { DeidentificationId } from '../../../shared/domain/ids.ts';
import type { Clock } from '../service-types.ts';

export interface DeidentifySession {
  readonly id: DeidentificationId;
  readonly abort: AbortController;
  event(): DeidentifyEvent;
  report(done: number, total: number): void;
  end(
    state: 'finished' | 'cancelled' | 'failed',
    result: DeidentifyResult | null,
    error: DeidentifyEvent['error'],
  ): void;
  /** Every event from now on until the end; the present one comes first. */
  watch(signal: AbortSignal): AsyncGenerator<DeidentifyEvent, void>;
}

export function createDeidentifySession(id: DeidentificationId, clock: Clock): DeidentifySession {
  const abort = new AbortController();
  const startedAt = clock.now();
  let next = Promise.withResolvers<undefined>();
  let current: DeidentifyEvent = {
    seq: 1,
    deidentificationId: id,
    state: 'running',
    progress: { phase: 'Starting', done: 0, total: null, etaSeconds: null },
    result: null,
    error: null,
  };
  const tell = (change: Partial<DeidentifyEvent>): void => {
    current = { ...current, ...change, seq: current.seq + 1 };
    next.resolve(undefined);
    next = Promise.withResolvers();
  };
  return {
    id,
    abort,
    event: () => current,
    report(done, total) {
      const seconds = (clock.now() - startedAt) / 1000;
      const etaSeconds = done < 3 ? null : (seconds / done) * (total - done);
      tell({ progress: { phase: 'Writing and checking films', done, total, etaSeconds } });
    },
    end(state, result, error) {
      tell({ state, result, error, progress: { ...current.progress, etaSeconds: null } });
    },
    async *watch(signal) {
      const left = new Promise<undefined>((resolve) =>
        signal.addEventListener('abort', () => resolve(undefined), { once: true }),
      );
      let seen = 0;
      while (!signal.aborted) {
        const told = current;
        const change = next.promise;
        if (told.seq > seen) {
          seen = told.seq;
          yield told;
          if (told.state !== 'running') return;
          continue;
        }
        await Promise.race([change, left]);
      }
    },
  };
}
