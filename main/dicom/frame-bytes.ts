/**
 * @file Which bytes of the file belong to a frame: plain pixel data, or fragments of encapsulated pixel data with or
 * without an offset table (PS3.5 A.4).
 */
import { TAG, type DataSet, type Element, type Span } from './data-set.ts';
import { FilmError } from './film-error.ts';
import type { ImageDescription } from './image-description.ts';

const TAG_EXTENDED_OFFSETS = 0x7fe00001;

/** Bytes of one uncompressed frame as the file writes it. */
export function nativeFrameBytes(image: ImageDescription): number {
  const values = image.rows * image.cols * image.samples;
  if (image.bitsAllocated === 1) return values / 8;
  // 4:2:2 without compression stores two luminances and one pair of colour differences for two pixels.
  const stored = is422(image) ? (values / 3) * 2 : values;
  return stored * (image.bitsAllocated / 8);
}

export function is422(image: ImageDescription): boolean {
  return image.photometric === 'YBR_FULL_422' || image.photometric === 'YBR_PARTIAL_422';
}

/**
 * The bytes of uncompressed frame `index` (for 1 bit allocated: from the byte that holds its first bit).
 * @throws FilmError TRUNCATED when the file has fewer bytes than the header asks for, MALFORMED
 */
export function nativeFrame(dataSet: DataSet, image: ImageDescription, index: number): Uint8Array {
  const element = pixelElement(dataSet);
  if (element.fragments !== undefined) {
    throw new FilmError(
      'MALFORMED',
      'The header says that the pixels are uncompressed, but they are in fragments.',
    );
  }
  const frame = nativeFrameBytes(image);
  const expected = Math.ceil(frame * image.frames);
  if (element.length < expected) {
    throw new FilmError(
      'TRUNCATED',
      `The header asks for ${expected} bytes of pixels, the file has ${element.length}. Copy it again from where it came from.`,
      { expected, found: element.length, rows: image.rows, cols: image.cols, frames: image.frames },
    );
  }
  const start = Math.floor(frame * index);
  const end = Math.ceil(frame * (index + 1));
  if (!isByteSwapped(dataSet, image, element)) {
    return dataSet.bytes.subarray(element.offset + start, element.offset + end);
  }
  const firstWord = start - (start % 2);
  const words = dataSet.bytes.subarray(element.offset + firstWord, element.offset + end + (end % 2));
  return swapPairs(words).subarray(start - firstWord, end - firstWord);
}

/** Big endian files may write 8-bit pixels as 16-bit words, two pixels swapped in each (PS3.5 annex D). */
function isByteSwapped(dataSet: DataSet, image: ImageDescription, element: Element): boolean {
  return !dataSet.littleEndian && image.bitsAllocated === 8 && element.vr === 'OW';
}

function swapPairs(bytes: Uint8Array): Uint8Array {
  const swapped = bytes.slice();
  for (let at = 0; at + 1 < swapped.length; at += 2) {
    swapped[at] = bytes[at + 1] ?? 0;
    swapped[at + 1] = bytes[at] ?? 0;
  }
  return swapped;
}

function pixelElement(dataSet: DataSet): Element {
  const element = dataSet.elements.get(TAG.pixelData);
  if (element === undefined) throw new FilmError('NO_PIXELS', 'The file holds no pixel data.');
  return element;
}

/**
 * The compressed bytes of each frame, cut out of the fragments. Nothing is copied where a frame is one fragment.
 * @throws FilmError TRUNCATED, MALFORMED, NO_PIXELS
 */
export function compressedFrames(
  dataSet: DataSet,
  frames: number,
  startsFrame: (bytes: Uint8Array) => boolean,
) {
  const element = pixelElement(dataSet);
  const all = element.fragments;
  if (all === undefined) {
    throw new FilmError(
      'MALFORMED',
      'The header says that the pixels are compressed, but they are not in fragments.',
    );
  }
  if (element.cut === true) {
    throw new FilmError(
      'TRUNCATED',
      'The file ends in the middle of its compressed pixels. Copy it again from where it came from.',
      {
        found: element.length,
      },
    );
  }
  const fragments = all.slice(1);
  if (fragments.length === 0 || fragments.every(({ length }) => length === 0)) {
    throw new FilmError(
      'NO_PIXELS',
      'The file is DICOM, but its compressed pixel data is empty. Ask for the film again.',
    );
  }
  const groups = groupFragments(dataSet, all[0], fragments, frames, startsFrame);
  return (index: number): Uint8Array => joinSpans(dataSet.bytes, groups[index] ?? []);
}

function groupFragments(
  dataSet: DataSet,
  offsetTable: Span | undefined,
  fragments: readonly Span[],
  frames: number,
  startsFrame: (bytes: Uint8Array) => boolean,
): readonly (readonly Span[])[] {
  if (frames === 1) return [fragments];
  if (fragments.length === frames) return fragments.map((fragment) => [fragment]);
  const starts =
    offsetStarts(fragments, readOffsets(dataSet, offsetTable), frames) ??
    fragments.flatMap((fragment, index) => (startsFrame(spanBytes(dataSet.bytes, fragment)) ? [index] : []));
  if (starts.length !== frames || starts[0] !== 0) {
    throw new FilmError(
      'BAD_GEOMETRY',
      `The header claims ${frames} frames, the compressed pixels hold ${Math.min(starts.length, fragments.length)}.`,
      { frames, fragments: fragments.length },
    );
  }
  return starts.map((start, index) => fragments.slice(start, starts[index + 1] ?? fragments.length));
}

/** Offsets from the extended table when there is one, else from the basic table; empty when neither is filled. */
function readOffsets(dataSet: DataSet, table: Span | undefined): number[] {
  const { view } = dataSet;
  const extended = dataSet.elements.get(TAG_EXTENDED_OFFSETS);
  const offsets: number[] = [];
  if (extended !== undefined && extended.length >= 8) {
    for (let at = 0; at + 8 <= extended.length; at += 8) {
      offsets.push(Number(view.getBigUint64(extended.offset + at, dataSet.littleEndian)));
    }
  } else if (table !== undefined) {
    for (let at = 0; at + 4 <= table.length; at += 4) offsets.push(view.getUint32(table.offset + at, true));
  }
  return offsets;
}

/** Fragment numbers where frames start, by offsets counted from the first fragment's item tag; null = table unusable. */
function offsetStarts(
  fragments: readonly Span[],
  offsets: readonly number[],
  frames: number,
): number[] | null {
  if (offsets.length !== frames) return null;
  const base = (fragments[0]?.offset ?? 8) - 8;
  const places = new Map(fragments.map((fragment, index) => [fragment.offset - 8 - base, index]));
  const starts = offsets.map((offset) => places.get(offset) ?? -1);
  return starts.every((start, index) => start > (starts[index - 1] ?? -1)) ? starts : null;
}

function spanBytes(bytes: Uint8Array, span: Span): Uint8Array {
  return bytes.subarray(span.offset, span.offset + span.length);
}

function joinSpans(bytes: Uint8Array, spans: readonly Span[]): Uint8Array {
  const [only] = spans;
  if (spans.length === 1 && only !== undefined) return spanBytes(bytes, only);
  const joined = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
  let at = 0;
  for (const span of spans) {
    joined.set(spanBytes(bytes, span), at);
    at += span.length;
  }
  return joined;
}
