/**
 * @file Colour films as colour for the screen and as grey for models and measures: luminance of RGB (ITU-R BT.601, the Y of DICOM's own YBR), of YBR turned into RGB (PS3.3
 * C.7.6.3.1.2), of palette entries. Chest films that come in colour are grey pictures saved by a secondary-capture device.
 */
import type { DataSet } from './data-set.ts';
import { FilmError } from './film-error.ts';
import type { ImageDescription } from './image-description.ts';
import type { StoredPixels } from './stored-pixels.ts';
import { elementBytes, shortValues } from './values.ts';

export type ColourModel = 'rgb' | 'ybr-full' | 'ybr-partial';

/** Colour model of the decoded samples: JPEG 2000 decoders undo YBR_ICT and YBR_RCT themselves. */
export function colourModel(photometric: ImageDescription['photometric']): ColourModel {
  if (photometric === 'YBR_FULL' || photometric === 'YBR_FULL_422') return 'ybr-full';
  return photometric === 'YBR_PARTIAL_422' ? 'ybr-partial' : 'rgb';
}

/** Luminance of interleaved samples, in the samples' own range. [pixels × 3] → [pixels] */
export function luminance(
  samples: StoredPixels,
  model: ColourModel,
  bitsStored: number,
): Uint8Array | Uint16Array {
  const pixels = samples.length / 3;
  const result = bitsStored <= 8 ? new Uint8Array(pixels) : new Uint16Array(pixels);
  const peak = 2 ** bitsStored - 1;
  const half = 2 ** (bitsStored - 1);
  const black = model === 'ybr-partial' ? (16 * peak) / 255 : 0;
  const lightScale = model === 'ybr-partial' ? 255 / 219 : 1;
  const colourScale = model === 'ybr-partial' ? 255 / 224 : 1;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let red = samples[pixel * 3] ?? 0;
    let green = samples[pixel * 3 + 1] ?? 0;
    let blue = samples[pixel * 3 + 2] ?? 0;
    if (model !== 'rgb') {
      const light = (red - black) * lightScale;
      const toBlue = (green - half) * colourScale;
      const toRed = (blue - half) * colourScale;
      red = clamp(light + 1.402 * toRed, peak);
      green = clamp(light - 0.344136 * toBlue - 0.714136 * toRed, peak);
      blue = clamp(light + 1.772 * toBlue, peak);
    }
    result[pixel] = Math.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5);
  }
  return result;
}

/** Interleaved samples as 8-bit red, green, blue, [pixels × 3]; null when every pixel is grey: such a film is a grey picture. */
export function screenColours(
  samples: StoredPixels,
  model: ColourModel,
  bitsStored: number,
): Uint8Array | null {
  const peak = 2 ** bitsStored - 1;
  const half = 2 ** (bitsStored - 1);
  const partial = model === 'ybr-partial';
  const result = new Uint8Array(samples.length);
  let coloured = false;
  for (let at = 0; at + 2 < samples.length; at += 3) {
    let red = samples[at] ?? 0;
    let green = samples[at + 1] ?? 0;
    let blue = samples[at + 2] ?? 0;
    if (model !== 'rgb') {
      const light = partial ? ((red - (16 * peak) / 255) * 255) / 219 : red;
      const toBlue = (green - half) * (partial ? 255 / 224 : 1);
      const toRed = (blue - half) * (partial ? 255 / 224 : 1);
      red = clamp(light + 1.402 * toRed, peak);
      green = clamp(light - 0.344136 * toBlue - 0.714136 * toRed, peak);
      blue = clamp(light + 1.772 * toBlue, peak);
    }
    result[at] = Math.floor((red * 255) / peak + 0.5);
    result[at + 1] = Math.floor((green * 255) / peak + 0.5);
    result[at + 2] = Math.floor((blue * 255) / peak + 0.5);
    coloured ||= differs(result, at);
  }
  return coloured ? result : null;
}

/** More than the rounding of a conversion apart. */
function differs(colours: Uint8Array, at: number): boolean {
  const [red = 0, green = 0, blue = 0] = [colours[at], colours[at + 1], colours[at + 2]];
  return Math.max(red, green, blue) - Math.min(red, green, blue) > 2;
}

function clamp(value: number, peak: number): number {
  return value < 0 ? 0 : value > peak ? peak : value;
}

/** Colour and grey 0…255 of each palette entry; `first` is the stored value of entry 0. */
export interface Palette {
  readonly first: number;
  readonly grey: Uint8Array;
  /** [entries × 3] */
  readonly colours: Uint8Array;
}

const DESCRIPTORS = [0x00281101, 0x00281102, 0x00281103] as const;
const TABLES = [0x00281201, 0x00281202, 0x00281203] as const;
const SEGMENTED = 0x00281221;

/**
 * The palette of PS3.3 C.7.6.3.1.5 and .6.
 * @throws FilmError UNSUPPORTED_PHOTOMETRIC when tables are missing, segmented or shorter than described
 */
export function readPalette(dataSet: DataSet, signed: boolean): Palette {
  if (!dataSet.elements.has(TABLES[0]) && dataSet.elements.has(SEGMENTED)) {
    throw new FilmError(
      'UNSUPPORTED_PHOTOMETRIC',
      'The colour palette is segmented, which is not read here.',
    );
  }
  const channels = DESCRIPTORS.map((tag, index) => readChannel(dataSet, tag, TABLES[index] ?? 0));
  const wide = channels.some((channel) => channel.some((value) => value > 255));
  const [red = [], green = [], blue = []] = channels;
  const length = Math.min(red.length, green.length, blue.length);
  const grey = new Uint8Array(length);
  const colours = new Uint8Array(length * 3);
  for (let index = 0; index < length; index++) {
    const [r, g, b] = [red, green, blue].map((channel) =>
      wide ? (channel[index] ?? 0) >> 8 : (channel[index] ?? 0),
    );
    colours.set([r ?? 0, g ?? 0, b ?? 0], index * 3);
    grey[index] = Math.floor(0.299 * (r ?? 0) + 0.587 * (g ?? 0) + 0.114 * (b ?? 0) + 0.5);
  }
  return { first: shortValues(dataSet, DESCRIPTORS[0], signed)[1] ?? 0, grey, colours };
}

/** Entries of one channel as written: 16-bit words, or bytes where the table is that short. */
function readChannel(dataSet: DataSet, descriptorTag: number, tableTag: number): readonly number[] {
  const [described = 0, , bits = 16] = shortValues(dataSet, descriptorTag);
  const entries = described === 0 ? 65_536 : described;
  const element = dataSet.elements.get(tableTag);
  if (element === undefined) throw missing();
  const packed = bits === 8 && element.length < entries * 2;
  const values = packed ? [...elementBytes(dataSet, element)] : [...shortValues(dataSet, tableTag)];
  if (values.length < entries) throw missing();
  return values.slice(0, entries);
}

function missing(): FilmError {
  return new FilmError(
    'UNSUPPORTED_PHOTOMETRIC',
    'The film is in palette colours, but its palette is missing or too short.',
  );
}

/** Stored palette indices → grey; indices outside the palette take its end entries. */
export function paletteGrey(indices: StoredPixels, palette: Palette): Uint8Array {
  const result = new Uint8Array(indices.length);
  const last = palette.grey.length - 1;
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const at = Math.min(last, Math.max(0, (indices[pixel] ?? 0) - palette.first));
    result[pixel] = palette.grey[at] ?? 0;
  }
  return result;
}

/** Stored palette indices → red, green, blue, [pixels × 3]; null when every entry of the palette is grey. */
export function paletteColours(indices: StoredPixels, palette: Palette): Uint8Array | null {
  const { colours } = palette;
  const last = palette.grey.length - 1;
  const coloured = palette.grey.some((_, entry) => differs(colours, entry * 3));
  if (!coloured) return null;
  const result = new Uint8Array(indices.length * 3);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const at = Math.min(last, Math.max(0, (indices[pixel] ?? 0) - palette.first)) * 3;
    result[pixel * 3] = colours[at] ?? 0;
    result[pixel * 3 + 1] = colours[at + 1] ?? 0;
    result[pixel * 3 + 2] = colours[at + 2] ?? 0;
  }
  return result;
}
