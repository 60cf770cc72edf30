/**
 * @file Repairs of a library what can be made again from what is sound: model images and thumbnails from the film as it came, and
 * copies of the database that nobody can use. Everything else is explained by verify-library.ts.
 */
import { sha256Of } from '../../files/artifacts.ts';
import type { FilmRecord } from '../../store/films.ts';
import { DecodeFailure } from '../import/decode-pool.ts';
import { restoreFilm } from '../import/film-writer.ts';
import type { Clock } from '../service-types.ts';
import type { OpenLibrary } from './open-library.ts';
import type { LibraryProblem } from './verify-library.ts';

export interface Repair {
  readonly what: 'film' | 'copy';
  /** Id of the film or copy. */
  readonly subject: string;
}

export interface RepairResult {
  readonly repaired: readonly Repair[];
  /** Films that could not be, and why; a sound film as it came is there for each. */
  readonly failed: readonly { readonly subject: string; readonly message: string }[];
}

/** Films of which a made file is among `damaged`. */
function filmsOf({ store }: OpenLibrary, damaged: ReadonlySet<string>): readonly FilmRecord[] {
  if (damaged.size === 0) return [];
  return store.films.names().flatMap(({ id }) => {
    const film = store.films.find(id);
    const isMeant = film !== null && (damaged.has(film.modelSha256) || damaged.has(film.thumbnailSha256));
    return isMeant ? [film] : [];
  });
}

/**
 * One film after another, whatever happens to the one before.
 * @throws ServiceError READ_ONLY, DISK_FULL, CANCELLED; what was repaired before stays so
 */
export async function repairLibrary(
  library: OpenLibrary,
  clock: Clock,
  problems: readonly LibraryProblem[],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<RepairResult> {
  const { store, files, pool } = library;
  files.refuseIfReadOnly();
  const repaired: Repair[] = [];
  const failed: { subject: string; message: string }[] = [];
  for (const { code, subject } of problems) {
    if (code !== 'COPY' || subject === null) continue;
    store.copies.remove(subject);
    repaired.push({ what: 'copy', subject });
  }
  const damaged = problems.flatMap(({ code, subject }) =>
    code.startsWith('ARTIFACT_') && subject !== null ? [subject] : [],
  );
  const films = filmsOf(library, new Set(damaged));
  for (const [index, film] of films.entries()) {
    onProgress(index, films.length);
    const original = await files.artifacts.read(film.originalSha256).catch(() => null);
    if (original === null || sha256Of(original) !== film.originalSha256) continue; // only importing it again helps
    const path = files.artifacts.path(film.originalSha256);
    try {
      const made = await pool.decode({ kind: 'prepare', path, name: film.name });
      await restoreFilm(store, files, clock, film, made);
      repaired.push({ what: 'film', subject: film.id });
    } catch (error) {
      if (!(error instanceof DecodeFailure) || error.code === 'CLOSED') throw error;
      failed.push({ subject: film.id, message: error.message });
    }
  }
  return { repaired, failed };
}
