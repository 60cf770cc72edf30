/** @file Gives the memory of arrays back without waiting for the garbage collector. */

/**
 * Lets go of the memory of arrays that nobody reads again, at once: they stand outside of what the garbage collector is in a
 * hurry about, and a model's worth of them stays for many steps. They are empty afterwards. Of a buffer that others share
 * nothing is taken.
 */
export function freeArrays(arrays: Iterable<Float32Array | Uint8Array>): void {
  for (const { buffer, byteLength } of arrays) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
  }
}
