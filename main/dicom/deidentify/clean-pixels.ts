/**
 * @file The pixels of a film written anew: decoded by the pixel pipeline, bits beside the stored ones dropped (old devices put
 * overlays there), black boxes set, uncompressed. Comments inside a JPEG do not come along.
 */
import { colourModel, screenColours, type ColourModel } from '../colour.ts';
import type { DicomFile } from '../part10.ts';
import { FilmError } from '../film-error.ts';
import { describeImage, type ImageDescription } from '../image-description.ts';
import { textElement, type NewElement } from '../part10-writer.ts';
import { frameReader } from '../pixel-frames.ts';
import { littleEndianBytes } from '../render.ts';
import type { StoredPixels } from '../stored-pixels.ts';
import type { BlackBox } from './options.ts';

/** Bytes of all frames together that are held in memory at once. */
const MAX_BYTES = 1_500_000_000;

export interface CleanPixels {
  readonly image: ImageDescription;
  /** The image pixel module as the pixels are now written, pixel data last. */
  readonly elements: readonly NewElement[];
  /** Whether the picture was lossy compressed on its way here. */
  readonly lossy: boolean;
}

/** Stored value per sample that shows black in a frame. */
type Black = (frame: number, pixels: StoredPixels) => readonly number[];

/**
 * @param black for films with one sample a pixel; colour films take black by their colour model
 * @throws FilmError as reading the film does; TOO_LARGE
 */
export async function cleanPixels(
  { dataSet, syntax }: DicomFile,
  boxes: readonly BlackBox[],
  black: Black,
): Promise<CleanPixels> {
  const image = describeImage(dataSet);
  const reader = await frameReader(dataSet, image, syntax);
  const model = image.samples === 1 ? null : written(reader.colour, image);
  const bytesEach = model === 'ybr-partial' ? 1 : image.bitsAllocated <= 8 ? 1 : image.bitsAllocated / 8;
  const frameBytes = image.rows * image.cols * image.samples * bytesEach;
  if (frameBytes * image.frames > MAX_BYTES) {
    throw new FilmError(
      'TOO_LARGE',
      `The film has ${image.frames} frames, ${Math.round((frameBytes * image.frames) / 1e6)} MB in all: too large to be written anew.`,
      { frames: image.frames, limit: MAX_BYTES },
    );
  }
  const whole = Buffer.alloc(frameBytes * image.frames);
  for (let frame = 0; frame < image.frames; frame++) {
    // A copy: the reader may give out a view of what it keeps.
    const pixels = screenSamples(reader.read(frame), model, image).slice();
    const values = model === null ? black(frame, pixels) : blackOf(model, image.bitsStored);
    for (const box of boxes) coverBox(pixels, image, box, values);
    whole.set(littleEndianBytes(pixels), frame * frameBytes);
  }
  return { image, elements: pixelModule(image, model, bytesEach, whole), lossy: syntax.lossy };
}

function written(colour: 'rgb' | 'ybr' | null, image: ImageDescription): ColourModel {
  if (colour === null) return colourModel(image.photometric);
  return colour === 'rgb' ? 'rgb' : 'ybr-full';
}

/** YBR_PARTIAL_422 has no uncompressed form that is still in the standard: it becomes RGB. */
function screenSamples(
  pixels: StoredPixels,
  model: ColourModel | null,
  image: ImageDescription,
): StoredPixels {
  if (model !== 'ybr-partial') return pixels;
  const colours = screenColours(pixels, model, image.bitsStored);
  if (colours !== null) return colours;
  const light = (255 / 219) * (255 / (2 ** image.bitsStored - 1));
  const black = (16 * (2 ** image.bitsStored - 1)) / 255;
  return Uint8Array.from(pixels, (_, at) => {
    const value = ((pixels[at - (at % 3)] ?? 0) - black) * light;
    return Math.max(0, Math.min(255, Math.round(value)));
  });
}

function blackOf(model: ColourModel, bitsStored: number): readonly number[] {
  const middle = 2 ** (bitsStored - 1);
  return model === 'ybr-full' ? [0, middle, middle] : [0, 0, 0];
}

/** Sets the pixels of a box, what lies outside of the frame left out. */
export function coverBox(
  pixels: StoredPixels,
  image: Pick<ImageDescription, 'rows' | 'cols' | 'samples'>,
  box: BlackBox,
  values: readonly number[],
): void {
  const { rows, cols, samples } = image;
  const right = Math.min(cols, box.x + box.width);
  const bottom = Math.min(rows, box.y + box.height);
  for (let row = Math.max(0, box.y); row < bottom; row++) {
    for (let col = Math.max(0, box.x); col < right; col++) {
      const at = (row * cols + col) * samples;
      for (let sample = 0; sample < samples; sample++) pixels[at + sample] = values[sample] ?? 0;
    }
  }
}

function words(tag: number, value: number): NewElement {
  return { tag, vr: 'US', value: Uint8Array.of(value & 0xff, value >> 8) };
}

function pixelModule(
  image: ImageDescription,
  model: ColourModel | null,
  bytesEach: number,
  pixels: Uint8Array,
): NewElement[] {
  const allocated = bytesEach * 8;
  const stored = model === 'ybr-partial' ? 8 : image.bitsStored;
  const photometric = model === null ? image.photometric : model === 'ybr-full' ? 'YBR_FULL' : 'RGB';
  return [
    words(0x00280002, image.samples),
    textElement(0x00280004, 'CS', photometric),
    ...(image.samples > 1 ? [words(0x00280006, 0)] : []),
    ...(image.frames > 1 ? [textElement(0x00280008, 'IS', String(image.frames))] : []),
    words(0x00280010, image.rows),
    words(0x00280011, image.cols),
    words(0x00280100, allocated),
    words(0x00280101, stored),
    words(0x00280102, stored - 1),
    words(0x00280103, image.signed ? 1 : 0),
    { tag: 0x7fe00010, vr: allocated > 8 ? 'OW' : 'OB', value: pixels },
  ];
}

/** Attributes that `pixelModule` writes. */
export const PIXEL_ATTRIBUTES: readonly number[] = [
  0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102,
  0x00280103,
];
