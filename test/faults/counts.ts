/**
 * @file How long the fault tests go on: seconds by default, hours by night. CHESTLIGHT_KILLS=200 kills of each process,
 * CHESTLIGHT_RESUMED=20 runs that are killed and resumed, CHESTLIGHT_FAULTS=all every call of the disk; CHESTLIGHT_SEED picks
 * the points.
 */
import { seededRandom } from '../../main/services/library/seeded-random.ts';

/** Kills of one process, `few` unless the environment says otherwise. */
export const killsOr = (few: number): number => Number(process.env.CHESTLIGHT_KILLS ?? few);

/** Runs that must end as an unbroken one does. */
export const RESUMED = Number(process.env.CHESTLIGHT_RESUMED ?? 1);

/** Every point at which a disk can fail, not a sample of them. */
export const ALL_FAULTS = process.env.CHESTLIGHT_FAULTS === 'all';

/** Numbers in [0, 1), the same for the same seed. */
export const chance = (): (() => number) => seededRandom(Number(process.env.CHESTLIGHT_SEED ?? 1));
