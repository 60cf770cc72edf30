/** @file Opens a library's folder with everything that works on films; hosts and the command line start here. */
import type { LibraryService, Clock, Log, WorkerHost } from '../service-types.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { openLibraryFiles, type LibraryFiles } from '../../files/library-files.ts';
import type { Disk } from '../../files/disk.ts';
import { databaseKey } from '../../files/key-slots.ts';
import { openStore, type Store } from '../../store/store.ts';
import { createAuditLog, type AuditLog } from '../audit/audit-log.ts';
import { auditedImports, auditedLibrary } from '../audit/audited.ts';
import { createDecodePool, type DecodePool, type DecodePoolLimits } from '../import/decode-pool.ts';
import { createImportService, type ImportService } from '../import/import-service.ts';
import { keyOfLibrary, type Converted } from './encryption.ts';
import { createFilmBytes, type FilmBytes } from './film-bytes.ts';
import { createLibraryService } from './library-service.ts';
import { SAMPLES_DIR } from './sample-library.ts';

export interface OpenLibrary {
  readonly store: Store;
  readonly files: LibraryFiles;
  readonly pool: DecodePool;
  readonly imports: ImportService;
  readonly filmBytes: FilmBytes;
  readonly service: LibraryService;
  readonly audit: AuditLog;
  /** Of the processes that read its films, and of others that work for it. */
  readonly workerHost: WorkerHost;
  /** Cancels a running import (what is in stays in), closes database and lock. Safe to call twice. */
  close(): Promise<void>;
}

export interface OpenLibraryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly workerHost: WorkerHost;
  readonly readOnly?: boolean;
  /** Id of a copy of the database to go back to; what is there now is kept as a copy. */
  readonly goBackTo?: string | null;
  readonly disk?: Disk;
  /** Passphrase or recovery key of an encrypted library, as it was typed. */
  readonly secret?: string | null;
  /** Instead of that: its key, of who has had it before. */
  readonly key?: Uint8Array | null;
  /** Told how far the encryption of the library's files is while that is changed. */
  readonly onConvert?: (done: number, total: number) => void;
  readonly pool?: DecodePoolLimits;
  readonly samplesDir?: string;
  /** Called when films, labels or splits changed by an import. */
  readonly onChanged?: () => void;
}

/** How often it is looked whether a copy of the database is due, ms. */
const BACKUP_LOOK_MS = 60 * 60 * 1000;

/**
 * @param dir the library's folder, made when it is missing
 * @throws ServiceError NEWER_LIBRARY, CORRUPT_LIBRARY, READ_ONLY, NOT_FOUND, DISK_FULL; PASSPHRASE_NEEDED, NOT_ALLOWED where it is encrypted
 */
export async function openLibrary(dir: string, options: OpenLibraryOptions): Promise<OpenLibrary> {
  const { clock, log, workerHost } = options;
  const { key, converted } = await keyOfLibrary(dir, options);
  const files = await openLibraryFiles(dir, { ...options, key });
  let store: Store | null = null;
  try {
    const { goBackTo = null } = options;
    if (goBackTo !== null) files.refuseIfReadOnly();
    store = openStore(files.databasePath, {
      ...{ clock, readOnly: files.readOnly, goBackTo },
      key: key === null ? null : databaseKey(key),
    });
    tell(store, log);
    backUp(store, log);
    const onFault = (fault: string): void => log.error('reading a film met a fault', { fault });
    const pool = createDecodePool({ workerHost, onFault, access: files.access, ...options.pool });
    const opened = store;
    const onChanged = (): void => {
      backUp(opened, log); // the first films should not wait a day for their copy
      options.onChanged?.();
    };
    const importer = createImportService({ store, files, pool, clock, log, onChanged });
    // An app that stays open for weeks makes its copies all the same.
    const hourly = setInterval(() => backUp(opened, log), BACKUP_LOOK_MS).unref();
    const audit = createAuditLog(store, clock);
    begin(store, audit, log);
    if (converted !== null) tellConverted(converted, audit, log);
    const imports = auditedImports(importer, audit);
    const filmBytes = createFilmBytes(store, files, pool, log);
    const samplesDir = options.samplesDir ?? SAMPLES_DIR;
    const plain = createLibraryService({ store, files, clock, imports, filmBytes, samplesDir });
    return {
      store,
      files,
      pool,
      imports,
      filmBytes,
      service: auditedLibrary(plain, audit),
      audit,
      workerHost,
      close: closer(store, files, pool, imports, log, hourly),
    };
  } catch (error) {
    store?.close();
    files.close();
    throw error;
  }
}

function closer(
  store: Store,
  files: LibraryFiles,
  pool: DecodePool,
  imports: ImportService,
  log: Log,
  hourly: NodeJS.Timeout,
): () => Promise<void> {
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    clearInterval(hourly);
    try {
      await imports.close();
      await pool.close();
      backUp(store, log);
    } finally {
      // Whatever failed: the lock must not outlive the library.
      store.close();
      files.close();
    }
  };
  return () => (closing ??= close());
}

function tell(store: Store, log: Log): void {
  if (store.wasUnclean) log.warn('the last session was not closed', { version: store.version });
  if (store.cutOffAfter !== null)
    log.warn('the last session was cut off while it saved', { newestAct: store.cutOffAfter });
  if (store.restored !== null)
    log.error('a copy of the database is in use', { why: store.restored.why, copyAt: store.restored.at });
}

/** The first entries of a session. A full disk must not shut a person out of the library: they may have to delete something. */
function begin(store: Store, audit: AuditLog, log: Log): void {
  try {
    if (store.restored !== null)
      audit.record('restore', '', { why: store.restored.why, copyAt: store.restored.at });
    audit.record('open', '', { layout: store.version });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    log.warn('that the library was opened could not be recorded', { code: error.code });
  }
}

function tellConverted({ to, damaged, removedCopies }: Converted, audit: AuditLog, log: Log): void {
  const counts = { damaged: damaged.length, removedCopies: removedCopies.length };
  audit.record('setting', '', { what: 'encryption', on: to === 'encrypted', ...counts });
  if (damaged.length > 0) log.warn('files of this library do not open', { files: damaged.slice(0, 20) });
  if (removedCopies.length > 0) log.warn('damaged copies were removed', { copies: removedCopies });
}

/** A library without films has nothing to lose yet. A copy that cannot be made stops nothing: the database itself is sound. */
function backUp(store: Store, log: Log): void {
  try {
    if (store.films.totals().films > 0) store.copies.makeIfDue();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    log.warn('the database could not be copied', { code: error.code });
  }
}
