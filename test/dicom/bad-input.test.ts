/** @file Broken and hostile films: each is refused with its own code or loads with a warning; nothing else ever happens. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FILM_LIMITS, FilmError } from '../../main/dicom/film-error.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { readDicomFile } from '../../main/dicom/part10.ts';
import { describeFilm, displayImage, pixelHash } from '../../main/dicom/render.ts';
import { listTags } from '../../main/dicom/tag-list.ts';
import { film, fixture, fixtureNames, madeFile, outcome } from './fixtures.ts';

const EXPECTED: Readonly<Record<string, string>> = {
  'bits-stored-20.dcm': 'BAD_GEOMETRY',
  'bomb-65535.dcm': 'TOO_LARGE',
  'bomb-frames.dcm': 'TOO_LARGE',
  'constant.dcm': 'read',
  'dicm-only.dcm': 'TRUNCATED',
  'empty-pixeldata.dcm': 'NO_PIXELS',
  'empty.dcm': 'EMPTY_FILE',
  'garbage-in-jpeg.dcm': 'CODEC_FAILED',
  'mpeg4-unsupported.dcm': 'UNSUPPORTED_TRANSFER_SYNTAX',
  'no-photometric.dcm': 'UNSUPPORTED_PHOTOMETRIC',
  'no-pixeldata.dcm': 'NO_PIXELS',
  'no-rows.dcm': 'BAD_GEOMETRY',
  'pixel-length-overflow.dcm': 'read',
  'png-named.dcm': 'WRONG_NAME',
  'rows-too-many.dcm': 'TRUNCATED',
  'rows-zero.dcm': 'BAD_GEOMETRY',
  'says-j2k-is-raw.dcm': 'CODEC_FAILED',
  'slope-zero.dcm': 'read',
  'text-named.dcm': 'NOT_AN_IMAGE',
  'truncated-header.dcm': 'TRUNCATED',
  'truncated-j2k.dcm': 'TRUNCATED',
  'truncated-pixels.dcm': 'TRUNCATED',
  'unknown-photometric.dcm': 'UNSUPPORTED_PHOTOMETRIC',
  'voi-lut-short.dcm': 'read',
  'window-center-empty.dcm': 'read',
  'window-width-zero.dcm': 'read',
  'zeros.dcm': 'NOT_AN_IMAGE',
};

describe('each broken film', () => {
  it.each(fixtureNames('bad'))('%s', async (name) => {
    expect(await outcome(fixture(`bad/${name}`), name)).toBe(EXPECTED[name]);
  });

  it('the ones that load say what is wrong with them', async () => {
    const codes = async (name: string) => (await film(`bad/${name}`)).warnings.map(({ code }) => code);
    expect(await codes('constant.dcm')).toEqual(['CONSTANT_PICTURE']);
    expect(await codes('slope-zero.dcm')).toEqual(['SLOPE_ZERO']);
    expect(await codes('window-width-zero.dcm')).toEqual(['WINDOW_IGNORED']);
    expect(await codes('window-center-empty.dcm')).toEqual(['WINDOW_IGNORED']);
    expect(await codes('voi-lut-short.dcm')).toEqual(['LUT_IGNORED']);
    expect((await film('bad/voi-lut-short.dcm')).voiLuts[0]?.kind).toBe('window');
  });

  it('films made alike by a slope of 0 are still told apart', async () => {
    const [a, b] = [await film('bad/slope-zero.dcm'), await film('bad/constant.dcm')];
    expect(pixelHash(a)).not.toBe(pixelHash(b));
  });

  it('the message names the syntax that is not read', async () => {
    await expect(film('bad/mpeg4-unsupported.dcm')).rejects.toThrow(
      /MPEG-4 AVC\/H\.264.*1\.2\.840\.10008\.1\.2\.4\.102/,
    );
  });
});

/** A film whose compressed pixels end at `share`, with all lengths made to fit. */
function cutCodestream(bytes: Uint8Array, share: number): Uint8Array {
  const fragment = readDicomFile(bytes).dataSet.elements.get(0x7fe00010)?.fragments?.[1];
  if (fragment === undefined) throw new Error('the fixture is compressed');
  const length = Math.floor((fragment.length * share) / 2) * 2;
  const cut = new Uint8Array(fragment.offset + length + 8);
  cut.set(bytes.subarray(0, fragment.offset + length));
  new DataView(cut.buffer).setUint32(fragment.offset - 4, length, true);
  cut.set([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0], fragment.offset + length);
  return cut;
}

describe('a codestream that ends early is refused, and the next film is not harmed', () => {
  const compressed = [
    'rle',
    'jpeg-baseline',
    'jpeg-extended12',
    'jpeg-lossless-sv1',
    'jpeg-ls',
    'j2k',
    'htj2k-lossless',
  ];

  it.each(compressed)('%s', async (name) => {
    const bytes = fixture(`good/${name}.dcm`);
    const before = describeFilm(await readFilm(bytes, name)).rawSha256;
    for (const share of [0.3, 0.9]) {
      expect(['CODEC_FAILED', 'TRUNCATED']).toContain(await outcome(cutCodestream(bytes, share), name));
    }
    expect(describeFilm(await readFilm(bytes, name)).rawSha256).toBe(before);
  });
});

describe('limits come before any allocation', () => {
  /** The film with a 16-bit header value replaced. */
  function patched(name: string, tag: number, value: number): Uint8Array {
    const bytes = fixture(name);
    const element = readDicomFile(bytes).dataSet.elements.get(tag);
    if (element === undefined) throw new Error('the fixture has this element');
    new DataView(bytes.buffer).setUint16(element.offset, value, true);
    return bytes;
  }

  it('a codestream larger than its header says is refused before the decoder runs', async () => {
    for (const name of [
      'good/j2k.dcm',
      'good/jpeg-lossless-sv1.dcm',
      'good/jpeg-ls.dcm',
      'good/htj2k-lossless.dcm',
    ]) {
      expect(await outcome(patched(name, 0x00280010, 50), name)).toBe('BAD_GEOMETRY');
    }
  });

  it('sequences nested without end are refused', async () => {
    const head = fixture('good/explicit-le.dcm').subarray(0, 400);
    const meta = readDicomFile(fixture('good/explicit-le.dcm')).meta;
    const end = Math.max(
      ...[...(meta?.elements.values() ?? [])].map(({ offset, length }) => offset + length),
    );
    const level = [
      0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff,
      0xff, 0xff,
    ];
    const nested = Array.from({ length: 5000 }, () => level).flat();
    expect(await outcome(Uint8Array.from([...head.subarray(0, end), ...nested]), 'deep.dcm')).toBe(
      'MALFORMED',
    );
  });

  it('implicit sequences of known length, read when they are asked for, are refused as deep as explicit ones', () => {
    const tag = [0x08, 0x00, 0x40, 0x11];
    const word = (value: number) => [0, 8, 16, 24].map((bits) => (value >>> bits) & 255);
    const levels = 20_000;
    // Heads alone: at each level a sequence and its item reach to the end.
    const bytes = Uint8Array.from({ length: levels * 16 }, () => 0);
    for (let level = 0; level < levels; level += 1) {
      const left = (levels - level) * 16;
      bytes.set([...tag, ...word(left - 8), 0xfe, 0xff, 0x00, 0xe0, ...word(left - 16)], level * 16);
    }
    expect(() => listTags(bytes)).toThrow(FilmError);
    const nested = (depth: number) => listTags(bytes.slice((levels - depth) * 16));
    expect(nested(FILM_LIMITS.depth)).toHaveLength(FILM_LIMITS.depth);
    expect(() => nested(FILM_LIMITS.depth + 2)).toThrow('nested more than 16 levels deep');
  });

  it.each([
    [
      '4:2:2 of columns that are no pairs',
      { photometric: 'YBR_FULL_422', rows: 3, cols: 3, bits: 8, samples: 3 },
    ],
    ['signed 4:2:2', { photometric: 'YBR_FULL_422', rows: 2, cols: 2, bits: 8, samples: 3, signed: true }],
    ['colour of single bits', { photometric: 'RGB', rows: 8, cols: 8, bits: 1, samples: 3 }],
  ])('%s is refused by name', async (_, image) => {
    const file = madeFile({ ...image, pixels: new Uint8Array(64) });
    expect(await outcome(file, 'odd.dcm')).toBe('UNSUPPORTED_PIXELS');
  });

  it('a deflated film that unpacks without end is refused', async () => {
    const { deflateRawSync } = await import('node:zlib');
    const bytes = fixture('good/deflated.dcm');
    const meta = readDicomFile(bytes).meta;
    const end = Math.max(
      ...[...(meta?.elements.values() ?? [])].map(({ offset, length }) => offset + length),
    );
    const bomb = deflateRawSync(Buffer.alloc(FILM_LIMITS.inflatedFloor + 1), { level: 1 });
    expect(await outcome(new Uint8Array([...bytes.subarray(0, end), ...bomb]), 'bomb.dcm')).toBe('TOO_LARGE');
  });
});

describe('damaged at random', () => {
  const names = [
    'explicit-le',
    'implicit-le',
    'explicit-be',
    'deflated',
    'rle',
    'jpeg-lossless-sv1',
    'jpeg-ls',
    'j2k',
    'phi-1',
    'palette-grey',
  ];

  it('a film reads or is refused, and never anything else', async () => {
    const change = fc.record({ at: fc.nat(2_000_000), value: fc.integer({ min: 0, max: 255 }) });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(change, { minLength: 1, maxLength: 12 }),
        fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
        fc.boolean(),
        async (name, changes, keep, headerOnly) => {
          const bytes = fixture(`good/${name}.dcm`);
          for (const { at, value } of changes) bytes[at % (headerOnly ? 1400 : bytes.length)] = value;
          const file = keep === null ? bytes : bytes.subarray(0, Math.floor(bytes.length * keep));
          try {
            const read = await readFilm(file, `${name}.dcm`);
            describeFilm(read);
            displayImage(read);
            listTags(file);
          } catch (error) {
            refused += 1;
            if (!(error instanceof FilmError)) throw error;
          }
        },
      ),
      { seed: 2024, numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(20);
    expect(refused).toBeLessThan(200);
  });
});
