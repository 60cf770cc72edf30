/**
 * @file Who is at the window: PINs compared, wrong ones slowed down, tokens of those who signed in. Tokens are kept in memory
 * only. The readers service owns it; the review service asks it whose call it is.
 */
import { randomBytes } from 'node:crypto';

import type { Reader } from '../../../shared/contract/review.ts';
import type { ReaderId } from '../../../shared/domain/ids.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { ReaderRow, WrongPins } from '../../store/readers.ts';
import type { Store } from '../../store/store.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../service-types.ts';
import { isPin } from './pin-hash.ts';

/** Wrong PINs that cost nothing but the try. */
const FREE_TRIES = 3;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** A window that nobody touched for so long asks for the PIN again. */
const IDLE_MS = 30 * 60_000;
const MOST_TOKENS = 64;

/** How long after the last of `count` wrong PINs the next may be tried, ms. */
export function waitAfter(count: number): number {
  return count < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE_TRIES));
}

/** What is left of the wait. A clock that was set back leaves a whole wait, not the years until it has caught up. */
export function waitLeftMs({ count, lastAt }: WrongPins, now: number): number {
  return Math.max(0, waitAfter(count) - Math.max(0, now - lastAt));
}

export interface SignIn {
  /** @throws ServiceError WRONG_PIN, NOT_FOUND, NOT_ALLOWED for a reader who cannot sign in here */
  check(id: ReaderId, pin: string): Promise<ReaderRow>;
  /** A token for a reader who proved to be one. */
  open(id: ReaderId): string;
  close(token: string): void;
  /** Every token of a reader but `except`. */
  closeAll(id: ReaderId, except?: string): void;
  /** Somebody is at the window and proved to be this reader: everybody else's sign-ins end, theirs go on. */
  onlyOf(id: ReaderId): void;
  /** null = nobody's any more. */
  who(token: string): Reader | null;
  /** @throws ServiceError SIGNED_OUT */
  reader(token: string): Reader;
}

interface Session {
  readonly readerId: ReaderId;
  /** By the clock, ms: it counts time that the computer slept. */
  usedAt: number;
  /** By a clock that cannot be set back, ms. */
  usedTick: number;
}

/** @param ticks ms of a clock that nobody can set */
export function createSignIn(
  store: Store,
  audit: AuditLog,
  clock: Clock,
  ticks: () => number = () => performance.now(),
): SignIn {
  const sessions = new Map<string, Session>();
  /** Of a library that is open to be read only: nothing is written there, so they are counted for as long as it is open. */
  const unwritten = new Map<ReaderId, WrongPins>();
  const wrongOf = ({ id, wrong }: ReaderRow): WrongPins => unwritten.get(id) ?? wrong;
  function setWrong(id: ReaderId, wrong: WrongPins): void {
    if (store.readOnly) unwritten.set(id, wrong);
    else store.readers.setWrong(id, wrong);
  }

  function wrongPin(reader: ReaderRow, wrong: WrongPins): ServiceError {
    const seconds = Math.ceil(waitLeftMs(wrong, clock.now()) / 1000);
    const then =
      seconds === 0 ? 'Try again.' : `Try again in ${seconds} s; an owner can set a new PIN meanwhile.`;
    return new ServiceError('WRONG_PIN', `That is not the PIN of ${reader.name}. ${then}`, {
      waitSeconds: seconds,
    });
  }

  /** Counts the try before it is known to be wrong: a power cut between the two gives nothing away. */
  function countTry(reader: ReaderRow): WrongPins {
    const now = clock.now();
    const before = wrongOf(reader);
    const left = waitLeftMs(before, now);
    if (left > 0) {
      if (now < before.lastAt) setWrong(reader.id, { ...before, lastAt: now });
      const seconds = Math.ceil(left / 1000);
      throw new ServiceError(
        'WRONG_PIN',
        `After ${before.count} wrong PINs the next try is possible in ${seconds} s. An owner can set a new PIN meanwhile.`,
        { waitSeconds: seconds },
      );
    }
    const wrong = { count: before.count + 1, lastAt: now };
    setWrong(reader.id, wrong);
    return wrong;
  }

  async function check(id: ReaderId, pin: string): Promise<ReaderRow> {
    const reader = store.readers.find(id);
    if (reader === null) {
      throw new ServiceError('NOT_FOUND', 'This reader is not known here. Choose a name from the list.', {
        readerId: id,
      });
    }
    if (reader.pinHash === null) {
      throw new ServiceError(
        'NOT_ALLOWED',
        `${reader.name} has no PIN here: a reader of another site, or one who has left. An owner can set one.`,
        { readerId: id },
      );
    }
    const wrong = countTry(reader);
    if (!(await isPin(pin, reader.pinHash))) {
      audit.record('sign-in', id, { outcome: 'wrong PIN', tries: wrong.count });
      throw wrongPin(reader, wrong);
    }
    setWrong(id, { count: 0, lastAt: 0 });
    return reader;
  }

  function who(token: string): Reader | null {
    const session = sessions.get(token);
    if (session === undefined) return null;
    const now = clock.now();
    const tick = ticks();
    const idle = Math.max(now - session.usedAt, tick - session.usedTick);
    const found = idle > IDLE_MS ? null : store.readers.find(session.readerId);
    if (found === null) {
      sessions.delete(token);
      return null;
    }
    session.usedAt = now;
    session.usedTick = tick;
    const { id, name, role, createdAt } = found;
    return { id, name, role, createdAt };
  }

  return {
    check,
    open(id) {
      const token = randomBytes(32).toString('base64url');
      const [oldest] = sessions.keys();
      if (sessions.size >= MOST_TOKENS && oldest !== undefined) sessions.delete(oldest);
      sessions.set(token, { readerId: id, usedAt: clock.now(), usedTick: ticks() });
      return token;
    },
    close: (token) => void sessions.delete(token),
    closeAll(id, except) {
      for (const [token, { readerId }] of sessions) {
        if (readerId === id && token !== except) sessions.delete(token);
      }
    },
    onlyOf(id) {
      for (const [token, session] of sessions) {
        if (session.readerId === id) session.usedAt = clock.now();
        else sessions.delete(token);
      }
    },
    who,
    reader(token) {
      const found = who(token);
      if (found !== null) return found;
      throw new ServiceError(
        'SIGNED_OUT',
        'Nobody is signed in at this window any more. What was saved is kept; enter your PIN to go on.',
      );
    },
  };
}
