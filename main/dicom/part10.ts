/**
 * @file A DICOM file as a whole (PS3.10): preamble and file meta, or a bare data set; which transfer syntax; inflating.
 * Files in the wild differ from what they say, so the first element is asked before the file meta is believed.
 */
import { constants, inflateRawSync } from 'node:zlib';

import { isKnownVr, readDataSet, type DataSet, type Encoding } from './data-set.ts';
import { FILM_LIMITS, FilmError } from './film-error.ts';
import {
  EXPLICIT_BIG,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  transferSyntax,
  type TransferSyntax,
} from './transfer-syntax.ts';
import { stringValue } from './values.ts';

const TAG_META_LENGTH = 0x00020000;
const TAG_TRANSFER_SYNTAX = 0x00020010;

export interface DicomFile {
  /** Group 0002, or null when the file has none. */
  readonly meta: DataSet | null;
  readonly dataSet: DataSet;
  readonly syntax: TransferSyntax;
  /** The transfer syntax is guessed from the bytes, not named by the file. */
  readonly guessed: boolean;
}

/** True when the bytes start as DICOM does: the mark behind the preamble, or a plausible first element. */
export function looksLikeDicom(bytes: Uint8Array): boolean {
  return hasDicomMark(bytes) || bareEncoding(bytes, 0) !== null;
}

/**
 * A view without Buffer's own `slice`, which shares memory where a typed array's copies.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** True when the bytes have the mark of PS3.10 behind the preamble. */
export function hasDicomMark(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 132 && Buffer.from(bytes.buffer, bytes.byteOffset + 128, 4).toString('latin1') === 'DICM'
  );
}

/**
 * Reads the file's structure, no pixels.
 * @throws FilmError NOT_AN_IMAGE, TRUNCATED, MALFORMED, TOO_LARGE
 */
export function readDicomFile(file: Uint8Array): DicomFile {
  const bytes = plainBytes(file);
  const start = hasDicomMark(bytes) ? 132 : 0;
  if (start === 132 && bytes.length < 144) {
    throw new FilmError(
      'TRUNCATED',
      'The file ends right after its DICOM mark. Copy it again from where it came from.',
    );
  }
  const { meta, end } = readMeta(bytes, start);
  const named = meta === null ? undefined : stringValue(meta, TAG_TRANSFER_SYNTAX);
  if (named === undefined) {
    const encoding = bareEncoding(bytes, end);
    if (encoding === null && end === start) throw notDicom();
    return {
      meta,
      dataSet: readDataSet(bytes, end, encoding ?? IMPLICIT_LITTLE),
      syntax: encoding ?? IMPLICIT_LITTLE,
      guessed: true,
    };
  }
  const syntax = transferSyntax(named);
  if (syntax.deflated)
    return { meta, dataSet: readDataSet(plainBytes(inflate(bytes, end)), 0, syntax), syntax, guessed: false };
  return {
    meta,
    dataSet: readDataSet(bytes, end, writtenEncoding(bytes, end, syntax)),
    syntax,
    guessed: false,
  };
}

/** Group 0002 is always explicit little endian. It ends where its elements end, whatever its length says. */
function readMeta(bytes: Uint8Array, start: number): { meta: DataSet | null; end: number } {
  if (bytes.length - start < 8 || group(bytes, start) !== 0x0002) return { meta: null, end: start };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (bytes.length - at >= 8 && group(bytes, at) === 0x0002) {
    const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
    const long = ['OB', 'UN', 'OW', 'UT', 'SQ'].includes(vr);
    if (long && bytes.length - at < 12) throw metaCut();
    const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const next = at + (long ? 12 : 8) + length;
    if (next > bytes.length) throw metaCut();
    at = next;
  }
  const meta = readDataSet(bytes.subarray(0, at), start, EXPLICIT_LITTLE);
  return { meta: meta.elements.size > (meta.elements.has(TAG_META_LENGTH) ? 1 : 0) ? meta : null, end: at };
}

function metaCut(): FilmError {
  return new FilmError(
    'TRUNCATED',
    'The file ends in its file meta header. Copy it again from where it came from.',
  );
}

function group(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/**
 * How a data set without file meta is written, judged by its first element: a low group, a known VR or a plausible
 * length. null = this is no data set.
 */
function bareEncoding(bytes: Uint8Array, at: number): TransferSyntax | null {
  if (bytes.length - at < 8) return null;
  const little = group(bytes, at);
  const big = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const explicit = isKnownVr(String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isFirstGroup(little)) {
    if (explicit) return EXPLICIT_LITTLE;
    const length = view.getUint32(at + 4, true);
    return length <= bytes.length - at - 8 && length < 65_536 ? IMPLICIT_LITTLE : null;
  }
  return isFirstGroup(big) && explicit ? EXPLICIT_BIG : null;
}

/** Groups that a data set starts with: file meta, DICOMDIR, identification. */
function isFirstGroup(value: number): boolean {
  return value === 0x0002 || value === 0x0004 || value === 0x0008;
}

/** Believes the first element's VR letters over the file meta when the two disagree (a known fault of old archives). */
function writtenEncoding(bytes: Uint8Array, at: number, syntax: TransferSyntax): Encoding {
  if (bytes.length - at < 8 || !syntax.littleEndian) return syntax;
  const explicit = isKnownVr(String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0));
  return explicit === syntax.explicit ? syntax : { explicit, littleEndian: true };
}

function inflate(bytes: Uint8Array, start: number): Uint8Array {
  const { inflatedBytes, inflatedRatio, inflatedFloor } = FILM_LIMITS;
  const limit = Math.min(inflatedBytes, Math.max(inflatedFloor, (bytes.length - start) * inflatedRatio));
  try {
    return inflateRawSync(bytes.subarray(start), {
      maxOutputLength: limit,
      finishFlush: constants.Z_FINISH,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new FilmError(
        'TOO_LARGE',
        'The deflated file unpacks to far more than a film; it is refused as unsafe.',
        {
          limit,
        },
      );
    }
    if (code === 'Z_BUF_ERROR') {
      throw new FilmError(
        'TRUNCATED',
        'The deflated file is cut short. Copy it again from where it came from.',
      );
    }
    throw new FilmError(
      'MALFORMED',
      'The deflated file cannot be unpacked; it is damaged. Ask for the film again.',
      {
        zlib: code,
      },
    );
  }
}

function notDicom(): FilmError {
  return new FilmError('NOT_AN_IMAGE', 'This is neither a DICOM file nor a PNG, JPEG, TIFF or BMP picture.');
}
