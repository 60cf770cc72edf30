/** @file Frame number → stored values: picks the bytes, runs the decoder that the transfer syntax asks for, cleans the bits. */
import { loadDecoder } from './codec.ts';
import { readCodestreamHeader, startsCodestream } from './codestream.ts';
import type { DataSet } from './data-set.ts';
import { FilmError } from './film-error.ts';
import { compressedFrames, is422, nativeFrame, nativeFrameBytes } from './frame-bytes.ts';
import type { ImageDescription } from './image-description.ts';
import { decodeRle } from './rle.ts';
import { expand422, toStoredPixels, type StoredPixels } from './stored-pixels.ts';
import type { TransferSyntax } from './transfer-syntax.ts';

export interface FrameReader {
  /** @throws FilmError */
  readonly read: (index: number) => StoredPixels;
  /** What a JPEG says about its colours, which then counts more than the header; null = nothing. */
  readonly colour: 'rgb' | 'ybr' | null;
}

/** @throws FilmError when the pixel data cannot be cut into frames */
export async function frameReader(
  dataSet: DataSet,
  image: ImageDescription,
  syntax: TransferSyntax,
): Promise<FrameReader> {
  const { codec } = syntax;
  if (codec === null || codec === 'native') {
    checkNative422(image);
    return { read: (index) => readNative(dataSet, image, index), colour: null };
  }
  if (codec === 'rle') return { read: rleReader(dataSet, image), colour: null };
  const frames = compressedFrames(dataSet, image.frames, startsCodestream);
  const decode = await loadDecoder();
  const read = (index: number): StoredPixels => {
    const { bytes, bitsAllocated, planar, header } = decode(codec, frames(index), image);
    // A lossy decoder may overshoot the stored range: such values are clamped, not wrapped.
    const clampFrom = syntax.lossy && header.precision > image.bitsStored ? header.precision : null;
    const highBit = image.bitsStored - 1;
    return toStoredPixels(bytes, image, { littleEndian: true, bitsAllocated, highBit, planar, clampFrom });
  };
  const header = image.samples === 3 && codec === 'jpeg' ? readCodestreamHeader(frames(0)) : null;
  return { read, colour: header?.colour ?? null };
}

function rleReader(dataSet: DataSet, image: ImageDescription): FrameReader['read'] {
  if (image.bitsAllocated === 1) {
    throw new FilmError(
      'UNSUPPORTED_PIXELS',
      'RLE with single-bit pixels is not read. Export the film uncompressed.',
    );
  }
  const frames = compressedFrames(dataSet, image.frames, () => true);
  const { bitsAllocated, highBit } = image;
  const layout = { littleEndian: true, bitsAllocated, highBit, planar: false, clampFrom: null };
  return (index) => toStoredPixels(decodeRle(frames(index), image), image, layout);
}

/** @throws FilmError UNSUPPORTED_PIXELS for 4:2:2 that PS3.3 C.7.6.3.1.2 does not know: columns in pairs, unsigned, 8 or 16 bits */
function checkNative422(image: ImageDescription): void {
  if (!is422(image)) return;
  const { cols, signed, bitsAllocated } = image;
  if (cols % 2 === 0 && !signed && (bitsAllocated === 8 || bitsAllocated === 16)) return;
  throw new FilmError(
    'UNSUPPORTED_PIXELS',
    `Uncompressed 4:2:2 colour of ${cols} columns, ${bitsAllocated} bits ${signed ? 'signed' : 'unsigned'}, is not read: it has columns in pairs and 8 or 16 bits unsigned. Export the film as RGB.`,
    { cols, bitsAllocated },
  );
}

function readNative(dataSet: DataSet, image: ImageDescription, index: number): StoredPixels {
  const { bitsAllocated, highBit, planar } = image;
  const bytes = nativeFrame(dataSet, image, index);
  const layout = { littleEndian: dataSet.littleEndian, bitsAllocated, highBit, planar, clampFrom: null };
  const firstBit = bitsAllocated === 1 ? (nativeFrameBytes(image) * index * 8) % 8 : 0;
  return expand422(image, toStoredPixels(bytes, image, layout, firstBit));
}
