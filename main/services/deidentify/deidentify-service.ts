/**
 * @file De-identification as windows see it: a look at one film's header and picture, then films without their patients in a folder.
 * Codes, UIDs and days come from the library's key, so that what is taken out later fits what was taken out before.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';

import type { Status } from '../../../shared/contract/system.ts';
import type { BlackBox, DeidentifyChoice, DeidentifyRequest } from '../../../shared/contract/deidentify.ts';
import type { DeidentificationId, FilmId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { CleanFile } from '../../dicom/deidentify/clean-file.ts';
import { isInside } from '../../files/inside.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import { readVersion } from '../app-version.ts';
import { DecodeFailure } from '../import/decode-pool.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { Clock, DeidentifyService, Log } from '../service-types.ts';
import { createDeidentifySession, type DeidentifySession } from './deidentify-session.ts';
import { writeFilms } from './write-films.ts';

export interface DeidentifyParts {
  readonly service: DeidentifyService;
  isBusy(): boolean;
  /** What is at work. */
  running(): Status['running'];
  /** Cancels what runs and waits for it. */
  close(): Promise<void>;
}

interface Deps {
  readonly library: OpenLibrary;
  readonly clock: Clock;
  readonly log: Log;
}

/** The time is for people who look into the folder. */
function newId(now: number): DeidentificationId {
  const time = new Date(now).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return `deidentified-${time}${randomBytes(4).toString('hex')}` as DeidentificationId;
}

export function createDeidentifyService({ library, clock, log }: Deps): DeidentifyParts {
  const { store, files, pool, audit } = library;
  const key = Buffer.from(files.patientHash('key', 'de-identification'), 'hex');
  let session: DeidentifySession | null = null;
  let work: Promise<void> = Promise.resolve();

  const find = (filmId: FilmId) => {
    const film = store.films.find(filmId);
    if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
    return film;
  };

  /** @throws ServiceError NOT_FOUND, DecodeFailure */
  async function clean(
    filmId: FilmId,
    choice: DeidentifyChoice,
    boxes: readonly BlackBox[],
    pixelsSeen: boolean,
  ): Promise<CleanFile> {
    const film = find(filmId);
    return await pool.decode({
      kind: 'deidentify',
      path: files.artifacts.path(film.originalSha256),
      name: film.name,
      key,
      patient: film.patientKey,
      options: { ...choice, safePrivate: [] },
      boxes,
      pixelsSeen,
      version: await readVersion(),
    });
  }

  async function go(running: DeidentifySession, request: DeidentifyRequest, target: string): Promise<void> {
    const { signal } = running.abort;
    try {
      const result = await writeFilms({
        films: request.films,
        target,
        signal,
        clean: ({ filmId, boxes, seen }) => clean(filmId, request.choice, boxes, seen),
        report: running.report.bind(running),
        written: ({ filmId, boxes, seen }, { methods }) =>
          audit.record('deidentify', filmId, {
            job: running.id,
            methods: methods.map(({ value }) => value).join(' '),
            boxes: boxes.length,
            seen,
          }),
      });
      running.end('finished', result, null);
    } catch (error) {
      if (signal.aborted) {
        running.end('cancelled', null, null);
      } else if (error instanceof ServiceError) {
        running.end('failed', null, { code: error.code, message: error.message });
      } else {
        const stack = error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined;
        log.error('a de-identification failed', { id: running.id, stack });
        const message =
          'It stopped because of a fault in the app. Nothing was written; the library is as it was.';
        running.end('failed', null, { code: 'DEFECT', message });
      }
    }
  }

  const known = (id: DeidentificationId): DeidentifySession => {
    if (session?.id === id) return session;
    throw new ServiceError('NOT_FOUND', 'This de-identification is not at work any more.', { id });
  };

  const service: DeidentifyService = {
    async writing({ filmId }) {
      const film = find(filmId);
      const path = files.artifacts.path(film.originalSha256);
      const found = await readable(pool.decode({ kind: 'writing', path, name: film.name }));
      return { ...found, regions: found.regions.map((box) => ({ ...box })) };
    },
    async preview({ filmId, choice }) {
      const { path, methods, actions } = await readable(clean(filmId, choice, [], false));
      audit.recordOnce('view', filmId); // the fields are shown as they are
      return {
        hasHeader: path.endsWith('.dcm'),
        patientCode: path.split('/')[0] ?? '',
        methods: methods.map(({ meaning }) => meaning),
        actions: actions.map((action) => ({ ...action })),
      };
    },
    async start(request) {
      files.refuseIfReadOnly();
      if (session?.event().state === 'running') {
        throw new ServiceError('CONFLICT', 'Films are being de-identified already. Wait for them or cancel.');
      }
      for (const { filmId } of request.films) find(filmId);
      const id = newId(clock.now());
      const target = join(await parentFolder(request.folder, files), id);
      const running = createDeidentifySession(id, clock);
      session = running;
      work = go(running, request, target);
      return { deidentificationId: id };
    },
    async cancel({ deidentificationId }) {
      known(deidentificationId).abort.abort();
      await work;
      return {};
    },
    current: () => session?.event() ?? null,
    watch: ({ deidentificationId }, { signal }) => Promise.resolve(known(deidentificationId).watch(signal)),
  };

  return {
    service,
    isBusy: () => session?.event().state === 'running',
    running() {
      if (session === null || session.event().state !== 'running') return null;
      const { progress } = session.event();
      return { kind: 'deidentify', id: session.id, title: 'De-identification', progress: { ...progress } };
    },
    async close() {
      session?.abort.abort();
      await work;
    },
  };
}

/** @throws ServiceError BAD_INPUT, NOT_FOUND */
async function parentFolder(
  chosen: string | null,
  { dir, access }: Pick<LibraryFiles, 'dir' | 'access'>,
): Promise<string> {
  if (access !== null && (chosen === null || isInside(dir, chosen))) {
    throw new ServiceError(
      'BAD_INPUT',
      'This library is encrypted, and de-identified films are for others to read. Nothing was written; name a folder outside the library.',
    );
  }
  if (chosen === null) {
    const own = join(dir, 'deidentified');
    await mkdir(own, { recursive: true, mode: 0o700 });
    return own;
  }
  if (!isAbsolute(chosen)) {
    throw new ServiceError('BAD_INPUT', 'Name the folder by its whole path, such as /media/usb.', {});
  }
  const info = await stat(chosen).catch(() => null);
  if (info?.isDirectory() === true) return resolve(chosen);
  throw new ServiceError('NOT_FOUND', 'There is no such folder. Make it first, or check the path.', {});
}

async function readable<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw new ServiceError('UNREADABLE_FILE', `The film cannot be read. ${error.message}`, {
      cause: error.code,
    });
  }
}
