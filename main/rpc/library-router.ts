/** @file Procedures of shared/contract/library.ts: each calls one method of the library service. */
import type { LibraryService } from '../services/service-types.ts';
import { callContext, type Implementer } from './implementer.ts';

export function libraryRouter(os: Implementer['library'], service: LibraryService) {
  return os.router({
    overview: os.overview.handler(({ input, signal }) => service.overview(input, callContext(signal))),
    films: os.films.handler(({ input, signal }) => service.films(input, callContext(signal))),
    film: os.film.handler(({ input, signal }) => service.film(input, callContext(signal))),
    patientFilms: os.patientFilms.handler(({ input, signal }) =>
      service.patientFilms(input, callContext(signal)),
    ),
    viewerImage: os.viewerImage.handler(({ input, signal }) =>
      service.viewerImage(input, callContext(signal)),
    ),
    preview: os.preview.handler(({ input, signal }) => service.preview(input, callContext(signal))),
    tags: os.tags.handler(({ input, signal }) => service.tags(input, callContext(signal))),
    previewCsv: os.previewCsv.handler(({ input, signal }) => service.previewCsv(input, callContext(signal))),
    import: os.import.handler(({ input, signal }) => service.import(input, callContext(signal))),
    openSample: os.openSample.handler(({ input, signal }) => service.openSample(input, callContext(signal))),
    cancelImport: os.cancelImport.handler(({ input, signal }) =>
      service.cancelImport(input, callContext(signal)),
    ),
    currentImport: os.currentImport.handler(({ input, signal }) =>
      service.currentImport(input, callContext(signal)),
    ),
    watchImport: os.watchImport.handler(({ input, signal }) =>
      service.watchImport(input, callContext(signal)),
    ),
    labelVersions: os.labelVersions.handler(({ input, signal }) =>
      service.labelVersions(input, callContext(signal)),
    ),
    createSplit: os.createSplit.handler(({ input, signal }) =>
      service.createSplit(input, callContext(signal)),
    ),
    splits: os.splits.handler(({ input, signal }) => service.splits(input, callContext(signal))),
  });
}
