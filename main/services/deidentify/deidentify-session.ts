/** @file De-identification at work as windows see it: one event that is replaced, watchers that wake on change. */
import type { DeidentifyEvent, DeidentifyResult } from '../../../shared/contract/deidentify.ts';
import type { DeidentificationId } from '../../../shared/domain/ids.ts';
import type { Clock } from '../service-types.ts';
import { ToldEvent } from '../told-event.ts';

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
  const told = new ToldEvent<DeidentifyEvent>({
    seq: 1,
    deidentificationId: id,
    state: 'running',
    progress: { phase: 'Starting', done: 0, total: null, etaSeconds: null },
    result: null,
    error: null,
  });
  return {
    id,
    abort,
    event: () => told.current,
    report(done, total) {
      const seconds = (clock.now() - startedAt) / 1000;
      const etaSeconds = done < 3 ? null : (seconds / done) * (total - done);
      told.tell({ progress: { phase: 'Writing and checking films', done, total, etaSeconds } });
    },
    end(state, result, error) {
      told.tell({ state, result, error, progress: { ...told.current.progress, etaSeconds: null } });
    },
    watch: (signal) => told.watch(signal),
  };
}
