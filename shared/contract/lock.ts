/** @file Contract of the lock: a window that nobody touches closes until a reader enters their PIN. Off until somebody has one. */
import { z } from 'zod';

import { LOCK_MINUTES } from '../domain/lock.ts';
import { empty, procedure, readerId } from './base.ts';
import { pin } from './readers.ts';

export const lockState = z.object({
  locked: z.boolean(),
  /** Minutes without a touch after which the window locks; 0 = never. */
  minutes: z.number().int().nonnegative(),
  /** Somebody has a PIN here, so there is a way back in. */
  usable: z.boolean(),
});
export type LockState = z.infer<typeof lockState>;

export const lockContract = {
  state: procedure.input(empty).output(lockState),
  /** Refused while nobody has a PIN. Runs and imports go on behind it. */
  lock: procedure.input(empty).output(lockState),
  unlock: procedure.input(z.object({ readerId, pin })).output(lockState),
  /** Owners only, with their PIN. With 0 the lock is off; otherwise the app also opens locked. */
  setMinutes: procedure
    .input(z.object({ readerId, pin, minutes: z.literal([...LOCK_MINUTES]) }))
    .output(lockState),
};
