/** @file The running import as windows see it: one event that is replaced, watchers that wake on change. */
import type { ImportEvent, ImportSummary } from '../../../shared/contract/library.ts';
import type { ImportId } from '../../../shared/domain/ids.ts';
import { ToldEvent } from '../told-event.ts';

type State = ImportEvent['state'];

/** Watchers are woken at most this often while films go in, milliseconds. */
const EVERY_MS = 200;

export interface ImportSession {
  readonly id: ImportId;
  readonly kind: 'files' | 'sample';
  readonly abort: AbortController;
  event(): ImportEvent;
  /** Tells how far it is. `total` null = not known yet. */
  report(phase: string, done: number, total: number | null): void;
  end(state: Exclude<State, 'running'>, summary: ImportSummary | null, error: ImportEvent['error']): void;
  /** Every event from now on until the import ends; the present one comes first. */
  watch(signal: AbortSignal): AsyncGenerator<ImportEvent, void>;
  /** Resolves when the import has ended and everything is written. */
  readonly ended: Promise<void>;
}

export function createImportSession(
  id: ImportId,
  kind: 'files' | 'sample',
  clock: { now(): number },
): ImportSession {
  const abort = new AbortController();
  const { promise: ended, resolve: markEnded } = Promise.withResolvers<undefined>();
  let startedAt = clock.now();
  let toldAt = 0;
  const told = new ToldEvent<ImportEvent>({
    seq: 1,
    importId: id,
    state: 'running',
    progress: { phase: 'Looking for films', done: 0, total: null, etaSeconds: null },
    summary: null,
    error: null,
  });

  return {
    id,
    kind,
    abort,
    ended: ended.then(() => undefined),
    event: () => told.current,
    report(phase, done, total) {
      const now = clock.now();
      const isNewPhase = phase !== told.current.progress.phase;
      if (isNewPhase) startedAt = now;
      const seconds = (now - startedAt) / 1000;
      const etaSeconds = total === null || done < 3 ? null : (seconds / done) * (total - done);
      const progress = { phase, done, total, etaSeconds };
      const wakes = isNewPhase || now - toldAt >= EVERY_MS || done === total;
      if (wakes) toldAt = clock.now();
      told.tell({ progress }, wakes);
    },
    end(state, summary, error) {
      told.tell({ state, progress: { ...told.current.progress, etaSeconds: null }, summary, error });
      markEnded(undefined);
    },
    watch: (signal) => told.watch(signal),
  };
}
