/** @file The export at work as windows see it: one event that is replaced, watchers that wake on change. */
import type { ExportEvent, ExportRecord } from '../../../shared/contract/exchange.ts';
import type { ExportId } from '../../../shared/domain/ids.ts';
import { ToldEvent } from '../told-event.ts';
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
  let startedAt = clock.now();
  let toldAt = 0;
  const told = new ToldEvent<ExportEvent>({
    seq: 1,
    exportId: id,
    state: 'running',
    progress: { phase: 'Starting', done: 0, total: null, etaSeconds: null },
    result: null,
    error: null,
  });
  return {
    id,
    abort,
    signal: abort.signal,
    event: () => told.current,
    report(phase, done, total) {
      const now = clock.now();
      const fresh = phase !== told.current.progress.phase;
      if (fresh) startedAt = now;
      const seconds = (now - startedAt) / 1000;
      const etaSeconds = total === null || done < 3 ? null : (seconds / done) * (total - done);
      const wakes = fresh || now - toldAt >= EVERY_MS;
      if (wakes) toldAt = clock.now();
      told.tell({ progress: { phase, done, total, etaSeconds } }, wakes);
    },
    end(state, result, error) {
      told.tell({ state, result, error, progress: { ...told.current.progress, etaSeconds: null } });
    },
    watch: (signal) => told.watch(signal),
  };
}
