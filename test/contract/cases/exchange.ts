/** @file Cases of the contract of exchange. */
import type { z } from 'zod';

import type { exportRequest } from '../../../shared/contract/exchange.ts';
import { take, NOBODY, type At, type Refusal, type Cases } from './case.ts';

type ExportRequest = z.input<typeof exportRequest>;

/** An export that has come to its end. */
async function made(
  { client }: At,
  request: ExportRequest = { what: 'annotations', format: 'json' },
): Promise<string> {
  const { exportId } = await client.exchange.start(request);
  const last = (await take(client.exchange.watch({ exportId }))).at(-1);
  if (last?.state === 'finished') return exportId;
  throw new Error(`the export ended ${last?.state}: ${last?.error?.message}`);
}

const badIds = [{}, { exportId: 7 }, { exportId: '../etc' }];
const noExport: Refusal = { input: () => ({ exportId: 'export-00000000' }), code: 'NOT_FOUND' };

export const exchangeCases: Cases['exchange'] = {
  sources: { valid: ({ client }) => client.exchange.sources({}), reads: true, bad: [], refused: [] },
  start: {
    valid: async (at) => ({
      exportId: await made(at, { what: 'predictions', format: 'coco', runId: at.world.runId }),
    }),
    bad: [{}, { what: 'films' }, { what: 'annotations', format: 'xls' }, { what: 'predictions', runId: '/' }],
    refused: [
      { input: () => ({ what: 'annotations', folder: 'exports' }), code: 'BAD_INPUT' },
      { input: () => ({ what: 'predictions' }), code: 'BAD_INPUT' },
      { input: () => ({ what: 'predictions', runId: NOBODY.run }), code: 'NOT_FOUND' },
      { input: () => ({ what: 'annotations', reviewId: 'review-00000000' }), code: 'NOT_FOUND' },
    ],
  },
  cancel: {
    valid: async (at) => at.client.exchange.cancel({ exportId: await made(at) }),
    bad: badIds,
    refused: [noExport],
  },
  current: {
    valid: async (at) => {
      await made(at);
      return await at.client.exchange.current({});
    },
    bad: [],
    refused: [],
  },
  watch: {
    valid: async (at) => {
      const exportId = await made(at);
      return await take(at.client.exchange.watch({ exportId }));
    },
    bad: badIds,
    refused: [noExport],
  },
  list: {
    valid: async (at) => {
      await made(at);
      return await at.client.exchange.list({});
    },
    bad: [],
    refused: [],
  },
  remove: {
    valid: async (at) => at.client.exchange.remove({ exportId: await made(at) }),
    bad: badIds,
    refused: [noExport],
  },
};
