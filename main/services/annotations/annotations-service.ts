/** @file What is drawn on films in the reading room: read, and saved whole at every change. */
import type { FilmId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { OpenLibrary } from '../library/open-library.ts';
import type { AnnotationsService, Clock } from '../service-types.ts';

/** @param clock milliseconds since 1970 */
export function createAnnotationsService(library: OpenLibrary, clock: Clock): AnnotationsService {
  const { store, files, audit } = library;
  const filmNo = (filmId: FilmId): number => {
    const film = store.films.find(filmId);
    if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
    return film.no;
  };
  return {
    of({ filmId }) {
      const kept = store.annotations.find(filmNo(filmId));
      return kept === null
        ? { shapes: [], version: 0, changedAt: null }
        : { ...kept, shapes: [...kept.shapes] };
    },
    save({ filmId, shapes, after }) {
      files.refuseIfReadOnly();
      const no = filmNo(filmId);
      const saved = store.transaction(() => {
        const kept = store.annotations.find(no);
        const version = kept?.version ?? 0;
        // The answer to this very change was lost, and it is sent again.
        if (
          kept !== null &&
          version === after + 1 &&
          JSON.stringify(kept.shapes) === JSON.stringify(shapes)
        ) {
          return { version, changedAt: kept.changedAt };
        }
        if (version !== after) {
          throw new ServiceError(
            'CONFLICT',
            'Another window has drawn on this film meanwhile. What it drew is kept; open the film again to go on from there.',
            { filmId, version },
          );
        }
        const next = { version: version + 1, changedAt: clock.now() };
        store.annotations.put(no, { shapes, ...next });
        return next;
      });
      audit.recordOnce('annotate', filmId, { what: 'shapes' });
      return saved;
    },
  };
}
