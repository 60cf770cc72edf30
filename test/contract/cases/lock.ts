/** @file Cases of the contract of the lock. Whatever locks the world opens it again. */
import { call } from '../../helpers/temp-library.ts';
import type { World } from '../world.ts';
import type { Cases } from './case.ts';
import { changeOwner, owner, person, PIN } from './readers.ts';

/** An owner with a PIN of their own, new. */
async function newOwner(world: World): Promise<string> {
  const { token } = await owner(world);
  const name = `Owner of the lock ${Math.random().toString(36).slice(2)}`;
  return (await world.services.readers.add({ token, name, role: 'owner', pin: PIN }, call)).id;
}

export const lockCases: Cases['lock'] = {
  state: { valid: ({ client }) => client.lock.state({}), bad: [], refused: [] },
  lock: {
    valid: async ({ client, world }) => {
      const id = await newOwner(world);
      const answer = await client.lock.lock({});
      await client.lock.unlock({ readerId: id, pin: PIN });
      await changeOwner(world, id);
      return answer;
    },
    bad: [],
    refused: [],
  },
  unlock: {
    valid: async ({ client, world }) => client.lock.unlock({ readerId: (await person(world)).id, pin: PIN }),
    bad: [{}, { readerId: 'reader-00000000' }, { readerId: 'reader-00000000', pin: '12' }],
    refused: [
      { input: () => ({ readerId: 'reader-00000000', pin: PIN }), code: 'NOT_FOUND' },
      { input: async (world) => ({ readerId: (await person(world)).id, pin: '99999' }), code: 'WRONG_PIN' },
    ],
  },
  setMinutes: {
    valid: async ({ client, world }) =>
      client.lock.setMinutes({ readerId: await newOwner(world), pin: PIN, minutes: 0 }),
    bad: [
      {},
      { readerId: 'reader-00000000', pin: PIN, minutes: 3 },
      { readerId: 'reader-00000000', minutes: 5 },
    ],
    refused: [
      {
        input: async (world) => ({ readerId: (await person(world)).id, pin: PIN, minutes: 5 }),
        code: 'NOT_ALLOWED',
      },
    ],
  },
};
