/**
 * @file Imports: one at a time, its row first, then the work. A window may go away and come back; cancelling keeps what is
 * in; a crash leaves whole films only and importing again goes on.
 */
import { randomBytes } from 'node:crypto';

import { importSummary, type ImportEvent, type ImportSource } from '../../../shared/contract/library.ts';
import type { ImportId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { ImportRow } from '../../store/imports.ts';
import type { Store } from '../../store/store.ts';
import type { Clock, Log } from '../service-types.ts';
import type { DecodePool } from './decode-pool.ts';
import { runImport, type JobOutcome } from './import-job.ts';
import { planImport, type ImportPlan } from './import-plan.ts';
import { createImportSession, type ImportSession } from './import-session.ts';
import { counted } from './wording.ts';

export interface ImportService {
  /** Checks the source and its labels, then works on. @throws ServiceError BUSY, READ_ONLY and those of planImport */
  start(source: ImportSource, kind?: 'files' | 'sample'): Promise<ImportId>;
  /** Ends after the film at hand; what is in stays in. */
  cancel(importId: ImportId): void;
  current(): ImportEvent | null;
  watch(importId: ImportId, signal: AbortSignal): AsyncGenerator<ImportEvent, void>;
  isBusy(): boolean;
  /** Resolves when the running import (if any) has ended. */
  settled(): Promise<void>;
  /** Cancels what runs and waits for it. */
  close(): Promise<void>;
}

export interface ImportServiceDeps {
  readonly store: Store;
  readonly files: LibraryFiles;
  readonly pool: DecodePool;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the library's content changed. */
  readonly onChanged?: () => void;
}

const INTERRUPTED =
  'The import was cut off. The films that were in are kept; import the same folder again to go on.';

export function createImportService(deps: ImportServiceDeps): ImportService {
  const { store, files, clock } = deps;
  let session: ImportSession | null = null;
  let starting = false;
  if (!store.readOnly) store.transaction(() => store.imports.closeInterrupted(INTERRUPTED, clock.now()));

  const isBusy = (): boolean => starting || session?.event().state === 'running';

  const begin = (plan: ImportPlan, source: ImportSource, kind: 'files' | 'sample'): ImportId => {
    const id = `import-${randomBytes(8).toString('hex')}` as ImportId;
    store.transaction(() => store.imports.begin(id, kind, clock.now()));
    const running = createImportSession(id, kind, clock);
    session = running;
    void work(deps, plan, running, source.uploadId);
    return id;
  };

  const find = (importId: ImportId): ImportSession => {
    if (session?.id === importId) return session;
    throw new ServiceError('NOT_FOUND', 'This import is not running any more.', { importId });
  };

  return {
    isBusy,
    async start(source, kind = 'files') {
      files.refuseIfReadOnly();
      if (isBusy()) {
        throw new ServiceError('BUSY', 'Another import is running. Wait for it to end, or cancel it.');
      }
      starting = true;
      try {
        return begin(await planImport(source, files), source, kind);
      } finally {
        starting = false;
      }
    },
    cancel(importId) {
      if (session?.id !== importId && store.imports.find(importId) !== null) return; // it ended long ago
      find(importId).abort.abort();
    },
    current() {
      if (session !== null) return session.event();
      const row = store.imports.newest();
      return row === null ? null : eventOf(row);
    },
    async *watch(importId, signal) {
      if (session?.id === importId) {
        yield* session.watch(signal);
        return;
      }
      const row = store.imports.find(importId);
      if (row === null) throw new ServiceError('NOT_FOUND', 'There is no such import.', { importId });
      yield eventOf(row);
    },
    async settled() {
      await session?.ended;
    },
    async close() {
      session?.abort.abort();
      await session?.ended;
    },
  };
}

async function work(
  deps: ImportServiceDeps,
  plan: ImportPlan,
  session: ImportSession,
  uploadId: string | null,
): Promise<void> {
  const { store, files, clock, log } = deps;
  const outcome = await runImport(deps, plan, session);
  const { state, error } = verdict(outcome, session, log);
  try {
    store.transaction(() =>
      store.imports.end(session.id, { state, summary: outcome.summary, error }, clock.now()),
    );
    store.optimize();
    if (uploadId !== null) await files.uploads.discard(uploadId);
  } catch (failure) {
    // The films are in; only the note about the import is missing, and the next start writes it.
    log.error('the end of an import could not be noted', { importId: session.id, code: codeOf(failure) });
  }
  deps.onChanged?.();
  const { imported, duplicates, skipped } = outcome.summary;
  log.info('import ended', { importId: session.id, state, imported, duplicates, skipped: skipped.length });
  session.end(state, outcome.summary, error);
}

function verdict(
  { summary, stoppedBy }: JobOutcome,
  session: ImportSession,
  log: Log,
): { readonly state: 'finished' | 'cancelled' | 'failed'; readonly error: ImportEvent['error'] } {
  if (stoppedBy === null)
    return { state: session.abort.signal.aborted ? 'cancelled' : 'finished', error: null };
  const kept = `Before that ${counted(summary.imported, 'film')} went in; what is in is kept. Import again to go on.`;
  if (stoppedBy instanceof ServiceError) {
    return { state: 'failed', error: { code: stoppedBy.code, message: `${stoppedBy.message} ${kept}` } };
  }
  // A defect of ours: the stack names code only; the message might name a file and stays out of the log.
  const stack = stoppedBy instanceof Error ? stoppedBy.stack?.split('\n').slice(1, 6).join('\n') : undefined;
  log.error('import failed', { importId: session.id, code: codeOf(stoppedBy), stack });
  return {
    state: 'failed',
    error: { code: 'DEFECT', message: `The import stopped because of a fault in the app. ${kept}` },
  };
}

function codeOf(error: unknown): string {
  if (error instanceof ServiceError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** An import of an earlier session, from its row. */
function eventOf(row: ImportRow): ImportEvent {
  const summary = importSummary.safeParse(row.summary);
  const done = summary.success
    ? summary.data.imported + summary.data.duplicates + summary.data.skipped.length
    : 0;
  return {
    seq: 1,
    importId: row.id,
    state: row.state,
    progress: { phase: 'Reading films', done, total: done, etaSeconds: null },
    summary: summary.success ? summary.data : null,
    error: row.error,
  };
}
