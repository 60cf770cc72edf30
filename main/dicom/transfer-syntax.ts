/** @file Transfer syntaxes (PS3.6 table A-1): how each encodes the data set and the pixels, and which are read here. */
import type { Encoding } from './data-set.ts';

export type PixelCodec = 'native' | 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k';

export interface TransferSyntax extends Encoding {
  readonly uid: string;
  readonly name: string;
  readonly deflated: boolean;
  /** null = the pixels cannot be read here. */
  readonly codec: PixelCodec | null;
  readonly lossy: boolean;
}

const explicitLittle = { explicit: true, littleEndian: true, deflated: false, lossy: false };

function jpegFamily(uid: string, name: string, codec: PixelCodec | null, lossy = false): TransferSyntax {
  return { ...explicitLittle, uid: `1.2.840.10008.1.2.4.${uid}`, name, codec, lossy };
}

export const IMPLICIT_LITTLE: TransferSyntax = {
  ...explicitLittle,
  uid: '1.2.840.10008.1.2',
  name: 'Implicit VR Little Endian',
  explicit: false,
  codec: 'native',
};

export const EXPLICIT_LITTLE: TransferSyntax = {
  ...explicitLittle,
  uid: '1.2.840.10008.1.2.1',
  name: 'Explicit VR Little Endian',
  codec: 'native',
};

export const EXPLICIT_BIG: TransferSyntax = {
  ...explicitLittle,
  uid: '1.2.840.10008.1.2.2',
  name: 'Explicit VR Big Endian',
  littleEndian: false,
  codec: 'native',
};

const ALL: readonly TransferSyntax[] = [
  IMPLICIT_LITTLE,
  EXPLICIT_LITTLE,
  EXPLICIT_BIG,
  {
    ...EXPLICIT_LITTLE,
    uid: '1.2.840.10008.1.2.1.99',
    name: 'Deflated Explicit VR Little Endian',
    deflated: true,
  },
  { ...EXPLICIT_LITTLE, uid: '1.2.840.10008.1.2.1.98', name: 'Encapsulated Uncompressed', codec: null },
  { ...EXPLICIT_LITTLE, uid: '1.2.840.10008.1.2.8.1', name: 'Deflated Image Frame Compression', codec: null },
  { ...EXPLICIT_LITTLE, uid: '1.2.840.10008.1.2.5', name: 'RLE Lossless', codec: 'rle' },
  jpegFamily('50', 'JPEG Baseline (Process 1)', 'jpeg', true),
  jpegFamily('51', 'JPEG Extended (Process 2 and 4)', 'jpeg', true),
  jpegFamily('53', 'JPEG Spectral Selection (Process 6 and 8)', null, true),
  jpegFamily('55', 'JPEG Full Progression (Process 10 and 12)', null, true),
  jpegFamily('57', 'JPEG Lossless (Process 14)', 'jpeg'),
  jpegFamily('70', 'JPEG Lossless SV1 (Process 14, Selection Value 1)', 'jpeg'),
  jpegFamily('80', 'JPEG-LS Lossless', 'jpeg-ls'),
  jpegFamily('81', 'JPEG-LS Near-Lossless', 'jpeg-ls', true),
  jpegFamily('90', 'JPEG 2000 Lossless', 'jpeg-2000'),
  jpegFamily('91', 'JPEG 2000', 'jpeg-2000', true),
  jpegFamily('92', 'JPEG 2000 Part 2 Lossless', null),
  jpegFamily('93', 'JPEG 2000 Part 2', null, true),
  jpegFamily('94', 'JPIP Referenced', null),
  jpegFamily('95', 'JPIP Referenced Deflate', null),
  jpegFamily('100', 'MPEG-2 Main Profile', null, true),
  jpegFamily('101', 'MPEG-2 High Profile', null, true),
  jpegFamily('102', 'MPEG-4 AVC/H.264 High Profile', null, true),
  jpegFamily('103', 'MPEG-4 AVC/H.264 BD-compatible', null, true),
  jpegFamily('104', 'MPEG-4 AVC/H.264 for 2D video', null, true),
  jpegFamily('105', 'MPEG-4 AVC/H.264 for 3D video', null, true),
  jpegFamily('106', 'MPEG-4 AVC/H.264 Stereo', null, true),
  jpegFamily('107', 'HEVC/H.265 Main Profile', null, true),
  jpegFamily('108', 'HEVC/H.265 Main 10 Profile', null, true),
  jpegFamily('110', 'JPEG XL Lossless', null),
  jpegFamily('111', 'JPEG XL JPEG Recompression', null, true),
  jpegFamily('112', 'JPEG XL', null, true),
  jpegFamily('201', 'High-Throughput JPEG 2000 Lossless', 'htj2k'),
  jpegFamily('202', 'High-Throughput JPEG 2000 RPCL Lossless', 'htj2k'),
  jpegFamily('203', 'High-Throughput JPEG 2000', 'htj2k', true),
];

const BY_UID = new Map(ALL.map((syntax) => [syntax.uid, syntax]));

/**
 * The syntax of a UID. An unknown one (private, newer than this table) has no codec and reads as explicit little endian,
 * as every syntax since 1998 does; its name is the UID.
 */
export function transferSyntax(uid: string): TransferSyntax {
  return BY_UID.get(uid) ?? { ...explicitLittle, uid, name: uid, codec: null };
}
