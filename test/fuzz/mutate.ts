/** @file Damages files in ways that parsers fear, the same for the same case: a generator of its own, seeded by target and number. */

/** mulberry32 over a seed: whole numbers below `limit`. */
export interface Dice {
  /** 0 … limit − 1. */
  below(limit: number): number;
  /** One of them. */
  of<T>(choices: readonly T[]): T;
}

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    of: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error('there is nothing to choose from');
      return choice;
    },
  };
}

/** The seed of a case: FNV-1a over the name of its target, and its number. */
export function seedOf(target: string, index: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${target}#${index}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Lengths, counts and offsets at which parsers break. */
const NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

type Change = (bytes: Uint8Array, roll: Dice, words: readonly Uint8Array[], other: Uint8Array) => Uint8Array;

/** Files are read from their beginning: half of all changes go there. */
const placeIn = (bytes: Uint8Array, roll: Dice): number =>
  roll.below(Math.max(1, roll.below(2) === 0 ? Math.min(bytes.length, 2048) : bytes.length));

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** What follows stays where it is. */
const IN_PLACE: readonly Change[] = [
  (bytes, roll) => {
    const at = placeIn(bytes, roll);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << roll.below(8));
    return bytes;
  },
  (bytes, roll) => {
    bytes[placeIn(bytes, roll)] = roll.below(256);
    return bytes;
  },
  // a number of 2, 4 or 8 bytes, either end first
  (bytes, roll) => {
    const width = roll.of([2, 4, 8]);
    if (bytes.length < width) return bytes;
    const at = Math.min(placeIn(bytes, roll), bytes.length - width);
    const number = BigInt.asUintN(width * 8, BigInt(roll.of(NUMBERS)) - BigInt(roll.below(3) - 1));
    const little = roll.below(2) === 0;
    for (let index = 0; index < width; index++) {
      const shift = BigInt(8 * (little ? index : width - 1 - index));
      bytes[at + index] = Number((number >> shift) & 0xffn);
    }
    return bytes;
  },
  // one value over a stretch
  (bytes, roll) => {
    const at = placeIn(bytes, roll);
    return bytes.fill(roll.of([0, 0x20, 0xff]), at, at + 1 + roll.below(128));
  },
  // a digit of a number written as text
  (bytes, roll) => {
    const from = placeIn(bytes, roll);
    const at = bytes.findIndex((byte, index) => index >= from && byte >= 0x30 && byte <= 0x39);
    if (at >= 0) bytes[at] = roll.of([0x2d, 0x2e, 0x30, 0x39, 0x65]);
    return bytes;
  },
  // a word of the format over what is there
  (bytes, roll, words) => {
    const at = placeIn(bytes, roll);
    bytes.set(roll.of(words).subarray(0, bytes.length - at), at);
    return bytes;
  },
];

/** What follows moves: most readers notice that at once. */
const SHIFTING: readonly Change[] = [
  // cut off
  (bytes, roll) => bytes.slice(0, placeIn(bytes, roll)),
  // a part taken out
  (bytes, roll) => {
    const at = placeIn(bytes, roll);
    return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + roll.below(64)));
  },
  // a part said again
  (bytes, roll) => {
    const at = placeIn(bytes, roll);
    const part = bytes.subarray(at, at + 1 + roll.below(256));
    return joined(
      bytes.subarray(0, at),
      ...Array.from({ length: 1 + roll.below(8) }, () => part),
      bytes.subarray(at),
    );
  },
  // the end of another file
  (bytes, roll, _words, other) =>
    joined(bytes.subarray(0, placeIn(bytes, roll)), other.subarray(placeIn(other, roll))),
  // a word of the format where none belongs
  (bytes, roll, words) => {
    const at = placeIn(bytes, roll);
    return joined(bytes.subarray(0, at), roll.of(words), bytes.subarray(at));
  },
];

/** One damaged file: a seed file with one to eight changes. */
export function damaged(seeds: readonly Uint8Array[], words: readonly string[], roll: Dice): Uint8Array {
  const dictionary = words.map((word) => new Uint8Array(Buffer.from(word, 'latin1')));
  let bytes: Uint8Array = new Uint8Array(roll.of(seeds));
  const changes = 1 + roll.below(roll.of([1, 1, 3, 8]));
  for (let count = 0; count < changes; count++) {
    const change = roll.of(roll.below(4) === 0 ? SHIFTING : IN_PLACE);
    bytes = change(bytes, roll, dictionary, roll.of(seeds));
  }
  return bytes;
}
