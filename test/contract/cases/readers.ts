/** @file Cases of the contract of readers. */
import type { ReaderRole } from '../../../shared/domain/review.ts';
import Database from 'better-sqlite3';

import { call } from '../../helpers/temp-library.ts';
import type { World } from '../world.ts';
import type { Cases } from './case.ts';

export const NO_TOKEN = 'x'.repeat(43);
export const PIN = '20417';

export interface Person {
  readonly token: string;
  readonly id: string;
}

const owners = new WeakMap<World, Promise<Person>>();
let made = 0;

/** The world's owner, signed in. */
export function owner(world: World): Promise<Person> {
  let known = owners.get(world);
  if (known === undefined) {
    known = Promise.resolve(world.services.readers.firstOwner({ name: 'Owner', pin: PIN }, call)).then(
      ({ token, reader }) => ({ token, id: reader.id }),
    );
    owners.set(world, known);
  }
  return known;
}

/** Another owner stands for the world's from now on, for who unlocks ends the sign-ins of others. */
export async function changeOwner(world: World, id: string): Promise<void> {
  const { token } = await world.services.readers.signIn({ readerId: id as never, pin: PIN }, call);
  owners.set(world, Promise.resolve({ token, id }));
}

/** Somebody new. */
async function newcomer(world: World, role: ReaderRole = 'reader'): Promise<string> {
  const { token } = await owner(world);
  made += 1;
  return (await world.services.readers.add({ token, name: `Reader ${made}`, role, pin: PIN }, call)).id;
}

/** Somebody new, signed in. */
export async function person(world: World, role: ReaderRole = 'reader'): Promise<Person> {
  const id = await newcomer(world, role);
  const { token } = await world.services.readers.signIn({ readerId: id as never, pin: PIN }, call);
  return { token, id };
}

/** The owner becomes one of another site: known by name, without a PIN. */
function forgetOwners({ parts }: World): void {
  const db = new Database(parts.library.files.databasePath);
  db.prepare("UPDATE readers SET pin_hash = NULL WHERE role = 'owner'").run();
  db.close();
}

const badPins = [{}, { name: 'A', pin: 1234 }, { name: 'A', pin: '123' }, { name: ' ', pin: PIN }];

export const readersCases: Cases['readers'] = {
  list: { valid: ({ client }) => client.readers.list({}), bad: [], refused: [] },
  firstOwner: {
    valid: async ({ client, world }) => {
      await owner(world);
      forgetOwners(world);
      made += 1;
      return await client.readers.firstOwner({ name: `Owner ${made}`, pin: PIN });
    },
    bad: badPins,
    refused: [
      {
        input: async (world) => {
          await owner(world);
          return { name: 'Second', pin: PIN };
        },
        code: 'CONFLICT',
      },
    ],
  },
  add: {
    valid: async ({ client, world }) => {
      const { token } = await owner(world);
      made += 1;
      return await client.readers.add({ token, name: `Reader ${made}`, role: 'adjudicator', pin: PIN });
    },
    bad: [...badPins, { token: NO_TOKEN, name: 'A', role: 'boss', pin: PIN }],
    refused: [
      { input: () => ({ token: NO_TOKEN, name: 'A', role: 'reader', pin: PIN }), code: 'SIGNED_OUT' },
      {
        input: async (world) => ({
          token: (await person(world)).token,
          name: 'A',
          role: 'reader',
          pin: PIN,
        }),
        code: 'NOT_ALLOWED',
      },
      {
        input: async (world) => ({
          token: (await owner(world)).token,
          name: 'OWNER',
          role: 'reader',
          pin: PIN,
        }),
        code: 'CONFLICT',
      },
    ],
  },
  signIn: {
    valid: async ({ client, world }) => client.readers.signIn({ readerId: await newcomer(world), pin: PIN }),
    bad: [{}, { readerId: 'A', pin: PIN }, { readerId: 'reader-00000000', pin: 'abcd' }],
    refused: [
      { input: () => ({ readerId: 'reader-00000000', pin: PIN }), code: 'NOT_FOUND' },
      {
        input: async (world) => ({ readerId: await newcomer(world), pin: '0000' }),
        code: 'WRONG_PIN',
      },
    ],
  },
  signOut: {
    valid: async ({ client, world }) => client.readers.signOut({ token: (await person(world)).token }),
    bad: [{}, { token: 'short' }],
    refused: [],
  },
  whoAmI: {
    valid: async ({ client, world }) => client.readers.whoAmI({ token: (await owner(world)).token }),
    reads: true,
    bad: [{}, { token: 'short' }],
    refused: [],
  },
  changePin: {
    valid: async ({ client, world }) =>
      client.readers.changePin({ token: (await person(world)).token, pin: PIN, newPin: '4711' }),
    bad: [{}, { token: NO_TOKEN, pin: PIN }],
    refused: [{ input: () => ({ token: NO_TOKEN, pin: PIN, newPin: '4711' }), code: 'SIGNED_OUT' }],
  },
  change: {
    valid: async ({ client, world }) => {
      const readerId = await newcomer(world);
      const { token } = await owner(world);
      return await client.readers.change({
        token,
        readerId,
        name: `Renamed ${readerId}`,
        role: 'adjudicator',
      });
    },
    bad: [{}, { token: NO_TOKEN, readerId: '../x', name: 'A', role: 'reader' }],
    refused: [
      {
        input: async (world) => {
          const { token, id } = await person(world);
          return { token, readerId: id, name: 'Me', role: 'owner' };
        },
        code: 'NOT_ALLOWED',
      },
      {
        input: async (world) => {
          const { token } = await owner(world);
          return { token, readerId: 'reader-00000000', name: 'Nobody', role: 'reader' };
        },
        code: 'NOT_FOUND',
      },
    ],
  },
  retire: {
    valid: async ({ client, world }) =>
      client.readers.retire({ token: (await owner(world)).token, readerId: await newcomer(world) }),
    bad: [{}, { token: NO_TOKEN, readerId: '../x' }],
    refused: [
      {
        input: async (world) => {
          const { token } = await owner(world);
          return { token, readerId: 'reader-00000000' };
        },
        code: 'NOT_FOUND',
      },
      {
        input: async (world) => {
          const { token, id } = await person(world);
          return { token, readerId: id };
        },
        code: 'NOT_ALLOWED',
      },
    ],
  },
  resetPin: {
    valid: async ({ client, world }) =>
      client.readers.resetPin({
        token: (await owner(world)).token,
        readerId: await newcomer(world),
        newPin: '4711',
      }),
    bad: [{}, { token: NO_TOKEN, readerId: '../x', newPin: '4711' }],
    refused: [
      {
        input: async (world) => {
          const { token, id } = await person(world);
          return { token, readerId: id, newPin: '4711' };
        },
        code: 'NOT_ALLOWED',
      },
    ],
  },
};
