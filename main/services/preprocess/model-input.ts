/** @file What a model sees of a film, as grey bytes and as PNG, from the stored 224-pixel image. */
import type { FilmId } from '../../../shared/domain/ids.ts';
import { MODEL_SIDE } from '../../../shared/domain/geometry.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { encodePng, lowResolution } from '../../dicom/render.ts';
import type { LibraryFiles } from '../../files/library-files.ts';
import type { Store } from '../../store/store.ts';

export interface ModelInput {
  /** [224 × 224] grey. @throws ServiceError NOT_FOUND, CORRUPT_LIBRARY */
  image(filmId: FilmId): Promise<Uint8Array>;
  /** PNG of `resolution` pixels a side: the picture before it is enlarged to 224 for the model. */
  png(filmId: FilmId, resolution: number): Promise<Uint8Array>;
}

export function createModelInput(store: Store, files: LibraryFiles): ModelInput {
  const image = async (filmId: FilmId): Promise<Uint8Array> => {
    const film = store.films.find(filmId);
    if (film === null) throw new ServiceError('NOT_FOUND', 'This film is not in the library.', { filmId });
    const bytes = await files.artifacts.read(film.modelSha256);
    if (bytes.byteLength === MODEL_SIDE * MODEL_SIDE) return bytes;
    throw new ServiceError(
      'CORRUPT_LIBRARY',
      'The stored model image of a film is damaged. Import the film again to restore it.',
      { filmId, bytes: bytes.byteLength },
    );
  };
  return {
    image,
    async png(filmId, resolution) {
      const full = await image(filmId);
      const grey = resolution === MODEL_SIDE ? full : lowResolution(full, resolution);
      return await encodePng(grey, resolution, resolution);
    },
  };
}
