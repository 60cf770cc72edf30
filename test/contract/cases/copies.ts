/** @file Cases of the contract of copies. */
import type { Cases, Refusal } from './case.ts';
import { NO_TOKEN, owner, person } from './readers.ts';

const badIds = [{}, { id: 7 }, { id: '../library.db' }, { id: 'copy-' }, { id: 'damaged-1' }];
const nobody: Refusal = { input: () => ({ id: 'copy-1' }), code: 'NOT_FOUND' };

export const copiesCases: Cases['copies'] = {
  list: { valid: ({ client }) => client.copies.list({}), reads: true, bad: [], refused: [] },
  make: { valid: ({ client }) => client.copies.make({}), bad: [], refused: [] },
  preview: {
    valid: async ({ client }) => client.copies.preview({ id: (await client.copies.make({})).id }),
    bad: badIds,
    refused: [nobody],
  },
  restore: {
    valid: async ({ client, world }) => {
      const { token } = await owner(world);
      return client.copies.restore({ id: (await client.copies.make({})).id, token });
    },
    bad: [...badIds.map((id) => ({ ...id, token: null })), { id: 'copy-1' }],
    refused: [
      { input: async (world) => ({ id: 'copy-1', token: (await owner(world)).token }), code: 'NOT_FOUND' },
      { input: async (world) => ({ id: 'copy-1', token: (await person(world)).token }), code: 'NOT_ALLOWED' },
      { input: () => ({ id: 'copy-1', token: NO_TOKEN }), code: 'SIGNED_OUT' },
    ],
  },
};
