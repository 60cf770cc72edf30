/** @file Cases of the contract of system. */
import { readFileSync } from 'node:fs';

import { NO_TOKEN, owner } from './readers.ts';
import { take, type Cases, type Refusal } from './case.ts';

const badUpdates = [{}, { uploadId: 'upload-1234' }, { uploadId: 'x'.repeat(65), file: 'a' }];
const noUpdate: Refusal = {
  input: () => ({ uploadId: 'upload-none', file: 'a.chestlight-update' }),
  code: 'NOT_FOUND',
};

export const systemCases: Cases['system'] = {
  status: { valid: ({ client }) => client.system.status({}), bad: [], refused: [] },
  watch: {
    valid: ({ client }) => take(client.system.watch({}), (events) => events.length === 1),
    bad: [],
    refused: [],
  },
  keepNow: { valid: ({ client }) => client.system.keepNow({}), bad: [], refused: [] },
  check: {
    valid: ({ client }) => take(client.system.check({})),
    bad: [{ repair: 'yes' }],
    refused: [],
  },
  doctor: { valid: ({ client }) => client.system.doctor({}), bad: [], refused: [] },
  settings: { valid: ({ client }) => client.system.settings({}), bad: [], refused: [] },
  takeSettings: {
    valid: async ({ client, world }) =>
      client.system.takeSettings({ settings: { lockMinutes: 0 }, token: (await owner(world)).token }),
    bad: [{}, { settings: { lockMinutes: 3 }, token: null }, { settings: { evil: 1 }, token: null }],
    refused: [{ input: () => ({ settings: {}, token: NO_TOKEN }), code: 'SIGNED_OUT' }],
  },
  attributions: {
    valid: ({ client }) => client.system.attributions({}),
    reads: true,
    bad: [],
    refused: [],
  },
  checkUpdate: {
    valid: async ({ client, world }) => await client.system.checkUpdate(await world.update('999.0.0')),
    bad: badUpdates,
    refused: [noUpdate, { input: (world) => world.update('0.0.1'), code: 'INCOMPATIBLE', spent: true }],
  },
  keepUpdate: {
    valid: async ({ client, world }) => {
      const kept = await client.system.keepUpdate(await world.update('999.0.1'));
      if (readFileSync(kept.path, 'utf8') !== 'installer of 999.0.1') throw new Error('not what was signed');
      return kept;
    },
    bad: badUpdates,
    refused: [noUpdate, { input: (world) => world.update('0.0.2'), code: 'INCOMPATIBLE', spent: true }],
  },
};
