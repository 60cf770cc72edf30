/** @file Readers and their PINs by the service: who becomes owner, wrong PINs that slow down, tokens that end. */
import { describe, expect, it } from 'vitest';

import type { ReaderId } from '../../../shared/domain/ids.ts';
import { hashPin, isPin } from '../../../main/services/review/pin-hash.ts';
import { createSignIn, waitAfter, waitLeftMs } from '../../../main/services/review/sign-in.ts';
import { call } from '../../helpers/temp-library.ts';
import { openDesk, refusal, seat } from './review-desk.ts';

const IDLE_MS = 30 * 60_000;

describe('a PIN', () => {
  // Made by the reference implementation: test/fixtures/make/pin_hashes.py
  it.each([
    [
      '4711',
      '$argon2id$v=19$m=19456,t=2,p=1$Y2hlc3RsaWdodCBzYWx0IQ$Dy63GsspiU87HIuXgfQKjSutQTo3JBEy9phennrNI8U',
    ],
    [
      '123456789012',
      '$argon2id$v=19$m=8192,t=3,p=2$Y2hlc3RsaWdodCBzYWx0Mg$Rg2Fh36opywjics8vD+KfZXr9KCmHOIn/sPkXoZmILo',
    ],
  ])('%s is known by a hash of the reference implementation', async (pin, phc) => {
    expect(await isPin(pin, phc)).toBe(true);
    expect(await isPin(`${pin.slice(0, -1)}x`, phc)).toBe(false);
  });

  it('is kept as another hash each time', async () => {
    const [a, b] = [await hashPin('4711'), await hashPin('4711')];
    expect(a).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(a).not.toBe(b);
    expect(await isPin('4711', a)).toBe(true);
    expect(await isPin('4712', a)).toBe(false);
  });

  it.each([
    '',
    '$argon2i$v=19$m=19456,t=2,p=1$Y2hlc3RsaWdodCBzYWx0IQ$Y2hlc3RsaWdodCBzYWx0IQabcdefgh',
    '$argon2id$v=19$m=9999999,t=2,p=1$Y2hlc3RsaWdodCBzYWx0IQ$Y2hlc3RsaWdodCBzYWx0IQabcdefgh',
    '$argon2id$v=19$m=4,t=2,p=1$Y2hlc3RsaWdodCBzYWx0IQ$Y2hlc3RsaWdodCBzYWx0IQabcdefgh',
  ])('is never the one of a hash that is none of ours or asks for too much: %s', async (phc) => {
    expect(await isPin('4711', phc)).toBe(false);
  });
});

describe('readers', () => {
  it('begin with one owner, who adds the others', async () => {
    const { readers, library } = await openDesk();
    expect(await readers.list({}, call)).toEqual({ readers: [], needsOwner: true });
    const asked = ['Olga', 'Otto'].map((name) =>
      Promise.resolve(readers.firstOwner({ name, pin: '20417' }, call)).catch(() => null),
    );
    const [owner, ...others] = (await Promise.all(asked)).filter((one) => one !== null);
    if (owner === undefined) throw new Error('one of two at once becomes the owner');
    expect(others).toEqual([]);
    const { token, reader } = owner;
    await readers.add({ token, name: 'Amina', role: 'reader', pin: '1234' }, call);
    const list = await readers.list({}, call);
    expect(list.needsOwner).toBe(false);
    expect(list.readers.map(({ name, role, canSignIn }) => [name, role, canSignIn])).toEqual([
      ['Amina', 'reader', true],
      [reader.name, 'owner', true],
    ]);
    // Neither a PIN nor its hash leaves the app or comes into the audit trail.
    const told = JSON.stringify([list, library.store.audit.after(0)]);
    expect(told).not.toMatch(/20417|1234|argon2/);
  });

  it('wait longer after each wrong PIN, across a restart and a clock that is set back', async () => {
    const desk = await openDesk();
    const { token } = await desk.readers.firstOwner({ name: 'Olga', pin: '20417' }, call);
    const { id } = await desk.readers.add({ token, name: 'Amina', role: 'reader', pin: '1234' }, call);
    const readerId = id as ReaderId;
    const wrong = { readerId, pin: '0000' };
    for (const waitSeconds of [0, 0, 5]) {
      expect(await refusal(() => desk.readers.signIn(wrong, call))).toMatchObject({
        code: 'WRONG_PIN',
        detail: { waitSeconds },
      });
    }
    const right = { readerId, pin: '1234' };
    expect(await refusal(() => desk.readers.signIn(right, call))).toMatchObject({ code: 'WRONG_PIN' });
    await desk.library.close();

    const again = await openDesk(0, desk.dir);
    again.clock.at = desk.clock.at;
    expect((await again.readers.list({}, call)).readers[0]).toMatchObject({ waitSeconds: 5 });
    expect(await refusal(() => again.readers.signIn(right, call))).toMatchObject({ code: 'WRONG_PIN' });
    again.clock.at -= 86_400_000;
    expect(await refusal(() => again.readers.signIn(right, call))).toMatchObject({
      detail: { waitSeconds: 5 },
    });
    again.clock.at += 5_000; // a day before the wrong PIN by this clock: the wait is over all the same
    expect((await again.readers.signIn(right, call)).reader.name).toBe('Amina');
    expect((await again.readers.list({}, call)).readers[0]).toMatchObject({ waitSeconds: 0 });
  });

  it('have at most a quarter of an hour to wait', () => {
    expect([1, 2, 3, 4, 5, 6].map(waitAfter)).toEqual([0, 0, 5000, 10_000, 20_000, 40_000]);
    expect(waitAfter(1000)).toBe(900_000);
    expect(waitLeftMs({ count: 3, lastAt: 1000 }, 3000)).toBe(3000);
    expect(waitLeftMs({ count: 3, lastAt: 9_999_999 }, 3000)).toBe(5000);
  });

  it('cannot try two PINs at once to get round the count', async () => {
    const { readers } = await openDesk();
    const { reader } = await readers.firstOwner({ name: 'Olga', pin: '20417' }, call);
    const tries = Array.from({ length: 6 }, (_, index) =>
      refusal(() => readers.signIn({ readerId: reader.id as ReaderId, pin: `000${index}` }, call)),
    );
    const messages = (await Promise.all(tries)).map(({ message }) => message);
    expect(messages.filter((message) => message.startsWith('That is not'))).toHaveLength(3);
  });

  it('change their own PIN, which ends their other windows; an owner sets a forgotten one', async () => {
    const { readers } = await openDesk();
    const owner = await readers.firstOwner({ name: 'Olga', pin: '20417' }, call);
    const added = await readers.add({ token: owner.token, name: 'Amina', role: 'reader', pin: '1234' }, call);
    const readerId = added.id as ReaderId;
    const [a, b] = [
      await readers.signIn({ readerId, pin: '1234' }, call),
      await readers.signIn({ readerId, pin: '1234' }, call),
    ];
    const change = { token: a.token, pin: '9999', newPin: '4321' };
    expect(await refusal(() => readers.changePin(change, call))).toMatchObject({ code: 'WRONG_PIN' });
    await readers.changePin({ ...change, pin: '1234' }, call);
    expect(await readers.whoAmI({ token: a.token }, call)).toMatchObject({ name: 'Amina' });
    expect(await readers.whoAmI({ token: b.token }, call)).toBeNull();
    expect(await refusal(() => readers.signIn({ readerId, pin: '1234' }, call))).toMatchObject({
      code: 'WRONG_PIN',
    });
    const reset = { readerId, newPin: '5678' };
    expect(await refusal(() => readers.resetPin({ token: a.token, ...reset }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    await readers.resetPin({ token: owner.token, ...reset }, call);
    expect(await readers.whoAmI({ token: a.token }, call)).toBeNull();
    expect((await readers.signIn({ readerId, pin: '5678' }, call)).reader.name).toBe('Amina');
  });

  it('are renamed and given another role by an owner; one who leaves signs in no more, and somebody stays owner', async () => {
    const { readers } = await openDesk();
    const owner = await readers.firstOwner({ name: 'Olga', pin: '20417' }, call);
    const { token } = owner;
    const added = await readers.add({ token, name: 'Amina', role: 'reader', pin: '1234' }, call);
    const readerId = added.id as ReaderId;
    const { token: hers } = await readers.signIn({ readerId, pin: '1234' }, call);
    const wanted = { readerId, name: 'Amina B.', role: 'owner' as const };
    expect(await refusal(() => readers.change({ token: hers, ...wanted }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    expect(await refusal(() => readers.change({ token, ...wanted, name: 'Olga' }, call))).toMatchObject({
      code: 'CONFLICT',
    });
    const own = { token, readerId: owner.reader.id as ReaderId };
    for (const ask of [
      () => readers.change({ ...own, name: 'Olga', role: 'reader' }, call),
      () => readers.retire(own, call),
    ]) {
      expect(await refusal(ask)).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('only owner') as string,
      });
    }
    expect(await readers.change({ token, ...wanted }, call)).toMatchObject({
      name: 'Amina B.',
      role: 'owner',
    });
    expect(await readers.whoAmI({ token: hers }, call)).toMatchObject({ name: 'Amina B.', role: 'owner' });
    await readers.retire(own, call);
    expect(await readers.whoAmI({ token }, call)).toBeNull();
    expect(await refusal(() => readers.signIn({ readerId: own.readerId, pin: '20417' }, call))).toMatchObject(
      {
        code: 'NOT_ALLOWED',
      },
    );
    await readers.resetPin({ token: hers, readerId: own.readerId, newPin: '5678' }, call);
    expect((await readers.signIn({ readerId: own.readerId, pin: '5678' }, call)).reader.name).toBe('Olga');
  });

  it('are asked again after half an hour without a touch, not because the clock was set back', async () => {
    const desk = await openDesk();
    const { token } = seat(desk, 'Amina');
    desk.clock.at += IDLE_MS;
    expect(await desk.readers.whoAmI({ token }, call)).toMatchObject({ name: 'Amina' });
    desk.clock.at -= 10 * IDLE_MS;
    expect(await desk.readers.whoAmI({ token }, call)).toMatchObject({ name: 'Amina' });
    desk.clock.at += IDLE_MS + 1;
    expect(await desk.readers.whoAmI({ token }, call)).toBeNull();
  });

  it('are renamed and given another role by an owner; one who leaves signs in no more, and somebody stays owner', async () => {
    const { readers } = await openDesk();
    const owner = await readers.firstOwner({ name: 'Olga', pin: '20417' }, call);
    const { token } = owner;
    const added = await readers.add({ token, name: 'Amina', role: 'reader', pin: '1234' }, call);
    const readerId = added.id as ReaderId;
    const { token: hers } = await readers.signIn({ readerId, pin: '1234' }, call);
    const wanted = { readerId, name: 'Amina B.', role: 'owner' as const };
    expect(await refusal(() => readers.change({ token: hers, ...wanted }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    expect(await refusal(() => readers.change({ token, ...wanted, name: 'Olga' }, call))).toMatchObject({
      code: 'CONFLICT',
    });
    const own = { token, readerId: owner.reader.id as ReaderId };
    for (const ask of [
      () => readers.change({ ...own, name: 'Olga', role: 'reader' }, call),
      () => readers.retire(own, call),
    ]) {
      expect(await refusal(ask)).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('only owner') as string,
      });
    }
    expect(await readers.change({ token, ...wanted }, call)).toMatchObject({
      name: 'Amina B.',
      role: 'owner',
    });
    expect(await readers.whoAmI({ token: hers }, call)).toMatchObject({ name: 'Amina B.', role: 'owner' });
    await readers.retire(own, call);
    expect(await readers.whoAmI({ token }, call)).toBeNull();
    expect(await refusal(() => readers.signIn({ readerId: own.readerId, pin: '20417' }, call))).toMatchObject(
      {
        code: 'NOT_ALLOWED',
      },
    );
    await readers.resetPin({ token: hers, readerId: own.readerId, newPin: '5678' }, call);
    expect((await readers.signIn({ readerId: own.readerId, pin: '5678' }, call)).reader.name).toBe('Olga');
  });

  it('are asked again after half an hour by a clock that nobody can set', async () => {
    const desk = await openDesk();
    const { id } = seat(desk, 'Amina');
    let ticks = 0;
    const signIn = createSignIn(desk.library.store, desk.library.audit, desk.clock, () => ticks);
    const token = signIn.open(id);
    ticks += IDLE_MS;
    expect(signIn.who(token)?.name).toBe('Amina');
    desk.clock.at -= 10 * IDLE_MS;
    ticks += IDLE_MS + 1;
    expect(signIn.who(token)).toBe(null);
  });

  it('of another site are known by name and cannot sign in', async () => {
    const desk = await openDesk();
    const { id } = seat(desk, 'Amina');
    expect(await refusal(() => desk.readers.signIn({ readerId: id, pin: '1234' }, call))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });
});
