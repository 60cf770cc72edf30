/** @file Writes small real DICOM files (explicit little endian, MONOCHROME2, 16 bits) so that tests need no large fixtures. */

export interface TinyFilm {
  readonly rows?: number;
  readonly cols?: number;
  readonly patientId?: string;
  readonly patientName?: string;
  readonly view?: string;
  readonly modality?: string;
  readonly bodyPart?: string;
  /** Pixel Spacing, millimetres: `row\\column`. */
  readonly spacing?: string;
  /** Pixel Aspect Ratio: `height\\width`. */
  readonly aspect?: string;
  readonly studyDate?: string;
  /** Each with the value of a pixel; without them one frame of `pixel`. */
  readonly frames?: readonly ((row: number, col: number) => number)[];
  readonly sopUid?: string;
  /** Value of pixel (row, column), 0…4095. */
  readonly pixel?: (row: number, col: number) => number;
  /** Bytes cut from the end. */
  readonly cut?: number;
}

const LONG = new Set(['OB', 'OW', 'UN', 'SQ', 'UT']);

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const odd = value.length % 2 === 1;
  const padded = odd ? Buffer.concat([value, Buffer.from(vr === 'UI' || vr === 'OB' ? '\0' : ' ')]) : value;
  const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'ascii');
  if (LONG.has(vr)) head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}

const text = (group: number, number: number, vr: string, value: string) =>
  element(group, number, vr, Buffer.from(value, 'latin1'));

function short(group: number, number: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(group, number, 'US', bytes);
}

/** A film whose pixels depend on `seed`: other seeds, other pixels. */
export function pattern(seed: number): (row: number, col: number) => number {
  return (row, col) => (row * 61 + col * 37 + seed * 97 + ((row * col * (seed + 3)) % 251)) % 4096;
}

export function tinyDicom(film: TinyFilm = {}): Buffer {
  const { rows = 32, cols = 24, pixel = pattern(1) } = film;
  const frames = film.frames ?? [pixel];
  const pixels = Buffer.alloc(rows * cols * 2 * frames.length);
  frames.forEach((value, frame) => {
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++)
        pixels.writeUInt16LE(value(row, col), ((frame * rows + row) * cols + col) * 2);
    }
  });
  const syntax = text(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(syntax.length);
  const optional = (group: number, number: number, vr: string, value: string | undefined) =>
    value === undefined ? [] : [text(group, number, vr, value)];
  const body = [
    text(0x0008, 0x0016, 'UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    text(0x0008, 0x0018, 'UI', film.sopUid ?? '1.2.3.4'),
    ...optional(0x0008, 0x0020, 'DA', film.studyDate),
    text(0x0008, 0x0060, 'CS', film.modality ?? 'DX'),
    ...optional(0x0010, 0x0010, 'PN', film.patientName),
    ...optional(0x0010, 0x0020, 'LO', film.patientId),
    ...optional(0x0018, 0x0015, 'CS', film.bodyPart),
    ...optional(0x0018, 0x5101, 'CS', film.view),
    short(0x0028, 0x0002, 1),
    text(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    ...optional(0x0028, 0x0008, 'IS', frames.length > 1 ? String(frames.length) : undefined),
    short(0x0028, 0x0010, rows),
    short(0x0028, 0x0011, cols),
    ...optional(0x0028, 0x0030, 'DS', film.spacing),
    ...optional(0x0028, 0x0034, 'IS', film.aspect),
    short(0x0028, 0x0100, 16),
    short(0x0028, 0x0101, 12),
    short(0x0028, 0x0102, 11),
    short(0x0028, 0x0103, 0),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ];
  const whole = Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', length),
    syntax,
    ...body,
  ]);
  return whole.subarray(0, whole.length - (film.cut ?? 0));
}
