/** @file How long a library's passphrase is. */

/** Fewer letters are guessed by whoever has the disk. */
export const SHORTEST_PASSPHRASE = 10;
export const LONGEST_PASSPHRASE = 1024;
