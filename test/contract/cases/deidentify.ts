/** @file Cases of the contract of de-identification. */
import type { DeidentifyChoice } from '../../../shared/contract/deidentify.ts';
import { badFilmIds, NOBODY, take, type At, type Cases, type Refusal } from './case.ts';

const choice: DeidentifyChoice = {
  shiftDates: true,
  keepPatientCharacteristics: false,
  keepDevice: false,
  keepOverlays: false,
};

async function made({ client, world }: At): Promise<string> {
  const films = [{ filmId: world.filmId }];
  const { deidentificationId } = await client.deidentify.start({ films, choice });
  const last = (await take(client.deidentify.watch({ deidentificationId }))).at(-1);
  if (last?.state === 'finished') return deidentificationId;
  throw new Error(`it ended ${last?.state}: ${last?.error?.message}`);
}

const badIds = [{}, { deidentificationId: 7 }, { deidentificationId: '../etc' }];
const gone: Refusal = { input: () => ({ deidentificationId: 'deidentified-00000000' }), code: 'NOT_FOUND' };

export const deidentifyCases: Cases['deidentify'] = {
  writing: {
    valid: ({ client, world }) => client.deidentify.writing({ filmId: world.filmId }),
    reads: true,
    bad: badFilmIds,
    refused: [{ input: () => ({ filmId: NOBODY.film }), code: 'NOT_FOUND' }],
  },
  preview: {
    valid: ({ client, world }) => client.deidentify.preview({ filmId: world.filmId, choice }),
    reads: true,
    bad: [...badFilmIds, { filmId: NOBODY.film }, { filmId: NOBODY.film, choice: {} }],
    refused: [{ input: () => ({ filmId: NOBODY.film, choice }), code: 'NOT_FOUND' }],
  },
  start: {
    valid: async (at) => ({ deidentificationId: await made(at) }),
    bad: [
      {},
      { films: [], choice },
      { films: [{ filmId: NOBODY.film }] },
      { films: [{ filmId: NOBODY.film }, { filmId: NOBODY.film }], choice },
      { films: [{ filmId: NOBODY.film, boxes: [{ x: 0, y: 0, width: 0, height: 1 }] }], choice },
      { films: [{ filmId: NOBODY.film, boxes: [{ x: -1, y: 0, width: 1, height: 1 }] }], choice },
    ],
    refused: [
      { input: () => ({ films: [{ filmId: NOBODY.film }], choice }), code: 'NOT_FOUND' },
      { input: ({ filmId }) => ({ films: [{ filmId }], choice, folder: 'usb' }), code: 'BAD_INPUT' },
      { input: ({ filmId }) => ({ films: [{ filmId }], choice, folder: '/not/there' }), code: 'NOT_FOUND' },
    ],
  },
  cancel: {
    valid: async (at) => at.client.deidentify.cancel({ deidentificationId: await made(at) }),
    bad: badIds,
    refused: [gone],
  },
  current: {
    valid: async (at) => {
      await made(at);
      return await at.client.deidentify.current({});
    },
    bad: [],
    refused: [],
  },
  watch: {
    valid: async (at) => {
      const deidentificationId = await made(at);
      return await take(at.client.deidentify.watch({ deidentificationId }));
    },
    bad: badIds,
    refused: [gone],
  },
};
