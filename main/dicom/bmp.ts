/** @file BMP pictures (Windows bitmap, 1, 4, 8, 24 and 32 bit, uncompressed), which the picture library does not read. */
import { FILM_LIMITS, FilmError } from './film-error.ts';

export interface Bitmap {
  readonly rows: number;
  readonly cols: number;
  /** 1 where every colour is a grey. */
  readonly samples: 1 | 3;
  /** Top row first, interleaved. */
  readonly pixels: Uint8Array;
}

const HEADER = 14;

/** @throws FilmError TRUNCATED, BAD_GEOMETRY, TOO_LARGE or UNSUPPORTED_PIXELS */
export function readBmp(bytes: Uint8Array): Bitmap {
  if (bytes.length < HEADER + 12) throw cut();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const infoSize = view.getUint32(14, true);
  const old = infoSize === 12;
  if (bytes.length < HEADER + infoSize || (!old && infoSize < 40)) throw cut();
  const cols = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? 0 : view.getUint32(30, true);
  const rows = Math.abs(height);
  if (cols < 1 || rows < 1) throw new FilmError('BAD_GEOMETRY', `The BMP says ${cols} × ${height} pixels.`);
  if (cols * rows > FILM_LIMITS.framePixels) {
    throw new FilmError('TOO_LARGE', `The BMP claims ${cols} × ${rows} pixels, more than a film may have.`);
  }
  if (![1, 4, 8, 24, 32].includes(bits) || (compression !== 0 && !(compression === 3 && bits === 32))) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      `BMP with ${bits} bits and compression ${compression} is not read; save it as PNG.`,
    );
  }
  const stride = Math.ceil((cols * bits) / 32) * 4;
  if (start + stride * rows > bytes.length) throw cut();
  const palette = bits <= 8 ? readPalette(bytes, HEADER + infoSize, old ? 3 : 4, 2 ** bits, start) : null;
  const pixels = new Uint8Array(rows * cols * 3);
  for (let row = 0; row < rows; row++) {
    const from = start + stride * (height > 0 ? rows - 1 - row : row);
    const line = bytes.subarray(from, from + stride);
    copyLine(line, bits, palette, pixels.subarray(row * cols * 3, (row + 1) * cols * 3));
  }
  return greyWherePossible(rows, cols, pixels);
}

function copyLine(line: Uint8Array, bits: number, palette: Uint8Array | null, target: Uint8Array): void {
  for (let x = 0; x * 3 < target.length; x++) {
    let at = (x * bits) / 8;
    let source = line;
    if (palette !== null) {
      const byte = line[Math.floor(at)] ?? 0;
      const shift = 8 - bits - ((x * bits) % 8);
      at = ((byte >> shift) & (2 ** bits - 1)) * 3;
      source = palette;
    }
    target[x * 3] = source[at + 2] ?? 0;
    target[x * 3 + 1] = source[at + 1] ?? 0;
    target[x * 3 + 2] = source[at] ?? 0;
  }
}

/** Blue, green, red for each of `entries` colours; missing ones are black. */
function readPalette(bytes: Uint8Array, at: number, size: number, entries: number, end: number): Uint8Array {
  const palette = new Uint8Array(entries * 3);
  for (let entry = 0; entry < entries && at + (entry + 1) * size <= end; entry++) {
    palette.set(bytes.subarray(at + entry * size, at + entry * size + 3), entry * 3);
  }
  return palette;
}

function greyWherePossible(rows: number, cols: number, pixels: Uint8Array): Bitmap {
  for (let at = 0; at < pixels.length; at += 3) {
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2])
      return { rows, cols, samples: 3, pixels };
  }
  const grey = new Uint8Array(rows * cols);
  for (let pixel = 0; pixel < grey.length; pixel++) grey[pixel] = pixels[pixel * 3] ?? 0;
  return { rows, cols, samples: 1, pixels: grey };
}

function cut(): FilmError {
  return new FilmError('TRUNCATED', 'The BMP picture is cut short. Copy it again from where it came from.');
}
