/** @file A review session with its whole history, as it goes to another site. No PINs, no patients, no names of films. */
import type { ReviewId } from '../../../../shared/domain/ids.ts';
import { ServiceError } from '../../../../shared/domain/service-error.ts';
import type { LibraryFiles } from '../../../files/library-files.ts';
import type { Store } from '../../../store/store.ts';
import { filmsOfReview } from '../gather-annotations.ts';
import type { PackagedSession } from './package-format.ts';
import type { PackagedFilm } from './write-package.ts';

/** @throws ServiceError NOT_FOUND */
export function gatherSession(store: Store, id: ReviewId): PackagedSession {
  const { closedAt: _closedAt, ...review } = store.reviews.find(id);
  const inList = store.reviews.readersOf(id);
  const films = filmsOfReview(store, id);
  const decisions = films.flatMap((filmId) => [...store.decisions.ofFilm(id, filmId)]);
  const adjudicators = new Set(decisions.map(({ adjudicator }) => adjudicator));
  const readers = store.readers
    .all()
    .filter((one) => adjudicators.has(one.id) || inList.some((reader) => reader.id === one.id))
    .map(({ id: readerId, name, role, createdAt }) => ({ id: readerId, name, role, createdAt }));
  return {
    review,
    readers,
    lists: inList.map((reader) => ({
      readerId: reader.id,
      films: [...store.sessionMerge.list(id, reader.id)],
    })),
    versions: inList.flatMap((reader) =>
      films.flatMap((filmId) => [...store.reviews.versions(id, reader.id, filmId)]),
    ),
    others: [...store.sessionMerge.others(id)],
    decisions,
  };
}

/** The session's films that are here, as they came into the library. */
export function filmsToPack(store: Store, files: LibraryFiles, id: ReviewId): readonly PackagedFilm[] {
  return filmsOfReview(store, id).flatMap((filmId) => {
    const film = store.films.find(filmId);
    if (film === null) return [];
    const { originalSha256: sha256, bytes } = film;
    const read = async (): Promise<Uint8Array> => {
      if ((await files.artifacts.size(sha256)) === bytes) return await files.artifacts.read(sha256);
      throw new ServiceError(
        'NOT_FOUND',
        `The library’s copy of “${film.name}” is gone or damaged. Nothing was written; import the film again, or leave films out.`,
        { filmId },
      );
    };
    return [{ filmId, bytes, sha256, read }];
  });
}
