/** @file Stateless random numbers: the same (seed, epoch, film, use) gives the same value in any order and process. */

/** What a number is drawn for; each use has its own stream. */
export const RANDOM_USES = [
  'rotation',
  'scale',
  'shift-x',
  'shift-y',
  'brightness',
  'contrast',
  'mask',
] as const;
export type RandomUse = (typeof RANDOM_USES)[number];

/** 32-bit finaliser with full avalanche (murmur3's). */
function mix(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Uniform in [0, 1), 32 bits, from whole numbers ≥ 0. */
export function uniformFor(seed: number, epoch: number, film: number, use: RandomUse): number {
  let bits = mix(seed + 0x9e3779b9);
  for (const part of [Math.floor(seed / 4294967296), epoch, film, RANDOM_USES.indexOf(use)]) {
    bits = mix((bits ^ mix(part + 0x9e3779b9)) + 0x6d2b79f5);
  }
  return bits / 4294967296;
}
