/**
 * @file The way into the pixel pipeline: file bytes → `DecodedFilm`. The kind of file is told by its content. Import, viewer,
 * training and command line all read films here and nowhere else.
 */
import {
  defaultWindow,
  IDENTITY_MODALITY,
  storedRange,
  type ModalityLut,
  type VoiLut,
} from '../../shared/domain/lut.ts';
import {
  NO_ATTRIBUTES,
  readAspect,
  readAttributes,
  readIdentity,
  readSpacing,
  sealIdentity,
  type FilmAttributes,
  type FilmIdentity,
  type PixelSpacing,
} from './attributes.ts';
import { colourModel, luminance, paletteColours, paletteGrey, readPalette, screenColours } from './colour.ts';
import type { DataSet } from './data-set.ts';
import { FilmError } from './film-error.ts';
import { readModalityLut, readVoiLuts, type FilmWarning } from './grey-scale.ts';
import { describeImage, type ImageDescription } from './image-description.ts';
import { overlayPlanes, type OverlayPlane } from './overlay-planes.ts';
import { hasDicomMark, looksLikeDicom, plainBytes, readDicomFile, type DicomFile } from './part10.ts';
import { frameReader, type FrameReader } from './pixel-frames.ts';
import { plainFormat, readPlainPicture, type PlainFormat, type PlainPicture } from './plain-picture.ts';
import type { StoredPixels } from './stored-pixels.ts';
import { shortValue, stringValue } from './values.ts';

export type { FilmWarning } from './grey-scale.ts';
export type { FilmAttributes, FilmIdentity, PixelSpacing } from './attributes.ts';
export type { StoredPixels } from './stored-pixels.ts';

export type FilmFormat = 'dicom' | PlainFormat;

export interface DecodedFilm {
  readonly format: FilmFormat;
  /** UID; null for plain pictures. */
  readonly transferSyntax: string | null;
  readonly modality: string | null;
  readonly photometric: string;
  readonly rows: number;
  readonly cols: number;
  readonly frames: number;
  /** Samples a pixel: 1, or 3 for colour. */
  readonly samples: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly spacing: PixelSpacing | null;
  /** Height : width of one pixel; 1 = square. */
  readonly aspect: number;
  /** Stored values (both ends included) that fill the area outside the picture. */
  readonly padding: { readonly low: number; readonly high: number } | null;
  readonly modalityLut: ModalityLut;
  /** The film's own usable VOI LUTs, tables first; a film without any has one computed window. Never empty. */
  readonly voiLuts: readonly VoiLut[];
  /** True when `voiLuts` was computed, not written in the film. */
  readonly voiComputed: boolean;
  /** MONOCHROME1: inverted after the VOI LUT. */
  readonly invert: boolean;
  readonly attributes: FilmAttributes;
  readonly identity: FilmIdentity;
  readonly warnings: readonly FilmWarning[];
  /** Stored values of a frame, [rows × cols × samples], bits outside BitsStored dropped, sign extended. */
  frame(index: number): StoredPixels;
  /** One value a pixel, [rows × cols]: the stored values, or the luminance of a colour film. The LUTs apply to these. */
  grey(index: number): StoredPixels;
  /** The LUTs of one frame: an enhanced film may give each its own (PS3.3 C.7.6.16). The film's own ones are frame 0's. */
  scaleOf(index: number): Pick<DecodedFilm, 'modalityLut' | 'voiLuts'>;
  /** 8-bit red, green, blue, [rows × cols × 3]; null for a film without colour, also when it is stored as one with. */
  colour(index: number): Uint8Array | null;
  /** Graphics over a frame, which are no part of its pixels (PS3.3 C.9.2). */
  overlays(index: number): readonly OverlayPlane[];
  /** Bits of the values in `grey`. */
  readonly greyBits: number;
}

const DICOM_NAME = /\.(dcm|dicom|dic)$/i;

/**
 * Reads a film and decodes its first frame.
 * @param fileName only its ending is used: a picture that is named as DICOM is refused, as somebody mixed files up
 * @throws FilmError; no other error, whatever the bytes are
 */
export async function readFilm(file: Uint8Array, fileName: string): Promise<DecodedFilm> {
  const bytes = plainBytes(file);
  if (bytes.length === 0)
    throw new FilmError('EMPTY_FILE', 'The file is empty (0 bytes). Copy it again from where it came from.');
  // The DICOM mark first: a preamble may make the file a TIFF as well.
  const plain = hasDicomMark(bytes) ? null : plainFormat(bytes);
  if (plain !== null) {
    if (DICOM_NAME.test(fileName)) {
      throw new FilmError(
        'WRONG_NAME',
        `The file is named as DICOM but holds a ${plain.toUpperCase()} picture. Rename it to .${plain} if that is what you want.`,
        { format: plain },
      );
    }
    return plainFilm(await readPlainPicture(bytes, plain));
  }
  if (!looksLikeDicom(bytes)) {
    throw new FilmError('NOT_AN_IMAGE', 'This is neither a DICOM file nor a PNG, JPEG, TIFF or BMP picture.');
  }
  return dicomFilm(readDicomFile(bytes));
}

function once<T>(make: (index: number) => T): (index: number) => T {
  let first: { value: T } | null = null;
  return (index) => {
    if (index !== 0) return make(index);
    first ??= { value: make(0) };
    return first.value;
  };
}

function checkedFrames<T>(frames: number, read: (index: number) => T): (index: number) => T {
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= frames) {
      throw new RangeError(`The film has ${frames} frames, asked for frame ${index}.`);
    }
    return read(index);
  };
}

async function dicomFilm(file: DicomFile): Promise<DecodedFilm> {
  const { dataSet, syntax } = file;
  if (syntax.codec === null) {
    throw new FilmError(
      'UNSUPPORTED_TRANSFER_SYNTAX',
      `The pixels are compressed as ${syntax.name} (${syntax.uid}), which is not read here. Export the film uncompressed, as JPEG, JPEG-LS, JPEG 2000 or RLE.`,
      { transferSyntax: syntax.uid },
    );
  }
  const image = describeImage(dataSet);
  const warnings: FilmWarning[] = [];
  const warn = (warning: FilmWarning) => {
    if (!warnings.some(({ message }) => message === warning.message)) warnings.push(warning);
  };
  if (file.guessed)
    warn({ code: 'SYNTAX_GUESSED', message: 'The file does not name its transfer syntax; it was guessed.' });
  const { read, colour: written } = await frameReader(dataSet, image, syntax);
  const frame = checkedFrames(image.frames, once(read));
  const readers = pixelReaders(dataSet, image, frame, written);
  const grey = checkedFrames(image.frames, once(readers.grey));
  const scale = readGreyScale(dataSet, image, grey(0), warn);
  const modality = stringValue(dataSet, 0x00080060) ?? null;
  const spacing = readSpacing(dataSet, modality);
  return {
    format: 'dicom',
    transferSyntax: syntax.uid,
    modality,
    photometric: image.photometric,
    rows: image.rows,
    cols: image.cols,
    frames: image.frames,
    samples: image.samples,
    bitsAllocated: image.bitsAllocated,
    bitsStored: image.bitsStored,
    signed: image.signed,
    spacing,
    aspect: readAspect(dataSet, spacing),
    ...scale,
    invert: image.photometric === 'MONOCHROME1',
    attributes: readAttributes(dataSet),
    identity: readIdentity(dataSet),
    warnings,
    frame,
    grey,
    colour: checkedFrames(image.frames, readers.colour),
    overlays: checkedFrames(image.frames, (index) => overlayPlanes(dataSet, image, syntax, index)),
    scaleOf: checkedFrames(image.frames, (index) => {
      if (index === 0 || !isMonochrome(image)) return scale;
      const modalityLut = readModalityLut(dataSet, image.signed, warn, index);
      const own = readVoiLuts(dataSet, modalityLut, image.signed, warn, index);
      // Frames without a window share the computed one: they stay comparable.
      return { modalityLut, voiLuts: own.length > 0 ? own : scale.voiLuts };
    }),
  };
}

function isMonochrome(image: ImageDescription): boolean {
  return image.photometric === 'MONOCHROME1' || image.photometric === 'MONOCHROME2';
}

type PixelReaders = Pick<DecodedFilm, 'grey' | 'colour'>;

/** @param written what a JPEG says about its colours, which counts more than the header */
function pixelReaders(
  dataSet: DataSet,
  image: ImageDescription,
  frame: (index: number) => StoredPixels,
  written: FrameReader['colour'],
): PixelReaders {
  if (isMonochrome(image)) return { grey: frame, colour: () => null };
  if (image.photometric === 'PALETTE COLOR') {
    const palette = readPalette(dataSet, image.signed);
    return {
      grey: (index) => paletteGrey(frame(index), palette),
      colour: (index) => paletteColours(frame(index), palette),
    };
  }
  const header = colourModel(image.photometric);
  const model = written === null ? header : written === 'rgb' ? 'rgb' : 'ybr-full';
  return {
    grey: (index) => luminance(frame(index), model, image.bitsStored),
    colour: (index) => screenColours(frame(index), model, image.bitsStored),
  };
}

type GreyScale = Pick<DecodedFilm, 'padding' | 'modalityLut' | 'voiLuts' | 'voiComputed' | 'greyBits'>;

/** Modality and VOI LUTs apply to monochrome films only (PS3.3 C.7.6.3.1.2); colour is shown as it is. */
function readGreyScale(
  dataSet: DataSet,
  image: ImageDescription,
  grey: StoredPixels,
  warn: (warning: FilmWarning) => void,
): GreyScale {
  if (!isMonochrome(image)) {
    const greyBits = image.photometric === 'PALETTE COLOR' ? 8 : image.bitsStored;
    return {
      padding: null,
      modalityLut: IDENTITY_MODALITY,
      voiLuts: [fullRange(greyBits)],
      voiComputed: true,
      greyBits,
    };
  }
  if (grey.length > 1 && grey.every((value) => value === grey[0])) {
    warn({ code: 'CONSTANT_PICTURE', message: 'Every pixel has the same value: there is nothing to see.' });
  }
  const modalityLut = readModalityLut(dataSet, image.signed, warn);
  const own = readVoiLuts(dataSet, modalityLut, image.signed, warn);
  const padding = readPadding(dataSet, image.signed);
  const { bitsStored, signed } = image;
  const input = { modality: modalityLut, bitsStored, signed, padding: padding ?? undefined };
  const voiLuts = own.length > 0 ? own : [defaultWindow(grey, input)];
  return { padding, modalityLut, voiLuts, voiComputed: own.length === 0, greyBits: bitsStored };
}

function fullRange(bits: number): VoiLut {
  const { max } = storedRange(bits, false);
  return { kind: 'window', center: max / 2, width: max, function: 'LINEAR_EXACT', explanation: 'full range' };
}

/** Pixel Padding Value (0028,0120) and, for a range, its limit (0028,0121). */
function readPadding(dataSet: DataSet, signed: boolean): DecodedFilm['padding'] {
  const value = shortValue(dataSet, 0x00280120, signed);
  if (value === undefined) return null;
  const limit = shortValue(dataSet, 0x00280121, signed) ?? value;
  return { low: Math.min(value, limit), high: Math.max(value, limit) };
}

function plainFilm(picture: PlainPicture): DecodedFilm {
  const { samples, bits } = picture;
  const frame = checkedFrames(1, () => picture.pixels);
  const grey = checkedFrames(
    1,
    once(() => (samples === 1 ? picture.pixels : luminance(picture.pixels, 'rgb', bits))),
  );
  const voiLuts = [plainWindow(grey(0), bits)];
  return {
    format: picture.format,
    transferSyntax: null,
    modality: null,
    photometric: samples === 1 ? 'MONOCHROME2' : 'RGB',
    rows: picture.rows,
    cols: picture.cols,
    frames: 1,
    samples,
    bitsAllocated: bits,
    bitsStored: bits,
    signed: false,
    spacing: null,
    aspect: 1,
    padding: null,
    modalityLut: IDENTITY_MODALITY,
    voiLuts,
    voiComputed: true,
    invert: false,
    attributes: NO_ATTRIBUTES,
    identity: sealIdentity({}),
    warnings: picture.warnings,
    frame,
    grey,
    scaleOf: checkedFrames(1, () => ({ modalityLut: IDENTITY_MODALITY, voiLuts })),
    overlays: () => [],
    colour: checkedFrames(1, () => (samples === 1 ? null : screenColours(picture.pixels, 'rgb', bits))),
    greyBits: bits,
  };
}

/**
 * 8-bit pictures are shown as they are. So are 16-bit ones that use their range; one that holds 10 to 14 bits of a detector
 * in 16 would be black, so it gets the window that a DICOM film without one gets.
 */
function plainWindow(grey: StoredPixels, bits: number): VoiLut {
  if (bits <= 8) return fullRange(bits);
  const found = defaultWindow(grey, { modality: IDENTITY_MODALITY, bitsStored: bits, signed: false });
  return found.center + found.width / 2 >= 2 ** (bits - 1) ? fullRange(bits) : found;
}
