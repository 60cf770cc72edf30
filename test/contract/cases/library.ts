/** @file Cases of the contract of library. */
import { take, NOBODY, badFilmIds, type Cases } from './case.ts';

export const libraryCases: Cases['library'] = {
  overview: { valid: ({ client }) => client.library.overview({}), reads: true, bad: [], refused: [] },
  films: {
    valid: ({ client }) => client.library.films({ abnormal: 'abnormal', limit: 5 }),
    reads: true,
    bad: [{ limit: 0 }, { limit: 501 }, { sort: 'size' }, { offset: -1 }, { text: 'x'.repeat(201) }],
    refused: [],
  },
  film: {
    valid: ({ client, world }) => client.library.film({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  viewerImage: {
    valid: ({ client, world }) => client.library.viewerImage({ filmId: world.filmId }),
    reads: true,
    bad: [...badFilmIds, { filmId: NOBODY.film, frame: -1 }],
    refused: [
      { input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' },
      { input: ({ filmId }) => ({ filmId, frame: 5 }), code: 'NOT_FOUND' },
    ],
  },
  patientFilms: {
    valid: ({ client, world }) => client.library.patientFilms({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  preview: {
    valid: ({ client, world }) => client.library.preview({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  tags: {
    valid: ({ client, world }) => client.library.tags({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  previewCsv: {
    valid: ({ client, world }) => client.library.previewCsv({ path: world.labels, uploadId: null }),
    reads: true,
    bad: [{}, { path: 1, uploadId: null }],
    refused: [
      { input: () => ({ path: null, uploadId: null }), code: 'BAD_INPUT' },
      { input: () => ({ path: 'labels.csv', uploadId: 'upload-absent' }), code: 'NOT_FOUND' },
      { input: ({ folder }) => ({ path: `${folder}/no.csv`, uploadId: null }), code: 'NOT_FOUND' },
    ],
  },
  import: {
    async valid({ client, world }) {
      const answer = await client.library.import({ paths: [world.films], labels: world.labels });
      const events = await take(client.library.watchImport(answer));
      const { summary } = events.at(-1) ?? {};
      if (summary?.duplicates !== 24) throw new Error('importing again counts every film');
      return answer;
    },
    bad: [{ paths: 'folder' }, { paths: [''] }, { mapping: { file: 1 } }, { uploadId: 'x'.repeat(65) }],
    refused: [
      { input: () => ({}), code: 'BAD_INPUT' },
      { input: () => ({ uploadId: 'upload-absent' }), code: 'NOT_FOUND' },
      {
        input: ({ films, folder }) => ({ paths: [films], labels: `${folder}/no.csv` }),
        code: 'NOT_FOUND',
      },
    ],
  },
  openSample: {
    async valid({ client }) {
      const answer = await client.library.openSample({});
      await client.library.cancelImport(answer);
      await take(client.library.watchImport(answer));
      return answer;
    },
    bad: [],
    refused: [],
  },
  cancelImport: {
    valid: ({ client, world }) => client.library.cancelImport({ importId: world.importId }),
    reads: true,
    bad: [{}, { importId: 5 }],
    refused: [{ input: () => ({ importId: 'import-00000000' }), code: 'NOT_FOUND' }],
  },
  currentImport: {
    valid: ({ client }) => client.library.currentImport({}),
    reads: true,
    bad: [],
    refused: [],
  },
  watchImport: {
    async valid({ client, world }) {
      const events = await take(client.library.watchImport({ importId: world.importId }));
      if (events.at(-1)?.state !== 'finished') throw new Error('the stream ends with the import');
      return events;
    },
    bad: [{}, { importId: '' }],
    refused: [{ input: () => ({ importId: 'import-00000000' }), code: 'NOT_FOUND' }],
  },
  labelVersions: {
    valid: ({ client }) => client.library.labelVersions({}),
    reads: true,
    bad: [],
    refused: [],
  },
  createSplit: {
    valid: ({ client }) => client.library.createSplit({ name: 'Of a window', seed: 7 }),
    bad: [{ name: '' }, { seed: 1.5 }, { validation: 0.5 }, { test: 0 }],
    refused: [],
  },
  splits: { valid: ({ client }) => client.library.splits({}), reads: true, bad: [], refused: [] },
};
