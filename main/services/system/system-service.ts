/** @file The status line, the engine badge, doctor and licences. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import {
  attribution,
  type CheckEvent,
  type EngineBadge,
  type Status,
} from '../../../shared/contract/system.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import { readVersion } from '../app-version.ts';
import { sampleAttributions } from '../library/sample-library.ts';
import { bundledStarts } from '../training/bundled-starts.ts';
import { confinedSegments } from '../../files/uploads.ts';
import { refuseUnlessOwner } from '../review/readers-service.ts';
import type { SignIn } from '../review/sign-in.ts';
import { checkUpdate, type UpdateCheck } from '../update/check-update.ts';
import { keepUpdate } from '../update/keep-update.ts';
import type { UpdateKey } from '../update/update-keys.ts';
import type { CallContext, Clock, SampleService, SystemService } from '../service-types.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { TrainingEngine } from '../training/machine.ts';
import { repairLibrary } from '../library/repair-library.ts';
import { collectDoctorReport } from './doctor.ts';
import { checkLibrary, libraryFacts } from './library-facts.ts';
import { librarySettings, takeLibrarySettings } from './library-settings.ts';

/** Whose updates are taken, and where their installers are kept. */
export interface UpdateOptions {
  readonly keys: readonly UpdateKey[];
  readonly folder: string;
}

export interface SystemServiceDeps {
  readonly library: OpenLibrary;
  readonly clock: Clock;
  readonly sample: Pick<SampleService, 'current'>;
  readonly studies: { running(): Status['running'] };
  /** What is written for outside: an export, films without their patients. */
  readonly writing: readonly { running(): Status['running'] }[];
  readonly training: { keepNow(): boolean };
  /** Resolves when the engine has loaded (or could not); asked when a window first looks. */
  readonly engine: () => Promise<TrainingEngine>;
  readonly host: 'electron' | 'browser';
  readonly updates: UpdateOptions;
  readonly signIn: Pick<SignIn, 'reader'>;
  /** Resolves when the next look at the status is due; injected so that tests own time. */
  readonly tick: (signal: AbortSignal) => Promise<void>;
}

const SOFTWARE = new URL('../../../resources/licences/software.json', import.meta.url);
const CALL: CallContext = { signal: new AbortController().signal };

function badgeOf(info: TrainingEngine): EngineBadge {
  const { device, deviceName, trainable, reason } = info;
  return { device, label: trainable ? deviceName : 'Prediction only', reason, trainable };
}

/** Software that the app consists of, with licences. */
async function softwareAttributions(): Promise<z.infer<typeof attribution>[]> {
  return z.array(attribution).parse(JSON.parse(await readFile(SOFTWARE, 'utf8')));
}

/** When the library's database was last written to, ms since 1970; null before the first film. */
async function lastSave({ files, store }: OpenLibrary): Promise<number | null> {
  if (store.films.totals().films === 0) return null;
  const times = await Promise.all(
    [files.databasePath, `${files.databasePath}-wal`].map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0, // SQLite removes the write-ahead log when it is empty
      ),
    ),
  );
  return Math.round(Math.max(...times));
}

async function uploadedPath({ files }: OpenLibrary, uploadId: string, file: string): Promise<string> {
  return join(await files.uploads.folder(uploadId), ...confinedSegments(file));
}

export function createSystemService(deps: SystemServiceDeps): SystemService {
  const { library, sample, host } = deps;
  let engine: EngineBadge = {
    device: 'checking',
    label: 'Checking engine',
    reason: 'TensorFlow is being loaded and tested.',
    trainable: false,
  };
  let asked = false;
  function askEngine(): void {
    if (asked) return;
    asked = true;
    void deps.engine().then(
      (info) => (engine = badgeOf(info)),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        engine = { device: 'none', label: 'No engine', reason: why, trainable: false };
      },
    );
  }
  const version = readVersion();

  const updateRules = async (): Promise<UpdateCheck> => ({
    keys: deps.updates.keys,
    current: await version,
    system: `${process.platform}-${process.arch}`,
  });

  async function running(): Promise<Status['running']> {
    const imported = library.imports.current();
    if (imported?.state === 'running') {
      return { kind: 'import', id: imported.importId, title: 'Import', progress: imported.progress };
    }
    for (const writer of deps.writing) {
      const written = writer.running();
      if (written !== null) return written;
    }
    const active = await sample.current({}, CALL);
    if (active?.state === 'running') {
      const progress = {
        phase: active.step,
        done: Math.round(active.fraction * 100),
        total: 100,
        etaSeconds: active.etaSeconds,
      };
      return { kind: 'study', id: active.id, title: 'Sample study', progress };
    }
    const planned = deps.studies.running();
    if (planned !== null) return planned;
    const [id] = library.store.runs.active();
    const run = id === undefined ? null : library.store.runs.find(id);
    if (run === null) return null;
    const { phase, fraction, etaSeconds } = run.progress;
    return {
      kind: 'run',
      id: run.id,
      title: run.name,
      progress: { phase, done: Math.round(fraction * 100), total: 100, etaSeconds },
    };
  }

  async function status(): Promise<Status> {
    askEngine();
    return {
      version: await version,
      host,
      libraryName: library.files.name,
      engine,
      diskFreeBytes: await library.files.freeBytes(),
      lastSavedAt: await lastSave(library),
      running: await running(),
    };
  }

  /** A look twice a second; only changes are sent. Free disk space counts in steps of 100 MB. */
  async function* watch(_input: unknown, { signal }: CallContext): AsyncGenerator<Status, void> {
    let before = '';
    while (!signal.aborted) {
      const now = await status();
      const key = JSON.stringify({
        ...now,
        diskFreeBytes: Math.round(now.diskFreeBytes / 1e8),
        lastSavedAt: now.lastSavedAt === null ? null : Math.round(now.lastSavedAt / 10_000),
      });
      if (key !== before) yield now;
      before = key;
      await deps.tick(signal);
    }
  }

  /** A check goes on while somebody waits for it; what was repaired until then stays so. */
  async function* check(
    { repair, token }: { readonly repair: boolean; readonly token: string | null },
    { signal }: CallContext,
  ): AsyncGenerator<CheckEvent, void> {
    if (repair) {
      library.files.refuseIfReadOnly();
      refuseUnlessOwner({ store: library.store, signIn: deps.signIn }, token, 'repair the library');
    }
    let progress = { done: 0, total: 0 };
    let verdict: CheckEvent['verdict'] = null;
    const told = (done: number, total: number): void => {
      if (signal.aborted) throw new ServiceError('CANCELLED', 'The check was left. Nothing was changed.');
      progress = { done, total };
    };
    const work = (async () => {
      let found = await checkLibrary(library, deps.clock, told);
      const made =
        repair && !found.ok
          ? await repairLibrary(library, deps.clock, found.problems, told)
          : { repaired: [], failed: [] };
      if (made.repaired.length > 0) {
        library.audit.record('restore', 'library', { what: 'repaired', count: made.repaired.length });
        found = await checkLibrary(library, deps.clock, told);
      }
      verdict = {
        ok: found.ok,
        problems: [...found.problems],
        files: found.checked.artifacts,
        repaired: made.repaired.length,
        notRepaired: made.failed.map(({ subject, message }) => ({ film: subject, message })),
      };
    })();
    for (let isOver = false; !isOver;) {
      isOver = await Promise.race([work.then(() => true), deps.tick(signal).then(() => signal.aborted)]);
      yield { ...progress, verdict };
    }
    if (signal.aborted) await work.catch(() => undefined);
  }

  return {
    status,
    watch,
    keepNow: () => ({ asked: deps.training.keepNow() }),
    doctor: () =>
      collectDoctorReport(library.files.dir, libraryFacts(library), { workerHost: library.workerHost }),
    check,
    settings: () => librarySettings(library),
    takeSettings({ settings, token }) {
      const points = settings.operatingPoints?.length ?? 0;
      const rule = { store: library.store, signIn: deps.signIn };
      const reader = refuseUnlessOwner(rule, token, 'take settings of the library');
      if (reader === null && points > 0) {
        const message =
          'Operating points are somebody’s: sign in as owner (under Review) to take them. Nothing was changed.';
        throw new ServiceError('SIGNED_OUT', message);
      }
      return takeLibrarySettings(library, deps.clock, reader, settings);
    },
    attributions: async () => [
      ...(await sampleAttributions()),
      ...bundledStarts().flatMap(({ attributions }) => attributions),
      ...(await softwareAttributions()),
    ],
    async checkUpdate({ uploadId, file }) {
      const path = await uploadedPath(library, uploadId, file);
      try {
        return await checkUpdate(path, await updateRules(), library.files.vault);
      } catch (error) {
        await library.files.uploads.discard(uploadId);
        throw error;
      }
    },
    async keepUpdate({ uploadId, file }) {
      const path = await uploadedPath(library, uploadId, file);
      const { steps, ...kept } = await keepUpdate(library, path, await updateRules(), deps.updates.folder);
      await library.files.uploads.discard(uploadId);
      return { ...kept, steps: [...steps] };
    },
  };
}
