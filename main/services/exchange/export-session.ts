/** @file The export at work as windows see it: one event that is replaced, watchers that wake on change. */
import type { ExportEvent, ExportRecord } from '../../../shared/contract/exchange.ts';
import type { ExportId } from '../../../shared/domain/ids.ts';
import type { ExportProgress } from './export-job.ts';

/** Watchers are woken at most this often, milliseconds. */
const EVERY_MS = 200;

export interface ExportSession extends ExportProgress {
  readonly id: ExportId;
  readonly abort: AbortController;
  event(): ExportEvent;
  end(
    state: 'finished' | 'cancelled' | 'failed',
    result: ExportRecord | null,
    error: ExportEvent['error'],
  ): void;
  /** Every event from now on until the end; the present one comes first. */
  watch(signal: AbortSignal): AsyncGenerator<ExportEvent, void>;
}

export function createExportSession(id: ExportId, clock: { now(): number }): ExportSession {
  const abort = new AbortController();
  let next = Promise.withResolvers<undefined>();
  let startedAt = clock.now();
  let toldAt = 0;
  let current: ExportEvent = {
    seq: 1,
    exportId: id,
    state: 'running',
    progress: { phase: 'Starting', done: 0, total: null, etaSeconds: null },
    result: null,
    error: null,
  };
  const tell = (change: Partial<ExportEvent>, wake: boolean): void => {
    current = { ...current, ...change, seq: current.seq + 1 };
    if (!wake) return;
    toldAt = clock.now();
    next.resolve(undefined);
    next = Promise.withResolvers();
  };
  return {
    id,
    abort,
    signal: abort.signal,
    event: () => current,
    report(phase, done, total) {
      const now = clock.now();
      const fresh = phase !== current.progress.phase;
      if (fresh) startedAt = now;
      const seconds = (now - startedAt) / 1000;
      const etaSeconds = total === null || done < 3 ? null : (seconds / done) * (total - done);
      tell({ progress: { phase, done, total, etaSeconds } }, fresh || now - toldAt >= EVERY_MS);
    },
    end(state, result, error) {
      tell({ state, result, error, progress: { ...current.progress, etaSeconds: null } }, true);
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
