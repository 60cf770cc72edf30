/**
 * @file Exports as windows see them: one at a time, watched and cancelled, kept in exports/ of the library with a record beside
 * each. A record is written last: what has none was cut off and is cleaned away.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';

import { byteRoutes } from '../../../shared/contract/bytes.ts';
import type { Status } from '../../../shared/contract/system.ts';
import { exportRecord, type ExportRecord, type ExportRequest } from '../../../shared/contract/exchange.ts';
import type { ExportId, FilmId, RunId } from '../../../shared/domain/ids.ts';
import { errorCode, translateDiskError } from '../../../shared/domain/disk-error.ts';
import { mayAct } from '../../../shared/domain/review.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { sha256Of } from '../../files/artifacts.ts';
import { isInside } from '../../files/inside.ts';
import { confinedSegments } from '../../files/uploads.ts';
import { readText } from '../../files/vault.ts';
import type { ReviewRow } from '../../store/reviews.ts';
import {
  blindRounds,
  NOT_COMPARED,
  roundTrace,
  scoredFilms,
  type ModelBlinding,
} from '../review/model-blinding.ts';
import { acceptedSigners, distrust } from '../library/trusted-signers.ts';
import { refuseUnlessMay, refuseUnlessOwner } from '../review/readers-service.ts';
import { mayCompareAll } from '../review/review-views.ts';
import type { SignIn } from '../review/sign-in.ts';
import type { ExchangeService, Log } from '../service-types.ts';
import { createExportSession, type ExportSession } from './export-session.ts';
import { runExport, type ExportDeps, type ExportResult } from './export-job.ts';
import { scoringRun } from './gather-predictions.ts';
import { writeReport } from '../evaluation/report/write-report.ts';
import { cardPage } from './model-bundle/card-page.ts';
import { cardOf } from './model-bundle/gather-card.ts';
import { takeModel, viewBundle } from './model-bundle/take-model.ts';
import { scoresOfFilm, takeScores } from './outside-scores/take-scores.ts';
import { mergePackage, viewPackage } from './package/package-service.ts';
import { filmsOfReview, chosenRead } from './gather-annotations.ts';

export interface ExchangeDeps extends ExportDeps {
  readonly log: Log;
  readonly signIn: Pick<SignIn, 'reader' | 'who'>;
  readonly blinding: Pick<ModelBlinding, 'refuseAny'>;
  /** Tells windows of a run that is new here. */
  readonly tellRun: (runId: RunId) => void;
}

/** What of an export says who may have it. */
type Content = Pick<ExportRecord, 'what' | 'reviewId' | 'runId'>;

export interface ExchangeParts {
  readonly service: ExchangeService;
  /** A file of an export within the library. @throws ServiceError NOT_FOUND gone, or not what was written */
  exportBytes(exportId: ExportId, name: string): Promise<Uint8Array>;
  isBusy(): boolean;
  /** The export at work, without what it is of. */
  running(): Status['running'];
  /** Cancels what runs and waits for it. */
  close(): Promise<void>;
}

const SEALED_FOLDER =
  'That folder lies in the library, which is encrypted: nobody could open what is written there. Nothing was written; name a folder outside, or none to keep the export encrypted in the library.';

/**
 * `export-20261125T230512…` as an id: the time is for people who look into the folder. What follows cannot be guessed: who has the id
 * has the files (`exportBytes`).
 */
function newId(now: number): ExportId {
  const time = new Date(now).toISOString().replace(/\D/g, '').slice(0, 14);
  return `export-${time}${randomBytes(12).toString('hex')}` as ExportId;
}

export function createExchangeService(deps: ExchangeDeps): ExchangeParts {
  const { library, clock, log } = deps;
  const { store, files } = library;
  const dir = files.exportsDir;
  let session: (ExportSession & { readonly of: Content }) | null = null;
  let work: Promise<void> = Promise.resolve();

  const recordPath = (id: ExportId): string => join(dir, `${id}.json`);

  async function recordOf(id: ExportId): Promise<ExportRecord> {
    try {
      return exportRecord.parse(JSON.parse(await readText(files.vault, recordPath(id))));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') log.warn('a record of an export cannot be read', { id });
      throw new ServiceError('NOT_FOUND', 'This export is not in the library any more. Make it again.', {
        id,
      });
    }
  }

  async function list(): Promise<ExportRecord[]> {
    const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
    const ids = names.reverse().map((name) => name.slice(0, -'.json'.length) as ExportId);
    const records = await Promise.all(ids.map((id) => recordOf(id).catch(() => null)));
    return records.filter((record) => record !== null);
  }

  async function keep(
    id: ExportId,
    { what, format, folder, reviewId, runId }: ExportRequest,
    target: string,
    { files: written, ...result }: ExportResult,
  ): Promise<ExportRecord> {
    const record: ExportRecord = {
      id,
      what,
      format: what === 'annotations' || what === 'predictions' ? format : null,
      reviewId,
      runId,
      ...result,
      notes: [...result.notes],
      folder: target,
      files: written.map(({ name, bytes, sha256 }) => ({
        name,
        bytes,
        sha256,
        href: folder === null ? byteRoutes.export(id, name) : null,
      })),
      createdAt: clock.now(),
    };
    await files.writeAtomic(recordPath(id), new TextEncoder().encode(JSON.stringify(record)));
    return record;
  }

  async function go(running: ExportSession, request: ExportRequest, target: string): Promise<void> {
    const { signal } = running.abort;
    try {
      const result = await runExport(deps, request, { folder: target }, running);
      running.end('finished', await keep(running.id, request, target, result), null);
    } catch (error) {
      if (signal.aborted) {
        running.end('cancelled', null, null);
        return;
      }
      if (error instanceof ServiceError) {
        running.end('failed', null, { code: error.code, message: error.message });
        return;
      }
      const stack = error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined;
      log.error('an export failed', { exportId: running.id, stack });
      const message =
        'The export stopped because of a fault in the app. Nothing was written; the library is as it was.';
      running.end('failed', null, { code: 'DEFECT', message });
    }
  }

  /** Blinding holds for exports too: nobody gets at reads that they may not see in the window. */
  function refuseUnlessMayExport(
    review: ReviewRow,
    { what, token }: Pick<ExportRequest, 'what' | 'token'>,
  ): void {
    if (token === null) {
      throw new ServiceError(
        'SIGNED_OUT',
        'Sign in as adjudicator or owner to take a session out. Nothing was written.',
      );
    }
    const reader = deps.signIn.reader(token);
    if (what === 'session') {
      refuseUnlessMay(reader, 'manage'); // sent, not shown
      return;
    }
    if (mayCompareAll(store, review, reader)) return;
    throw new ServiceError(
      'NOT_ALLOWED',
      'A session is taken out by an adjudicator or owner who has none of its films left to read, or after it is closed. Nothing was written.',
    );
  }

  /** The rule for an export holds for what was exported: a file that was kept is no way round it. */
  function mayHave(of: Content, token: string | null): boolean {
    const review = of.reviewId === null ? null : store.reviews.all().find(({ id }) => id === of.reviewId);
    if (review === undefined) {
      // Its session is gone: what is left of it is an owner's.
      const reader = token === null ? null : deps.signIn.who(token);
      if (reader === null || !mayAct(reader.role, 'manage')) return false;
    }
    try {
      if (review !== undefined && review !== null) refuseUnlessMayExport(review, { what: of.what, token });
      deps.blinding.refuseAny(scoredFilms(store, of), token);
      return true;
    } catch (error) {
      if (error instanceof ServiceError) return false;
      throw error;
    }
  }

  /** Owners may pack any session; reads are for those who may see them. */
  function reviewsFor(token: string | null) {
    const reader = token === null ? null : deps.signIn.who(token);
    if (reader === null) return [];
    return store.reviews
      .all()
      .map((review) => ({ review, isOpenToSee: mayCompareAll(store, review, reader) }))
      .filter(({ isOpenToSee }) => isOpenToSee || mayAct(reader.role, 'manage'));
  }

  /** A file of this computer, or of an upload by its name there. */
  async function packagePath({
    path,
    uploadId,
  }: {
    path: string | null;
    uploadId: string | null;
  }): Promise<string> {
    if (uploadId !== null) return join(await files.uploads.folder(uploadId), ...confinedSegments(path ?? ''));
    if (path !== null && isAbsolute(path)) return path;
    throw new ServiceError('BAD_INPUT', 'Name the package with its whole path. Nothing was changed.');
  }

  const isBusy = (): boolean => session?.event().state === 'running';
  const find = (id: ExportId): ExportSession => {
    if (session?.id === id) return session;
    throw new ServiceError('NOT_FOUND', 'This export is not running any more.', { exportId: id });
  };

  const service: ExchangeService = {
    sources: ({ token }) => ({
      films: store.films.totals().films,
      reviews: reviewsFor(token).map(({ review: { id, name }, isOpenToSee }) => {
        const readers = store.reviews.readersOf(id);
        const steps = Map.groupBy(store.reviews.steps(id), (step) => `${step.readerId} ${step.filmId}`);
        const signed = [...steps.values()].filter((list) => chosenRead(list, 'last') !== null).length;
        return {
          id,
          name,
          films: filmsOfReview(store, id).length,
          readers: readers.length,
          signed,
          isOpenToSee,
        };
      }),
      runs: store.runs
        .list()
        .filter(({ state, config }) => state === 'finished' && config.method !== 'pretrain')
        .map(({ id, name }) => ({ id, name })),
    }),
    start(request) {
      files.refuseIfReadOnly();
      if (isBusy()) {
        throw new ServiceError('BUSY', 'Another export is being made. Wait for it to end, or cancel it.');
      }
      if (request.folder !== null && !isAbsolute(request.folder)) {
        throw new ServiceError('BAD_INPUT', 'Name the folder with its whole path. Nothing was written.');
      }
      if (request.folder !== null && files.access !== null && isInside(files.dir, request.folder)) {
        throw new ServiceError('BAD_INPUT', SEALED_FOLDER);
      }
      if (request.reviewId !== null) refuseUnlessMayExport(store.reviews.find(request.reviewId), request);
      const needsRun = request.what === 'predictions' || request.what === 'bundle';
      if (needsRun || (request.what === 'sr' && request.runId !== null)) scoringRun(library, request.runId);
      const films = scoredFilms(store, request);
      deps.blinding.refuseAny(films, request.token);
      const id = newId(clock.now());
      const running = createExportSession(id, clock);
      // Before a byte leaves: an export without its entry is none.
      const reader = request.token === null ? null : deps.signIn.who(request.token);
      const by = reader === null ? {} : { by: reader.id };
      library.audit.record('export', id, { what: request.what, format: request.format, ...by });
      for (const round of blindRounds(store, films)) library.audit.record('export', id, roundTrace(round));
      session = { ...running, of: request };
      work = go(running, request, join(resolve(request.folder ?? dir), id));
      return { exportId: id };
    },
    cancel({ exportId }) {
      find(exportId).abort.abort();
      return {};
    },
    current: ({ token }) => (session !== null && mayHave(session.of, token) ? session.event() : null),
    watch: ({ exportId }, { signal }) => find(exportId).watch(signal),
    list: async ({ token }) => (await list()).filter((record) => mayHave(record, token)),
    signingKey: async () => ({ name: files.name, fingerprint: (await files.signingKey()).fingerprint }),
    signers: () => acceptedSigners(library).map((signer) => ({ ...signer })),
    distrust({ token, fingerprint }) {
      files.refuseIfReadOnly();
      refuseUnlessOwner({ store, signIn: deps.signIn }, token, 'take back the acceptance of a signer');
      if (!distrust(library, fingerprint)) {
        throw new ServiceError(
          'NOT_FOUND',
          'This signer is not accepted here (any more). Nothing was changed.',
        );
      }
      library.audit.record('import', 'signer', { what: 'signer accepted no more', signer: fingerprint });
      return {};
    },
    async viewPackage({ passphrase, ...source }) {
      return await viewPackage(library, await packagePath(source), passphrase);
    },
    async mergePackage({ token, passphrase, trust, ...source }) {
      refuseUnlessMay(deps.signIn.reader(token), 'manage');
      if (library.imports.isBusy()) {
        throw new ServiceError('BUSY', 'An import is running. Wait for it to end, then merge the package.');
      }
      const path = await packagePath(source);
      return await mergePackage(library, path, { passphrase, trust, now: clock.now() });
    },
    async viewBundle({ passphrase, ...source }) {
      return await viewBundle(library, await packagePath(source), passphrase);
    },
    async takeModel({ token, passphrase, trust, name, ...source }) {
      // A library that nobody signs in to belongs to whoever has it open, as for training.
      if (store.readers.all().length > 0) {
        if (token === null) throw new ServiceError('SIGNED_OUT', 'Sign in as owner to take in a model.');
        refuseUnlessMay(deps.signIn.reader(token), 'manage');
      }
      const taking = { passphrase, trust, name, now: clock.now(), score: deps.score };
      const taken = await takeModel(library, await packagePath(source), taking);
      deps.tellRun(taken.runId);
      return taken;
    },
    async takeScores({ mapping, name, token, ...source }, { signal }) {
      const asked = { path: await packagePath(source), mapping, name };
      // Scores from elsewhere are kept and stay away from such films' readers; a comparison would tell them now.
      const onFound = (films: readonly FilmId[], what: 'compare' | 'keep'): void => {
        if (what === 'keep') return;
        deps.blinding.refuseAny(films, token, NOT_COMPARED);
        for (const round of blindRounds(store, films)) {
          library.audit.record('import', 'scores', roundTrace(round));
        }
      };
      return await takeScores({ library, predict: deps.predict, now: clock.now(), signal, onFound }, asked);
    },
    removeScores({ modelId }) {
      files.refuseIfReadOnly();
      if (!store.outsideScores.models().some(({ id }) => id === modelId)) {
        throw new ServiceError('NOT_FOUND', 'There is no such model in this library.', { modelId });
      }
      store.outsideScores.removeModel(modelId);
      return {};
    },
    filmScores: ({ filmId }) => scoresOfFilm(library, filmId),
    async modelCard({ runId }) {
      files.refuseIfReadOnly();
      return await writeReport(files, cardPage(await cardOf(library, runId)));
    },
    async remove({ exportId, token }) {
      files.refuseIfReadOnly();
      if (!mayHave(await recordOf(exportId), token)) {
        throw new ServiceError(
          'NOT_ALLOWED',
          'This export is deleted by somebody who may take out what is in it: sign in as adjudicator or owner.',
        );
      }
      try {
        await rm(join(dir, exportId), { recursive: true, force: true });
        await rm(recordPath(exportId), { force: true });
      } catch (error) {
        throw translateDiskError(error);
      }
      return {};
    },
  };

  return {
    service,
    isBusy,
    running() {
      if (session === null || !isBusy()) return null;
      const { progress } = session.event();
      return { kind: 'export', id: session.id, title: 'Export', progress: { ...progress } };
    },
    async exportBytes(exportId, name) {
      const { files: known, folder } = await recordOf(exportId);
      const file = known.find((one) => one.name === name && one.href !== null);
      const bytes =
        file === undefined ? null : await files.vault.read(join(folder, file.name)).catch(() => null);
      if (bytes !== null && sha256Of(bytes) === file?.sha256) return bytes;
      throw new ServiceError(
        'NOT_FOUND',
        'This file of the export is gone or is not what was written. Export again.',
      );
    },
    async close() {
      session?.abort.abort();
      await work;
    },
  };
}
