/** @file IEEE 754 half precision (f16) and bfloat16 to and from f32. Encoding rounds to nearest, ties to even. */

/** Largest finite half; larger magnitudes encode as infinity. */
export const HALF_MAX = 65504;

function decodeBits(half: number): number {
  const sign = (half & 0x8000) !== 0 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Value of each of the 65,536 halves. */
const DECODED: Float32Array = Float32Array.from({ length: 65536 }, (_, half) => decodeBits(half));

/** Halves as f32, exactly. Writes into `target` where given (same length). */
export function decodeHalf(
  halves: Uint16Array,
  target: Float32Array = new Float32Array(halves.length),
): Float32Array {
  for (let i = 0; i < halves.length; i += 1) target[i] = DECODED[halves[i] as number] as number;
  return target;
}

/** Bits of one f32 (as u32) → bits of the nearest half, ties to even. */
function encodeBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? sign | 0x7e00 : sign | 0x7c00; // NaN, or ≥ 2¹⁶
  if (magnitude >= 0x38800000) {
    // Normal half: rebias the exponent by 112; adding 0xfff + the lowest kept bit rounds ties to even.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude < 0x33000000) return sign; // < 2⁻²⁵: to zero
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept);
}

/** f32 as halves; magnitudes from 65,520 on become infinity. Writes into `target` where given (same length). */
export function encodeHalf(
  values: Float32Array,
  target: Uint16Array = new Uint16Array(values.length),
): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i += 1) target[i] = encodeBits(bits[i] as number);
  return target;
}

/** bfloat16 as f32, exactly. */
export function decodeBrain(brains: Uint16Array): Float32Array {
  const values = new Float32Array(brains.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < brains.length; i += 1) bits[i] = (brains[i] as number) << 16;
  return values;
}

/** f32 as bfloat16, to nearest, ties to even; NaN stays NaN. */
export function encodeBrain(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (value) =>
    (value & 0x7fffffff) > 0x7f800000
      ? (value >>> 16) | 0x40
      : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16,
  );
}
