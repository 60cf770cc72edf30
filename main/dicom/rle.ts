/** @file RLE Lossless (PS3.5 annex G): byte planes, most significant first, each packed with PackBits. */
import { FilmError } from './film-error.ts';
import type { ImageDescription } from './image-description.ts';

/**
 * Decodes one frame to interleaved little-endian samples.
 * @throws FilmError CODEC_FAILED when the segments do not fit the picture
 */
export function decodeRle(bytes: Uint8Array, image: ImageDescription): Uint8Array {
  const pixels = image.rows * image.cols;
  const bytesPerSample = image.bitsAllocated / 8;
  const planes = image.samples * bytesPerSample;
  const offsets = segmentOffsets(bytes, planes);
  const result = new Uint8Array(pixels * planes);
  for (let plane = 0; plane < planes; plane++) {
    const sample = Math.floor(plane / bytesPerSample);
    const significance = bytesPerSample - 1 - (plane % bytesPerSample);
    const from = offsets[plane] ?? 0;
    const to = offsets[plane + 1] ?? bytes.length;
    unpack(bytes.subarray(from, to), result, sample * bytesPerSample + significance, planes, pixels);
  }
  return result;
}

function segmentOffsets(bytes: Uint8Array, planes: number): number[] {
  if (bytes.length < 64) throw damaged('its header is cut');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  if (count !== planes || planes > 15)
    throw damaged(`it has ${count} segments where the picture needs ${planes}`);
  const offsets = Array.from({ length: planes }, (_, plane) => view.getUint32(4 + plane * 4, true));
  const rising = offsets.every(
    (offset, plane) => offset >= (offsets[plane - 1] ?? 64) && offset <= bytes.length,
  );
  if (!rising) throw damaged('its segments lie outside the file');
  return offsets;
}

/** PackBits into every `stride`-th byte of `result`, from `start`, exactly `count` of them. */
function unpack(source: Uint8Array, result: Uint8Array, start: number, stride: number, count: number): void {
  let done = 0;
  let at = 0;
  let out = start;
  while (done < count && at < source.length) {
    const control = source[at++] ?? 128;
    if (control === 128) continue;
    const literal = control < 128;
    const run = Math.min(literal ? control + 1 : 257 - control, count - done);
    for (let index = 0; index < run; index++) {
      result[out] = source[literal ? at + index : at] ?? 0;
      out += stride;
    }
    if (literal && at + run > source.length) throw damaged('a segment is cut');
    at += literal ? control + 1 : 1;
    done += run;
  }
  if (done < count) throw damaged(`a segment holds ${done} of ${count} pixels`);
}

function damaged(what: string): FilmError {
  return new FilmError('CODEC_FAILED', `The RLE pixels are damaged: ${what}. Ask for the film again.`);
}
