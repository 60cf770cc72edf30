/**
 * @file Headers of JPEG, JPEG-LS and JPEG 2000 codestreams: what the compressed pixels say about themselves. It is compared
 * with the DICOM header before a decoder runs, so that a decoder never allocates on a stranger's word.
 */

export interface CodestreamHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly precision: number;
  /** JPEG 2000 only: signedness of the codestream's samples. */
  readonly signed: boolean;
  /** JPEG only: what the markers say about colour; `null` when they say nothing. */
  readonly colour: 'rgb' | 'ybr' | null;
  /** JPEG only: start-of-frame type, 0xC0 … 0xCF, 0xF7 for JPEG-LS. */
  readonly frameType: number | null;
}

/** True when the bytes start like a codestream of the JPEG family (a frame's first fragment). */
export function startsCodestream(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff) return bytes[1] === 0xd8 || bytes[1] === 0x4f;
  return isBoxed(bytes);
}

function isBoxed(bytes: Uint8Array): boolean {
  return bytes.length > 12 && ascii(bytes, 4, 4) === 'jP  ';
}

/** The header, or null when the bytes are no such codestream or end too early. */
export function readCodestreamHeader(bytes: Uint8Array): CodestreamHeader | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes);
  const start = isBoxed(bytes) ? findCodestreamBox(bytes) : 0;
  return start === null ? null : readSiz(bytes.subarray(start));
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65_536 + u16(bytes, at + 2);
}

/** Place of the contiguous codestream in a JP2 file (ISO 15444-1 annex I). */
function findCodestreamBox(bytes: Uint8Array): number | null {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = u32(bytes, at);
    if (ascii(bytes, at + 4, 4) === 'jp2c') return at + (length === 1 ? 16 : 8);
    if (length < 8) return null;
    at += length;
  }
  return null;
}

/** SIZ segment (ISO 15444-1 A.5.1), which must follow the SOC marker. */
function readSiz(bytes: Uint8Array): CodestreamHeader | null {
  if (bytes.length < 43 || u16(bytes, 0) !== 0xff4f || u16(bytes, 2) !== 0xff51) return null;
  const depth = bytes[42] ?? 0;
  return {
    width: u32(bytes, 8) - u32(bytes, 16),
    height: u32(bytes, 12) - u32(bytes, 20),
    components: u16(bytes, 40),
    precision: (depth & 0x7f) + 1,
    signed: (depth & 0x80) !== 0,
    colour: null,
    frameType: null,
  };
}

/**
 * False when a JPEG 2000 codestream ends before its tile parts do (ISO 15444-1 A.4.2). Decoders of the high-throughput form
 * pass over that in silence and give a blurred picture.
 */
export function holdsAllTileParts(bytes: Uint8Array): boolean {
  const codestream = bytes.subarray(isBoxed(bytes) ? (findCodestreamBox(bytes) ?? 0) : 0);
  let at = 2;
  let parts = 0;
  while (at + 4 <= codestream.length) {
    const marker = u16(codestream, at);
    if (marker === 0xffd9) return parts > 0;
    if (marker !== 0xff90) {
      if (parts > 0) return true;
      at += 2 + u16(codestream, at + 2);
      continue;
    }
    const length = u32(codestream, at + 6);
    if (length === 0) return endsWithMark(codestream);
    parts += 1;
    at += length;
  }
  return parts > 0 && at <= codestream.length;
}

/** End of codestream, with or without the padding of an even fragment. */
function endsWithMark(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end -= 1;
  return u16(bytes, end - 2) === 0xffd9;
}

/** Walks the marker segments up to the start of scan (ISO 10918-1 B.2; JPEG-LS: ISO 14495-1). */
function readJpeg(bytes: Uint8Array): CodestreamHeader | null {
  let frame: CodestreamHeader | null = null;
  let jfif = false;
  let adobe: number | null = null;
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) break;
    const length = u16(bytes, at + 2);
    if (length < 2) return null;
    if (marker === 0xe0 && ascii(bytes, at + 4, 4) === 'JFIF') jfif = true;
    if (marker === 0xee && ascii(bytes, at + 4, 5) === 'Adobe') adobe = bytes[at + 15] ?? null;
    if (isStartOfFrame(marker) && at + 10 <= bytes.length) {
      frame = {
        precision: bytes[at + 4] ?? 0,
        height: u16(bytes, at + 5),
        width: u16(bytes, at + 7),
        components: bytes[at + 9] ?? 0,
        signed: false,
        frameType: marker,
        colour: ascii(bytes, at + 10, 1) === 'R' && ascii(bytes, at + 13, 1) === 'G' ? 'rgb' : null,
      };
    }
    at += 2 + length;
  }
  const lossy = frame !== null && [0xc0, 0xc1, 0xc2].includes(frame.frameType ?? 0);
  if (frame === null || !lossy || frame.components !== 3)
    return frame === null ? null : { ...frame, colour: null };
  if (adobe !== null) return { ...frame, colour: adobe === 0 ? 'rgb' : 'ybr' };
  return jfif ? { ...frame, colour: 'ybr' } : frame;
}

function isStartOfFrame(marker: number): boolean {
  if (marker === 0xf7) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
