/**
 * @file The one error that reading a film may end in, and the limits that keep a hostile file from taking time or memory.
 * Messages and details never hold identity: no tag values of the patient, no file names.
 */

export const FILM_ERROR_CODES = [
  'EMPTY_FILE',
  'NOT_AN_IMAGE',
  'WRONG_NAME',
  'TRUNCATED',
  'MALFORMED',
  'UNSUPPORTED_TRANSFER_SYNTAX',
  'UNSUPPORTED_PHOTOMETRIC',
  'UNSUPPORTED_PIXELS',
  'NO_PIXELS',
  'BAD_GEOMETRY',
  'TOO_LARGE',
  'CODEC_FAILED',
  'NOT_CLEAN',
] as const;
export type FilmErrorCode = (typeof FILM_ERROR_CODES)[number];

export type FilmErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

/** A film cannot be read. `message` says what is wrong and what a person can do; `detail` holds the numbers. */
export class FilmError extends Error {
  readonly code: FilmErrorCode;
  readonly detail: FilmErrorDetail;

  constructor(code: FilmErrorCode, message: string, detail: FilmErrorDetail = {}) {
    super(message);
    this.name = 'FilmError';
    this.code = code;
    this.detail = detail;
  }
}

/** What a film may ask for before anything is allocated. */
export const FILM_LIMITS = {
  /** Pixels of one frame: five times the largest digital radiograph detectors. */
  framePixels: 100_000_000,
  frames: 20_000,
  samples: 4,
  /** Bytes of one decoded frame. */
  frameBytes: 400_000_000,
  /** Bytes that a deflated data set may unpack to: at most so many, and at most so many times its size above the floor. */
  inflatedBytes: 300_000_000,
  inflatedRatio: 100,
  inflatedFloor: 64_000_000,
  /** Sequences within sequences. */
  depth: 16,
  /** Elements and items of one file, all levels together. */
  elements: 200_000,
  fragments: 100_000,
} as const;
