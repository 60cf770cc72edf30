/** @file Session packages of a library: written and checked by opening them again, looked into, merged once their signer is accepted. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Decision } from '../../../../shared/contract/review-adjudication.ts';
import type { MergeResult, PackageView } from '../../../../shared/contract/exchange.ts';
import { importSource } from '../../../../shared/contract/library.ts';
import type { FilmId, ReviewId } from '../../../../shared/domain/ids.ts';
import { translateDiskError } from '../../../../shared/domain/disk-error.ts';
import { ServiceError, type ErrorCode } from '../../../../shared/domain/service-error.ts';
import { sweep } from '../../../files/leftovers.ts';
import { fingerprintOf } from '../../../files/signing-key.ts';
import type { LibraryVault } from '../../../files/vault.ts';
import { readVersion } from '../../app-version.ts';
import { counted } from '../../import/wording.ts';
import { finalReadsOf, isOutdated } from '../../review/final-reads.ts';
import type { OpenLibrary } from '../../library/open-library.ts';
import { isTrusted, trust as trustSigner } from '../../library/trusted-signers.ts';
import type { ExportFile } from '../annotation-set.ts';
import { filmsToPack, gatherSession } from './gather-session.ts';
import { mergeSession, type MergeCounts } from './merge-session.ts';
import { damaged, PACKAGE_ENDING, type PackagedSession } from './package-format.ts';
import { openPackage, type OpenPackage } from './read-package.ts';
import { writePackage } from './write-package.ts';

export interface PackedSession {
  readonly file: ExportFile;
  readonly session: PackagedSession;
  readonly films: readonly FilmId[];
  readonly missing: number;
  readonly fingerprint: string;
}

/** @throws ServiceError NOT_FOUND, READ_ONLY */
export async function packSession(
  { store, files }: OpenLibrary,
  reviewId: ReviewId,
  { passphrase, withFilms, now }: { passphrase: string | null; withFilms: boolean; now: number },
): Promise<PackedSession> {
  const session = gatherSession(store, reviewId);
  const films = withFilms ? filmsToPack(store, files, reviewId) : [];
  const signer = await files.signingKey();
  const content = { session, films, signerName: files.name, app: await readVersion(), createdAt: now };
  const listed = new Set(session.lists.flatMap((list) => list.films));
  return {
    file: { name: fileNameOf(session.review.name), bytes: writePackage(content, signer, passphrase) },
    session,
    films: films.map(({ filmId }) => filmId as FilmId),
    missing: withFilms ? listed.size - films.length : 0,
    fingerprint: signer.fingerprint,
  };
}

function fileNameOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${plain === '' ? 'session' : plain}${PACKAGE_ENDING}`;
}

/** Why a written package is not what was meant; null = it is. */
export async function packageProblem(
  path: string,
  packed: PackedSession,
  passphrase: string | null,
  vault: LibraryVault,
): Promise<string | null> {
  const opened = await openPackage(path, passphrase, vault);
  const plain: unknown = JSON.parse(JSON.stringify(packed.session));
  if (!isDeepStrictEqual(opened.session, plain)) return 'the session in it differs from the library';
  if (!isDeepStrictEqual(opened.films, packed.films)) return 'films are missing in it';
  for (const film of opened.films) await opened.film(film);
  return null;
}

/** Every file of the package is checked. @throws ServiceError as openPackage */
export async function viewPackage(
  library: OpenLibrary,
  path: string,
  passphrase: string | null,
): Promise<PackageView> {
  const opened = await openPackage(path, passphrase, library.files.vault);
  for (const film of opened.films) await opened.film(film);
  return await viewOf(library, opened);
}

async function viewOf(
  library: OpenLibrary,
  { session, signer, ...opened }: OpenPackage,
): Promise<PackageView> {
  const { store } = library;
  const listed = [...new Set(session.lists.flatMap(({ films }) => films))];
  const all = [...session.versions, ...session.others];
  const packed = new Set(opened.films);
  const here = listed.filter((id) => store.films.find(id) !== null);
  return {
    reviewId: session.review.id,
    name: session.review.name,
    createdAt: opened.manifest.createdAt,
    encrypted: opened.encrypted,
    signer: {
      name: signer.name,
      fingerprint: signer.fingerprint,
      isKnown: await isTrusted(library, signer.publicKey),
    },
    readers: session.readers.map(({ name }) => name),
    films: listed.length,
    filmsPacked: packed.size,
    filmsHere: here.length,
    filmsMissing: listed.filter((id) => !packed.has(id) && !here.includes(id)).length,
    versions: all.length,
    versionsNew: all.filter(({ id }) => store.sessionMerge.known(id) === null).length,
    isHere: store.reviews.all().some(({ id }) => id === session.review.id),
  };
}

/**
 * Films first (each whole or not), then the session in one transaction: cut off in between, merging again goes on.
 * @param trust fingerprint of a signer that a person compared and accepts from now on
 * @throws ServiceError NOT_ALLOWED the signer is not known here; CONFLICT, BAD_INPUT, INCOMPATIBLE
 */
export async function mergePackage(
  library: OpenLibrary,
  path: string,
  { passphrase, trust, now }: { passphrase: string | null; trust: string | null; now: number },
): Promise<MergeResult> {
  const { store, files } = library;
  files.refuseIfReadOnly();
  const opened = await openPackage(path, passphrase, files.vault);
  const { signer, session } = opened;
  await refuseStranger(library, signer, trust);
  for (const film of opened.films) await opened.film(film);
  const imported = await importFilms(library, opened);
  const counts = store.transaction(() => {
    const { publicKey, name } = signer;
    trustSigner(library, { publicKey, name, since: now });
    return mergeSession(store, session, signer.name);
  });
  library.audit.record('import', session.review.id, {
    what: 'session package',
    signer: signer.fingerprint,
    versions: counts.versionsAdded,
  });
  return {
    ...counts,
    reviewId: session.review.id,
    name: session.review.name,
    filmsImported: imported,
    readTwice: counts.readTwice.map(({ reader, filmId }) => ({ reader, filmId: filmId as FilmId })),
    settledTwice: counts.settledTwice.map((id) => id as FilmId),
    filmsMissing: counts.filmsMissing.map((id) => id as FilmId),
    notes: notesOf(library, session, counts),
  };
}

/** @throws ServiceError NOT_ALLOWED the signer is neither known here nor accepted now */
export async function refuseStranger(
  library: OpenLibrary,
  { name, publicKey, fingerprint }: OpenPackage['signer'],
  trust: string | null,
): Promise<void> {
  if (await isTrusted(library, publicKey)) return;
  const accepted = trust?.replace(/\s/g, '').toUpperCase();
  if (accepted === fingerprintOf(publicKey).replace(/\s/g, '')) return;
  throw new ServiceError(
    'NOT_ALLOWED',
    accepted === undefined
      ? `The package was signed by “${name}”, whose key ${fingerprint} is not known here. Nothing was changed; compare it with the other site (by telephone, say) and accept it.`
      : `The package was signed with the key ${fingerprint}, not with the one that was accepted. Nothing was changed.`,
    { signer: name, fingerprint },
  );
}

/** Films that are not here, through the import that every film goes through. @returns how many went in */
async function importFilms({ store, files, imports }: OpenLibrary, opened: OpenPackage): Promise<number> {
  const wanted = opened.films.filter((id) => store.films.find(id as FilmId) === null);
  if (wanted.length === 0) return 0;
  const folder = join(files.tmpDir, `package-${randomBytes(8).toString('hex')}`);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw translateDiskError(error);
  });
  try {
    for (const id of wanted) await files.vault.write(join(folder, id), await opened.film(id));
    const importId = await imports.start(importSource.parse({ paths: [folder] }));
    await imports.settled();
    const ended = store.imports.find(importId);
    if (ended?.state === 'cancelled') {
      throw new ServiceError(
        'CANCELLED',
        'The import of the package’s films was cancelled, so the session was not merged. Films that are in stay; merge the package again to go on.',
      );
    }
    if (ended?.state === 'failed' && ended.error !== null) {
      throw new ServiceError(ended.error.code as ErrorCode, ended.error.message);
    }
  } finally {
    await sweep(folder);
  }
  const left = wanted.filter((id) => store.films.find(id as FilmId) === null);
  if (left.length > 0) throw damaged(`${left[0] ?? ''} in it is not the film that it says it is`);
  return wanted.length;
}

function notesOf(
  { store }: OpenLibrary,
  { review }: PackagedSession,
  { filmsMissing, readTwice, settledTwice, versionsAdded }: MergeCounts,
): string[] {
  const { runId } = review.plan;
  const here = store.reviews.find(review.id);
  const decisions = versionsAdded === 0 ? new Map<FilmId, Decision>() : store.decisions.newest(review.id);
  const outdated = [...decisions].filter(([filmId, decision]) =>
    isOutdated(decision, finalReadsOf(store, review.id, filmId)),
  ).length;
  const [missing, twice, apart] = [filmsMissing.length, readTwice.length, settledTwice.length];
  return [
    missing > 0 &&
      `${counted(missing, 'film')} of the session ${missing === 1 ? 'is' : 'are'} not in this library: what was said is kept, and they can be read once they are imported.`,
    here.closedAt !== null &&
      versionsAdded > 0 &&
      'The session is closed here: what came in is kept and counts. Open it again (Review) for readers to go on.',
    outdated > 0 &&
      `${counted(outdated, 'film')} of the session ${outdated === 1 ? 'was' : 'were'} settled before reads that are here now: ${outdated === 1 ? 'it is' : 'they are'} marked on the page Adjudication, to be settled again.`,
    twice > 0 &&
      `${counted(twice, 'read')} ${twice === 1 ? 'was' : 'were'} made at both sites: both histories are kept, and the one read here counts here.`,
    runId !== null &&
      store.runs.find(runId) === null &&
      'The model of this session is not in this library, so it cannot be shown here.',
    apart > 0 &&
      `${counted(apart, 'film')} ${apart === 1 ? 'was' : 'were'} settled at both sites apart: both decisions are kept, and the one that came in counts here. At the other site it is the other way round: settle ${apart === 1 ? 'it' : 'them'} once more here and send the session back.`,
  ].filter((note) => note !== false);
}
