/** @file Stored pixels of every transfer syntax against pydicom, and what reading a film promises about its frames. */
import { describe, expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { describeFilm, pixelHash, rawSha256 } from '../../main/dicom/render.ts';
import { tinyDicom } from '../helpers/tiny-dicom.ts';
import { film, golden } from './fixtures.ts';

describe('every transfer syntax and pixel layout', () => {
  it.each(golden.filter(([, row]) => row.rawSha256 !== null))(
    '%s: stored pixels equal pydicom',
    async (name, row) => {
      const found = describeFilm(await film(`good/${name}`));
      const { rows, cols, frames, samples, photometric, bitsStored, signed, rawSha256: sha } = row;
      expect(found).toMatchObject({
        rows,
        cols,
        frames,
        samples,
        photometric,
        bitsStored,
        signed,
        rawSha256: sha,
      });
      expect(found.mlut.min).toBeCloseTo(row.mlut?.min ?? NaN, 6);
      expect(found.mlut.max).toBeCloseTo(row.mlut?.max ?? NaN, 6);
      expect(found.mlut.mean).toBeCloseTo(row.mlut?.mean ?? NaN, 6);
    },
  );

  it.each(golden.filter(([, row]) => row.rawSha256 === null && row.mlut !== null))(
    '%s: lossy, within one grey level on average of the uncompressed film',
    async (name, row) => {
      const found = describeFilm(await film(`good/${name}`));
      expect(found).toMatchObject({ rows: row.rows, cols: row.cols, bitsStored: row.bitsStored });
      expect(Math.abs(found.mlut.mean - (row.mlut?.mean ?? NaN))).toBeLessThan(1);
    },
  );

  it('the same film in fourteen forms is one film, another film is not', async () => {
    const names = golden.filter(([, row]) => row.rawSha256 !== null && row.cols === 96).map(([name]) => name);
    const hashes = new Map<string, string[]>();
    for (const name of names) {
      const hash = pixelHash(await film(`good/${name}`));
      hashes.set(hash, [...(hashes.get(hash) ?? []), name]);
    }
    const same = [...hashes.values()].filter((group) => group.length > 1).map((group) => group.sort());
    expect(same).toContainEqual(
      [
        'deflated.dcm',
        'explicit-be.dcm',
        'explicit-le.dcm',
        'implicit-le.dcm',
        'j2k-4-fragments.dcm',
        'j2k.dcm',
        'jpeg-lossless-sv1.dcm',
        'jpeg-lossless-sv6.dcm',
        'jpeg-ls.dcm',
        'rle.dcm',
      ].sort(),
    );
    // The colour, the palette and the YBR capture show the same film; so do the two forms of the multiframe one.
    expect(same).toContainEqual(['multiframe-rle.dcm', 'multiframe2.dcm']);
    expect(same).toContainEqual(['palette-grey.dcm', 'rgb-secondary-capture.dcm']);
    expect(same).toHaveLength(3);
  });
});

describe('frames', () => {
  it('each frame is its own, compressed or not, and others do not exist', async () => {
    const plain = await film('good/multiframe2.dcm');
    const packed = await film('good/multiframe-rle.dcm');
    expect(plain.frames).toBe(2);
    expect(rawSha256(packed.frame(1))).toBe(rawSha256(plain.frame(1)));
    expect(rawSha256(plain.frame(1))).not.toBe(rawSha256(plain.frame(0)));
    for (const index of [-1, 2, 0.5]) expect(() => plain.frame(index)).toThrow(RangeError);
  });

  it('bits outside BitsStored are dropped and the sign is extended', async () => {
    const dirty = (await film('good/unused-high-bits-dirty.dcm')).frame(0);
    expect(Math.max(...dirty)).toBeLessThan(4096);
    const signed = await film('good/signed12.dcm');
    expect(signed.frame(0)).toBeInstanceOf(Int16Array);
    expect(Math.min(...signed.frame(0))).toBeLessThan(0);
  });

  it('reading does not change the file it was given, also when it is a Buffer', async () => {
    const { fixture } = await import('./fixtures.ts');
    for (const name of ['explicit-be.dcm', 'unused-high-bits-dirty.dcm', 'signed12.dcm', 'deflated.dcm']) {
      const bytes = Buffer.from(fixture(`good/${name}`));
      const before = Buffer.from(bytes);
      (await readFilm(bytes, name)).frame(0);
      expect(bytes.equals(before)).toBe(true);
    }
  });
});

describe('what the header says', () => {
  it('modality LUT, windows, spacing, padding, aspect', async () => {
    const half = await film('good/rescale-slope-half.dcm');
    expect(half.modalityLut).toEqual({ kind: 'rescale', slope: 0.5, intercept: -100 });
    const many = await film('good/voi-multi-window.dcm');
    expect(many.voiLuts).toHaveLength(3);
    expect(many.voiLuts[0]).toMatchObject({ kind: 'window', center: 1500, width: 1000, function: 'LINEAR' });
    expect((await film('good/voi-sigmoid.dcm')).voiLuts[0]).toMatchObject({ function: 'SIGMOID' });
    expect((await film('good/voi-linear-exact.dcm')).voiLuts[0]).toMatchObject({ function: 'LINEAR_EXACT' });
    const table = await film('good/voi-lut-sequence.dcm');
    expect(table.voiLuts[0]).toMatchObject({ kind: 'table', first: 0 });
    expect(describeFilm(table).window.function).toBe('TABLE');
    expect((await film('good/modality-lut-sequence.dcm')).modalityLut).toMatchObject({ kind: 'table' });
    expect((await film('good/pixel-padding.dcm')).padding).toEqual({ low: 4000, high: 4000 });
    const tall = await film('good/nonsquare-pixels.dcm');
    expect(tall.aspect).toBe(2);
    expect(tall.spacing).toMatchObject({ row: 1, col: 0.5 });
    expect((await film('good/no-preamble-no-meta.dcm')).warnings.map(({ code }) => code)).toEqual([
      'SYNTAX_GUESSED',
    ]);
  });

  it.each([
    ['CR', 'detector'],
    ['DX', 'detector'],
    ['DR', 'detector'],
    ['XR', 'detector'],
    ['OT', 'detector'],
    ['SC', 'detector'],
    ['MG', 'detector'],
    ['CT', 'calibrated'],
  ])('Pixel Spacing alone, of %s, is called %s', async (modality, source) => {
    const bytes = tinyDicom({ modality, spacing: '0.2\\0.2' });
    expect((await readFilm(bytes, 'x.dcm')).spacing).toEqual({ row: 0.2, col: 0.2, source });
  });

  it('the description has exactly the fields that the command line prints', async () => {
    expect(Object.keys(describeFilm(await film('good/explicit-le.dcm')))).toEqual([
      'format',
      'modality',
      'transferSyntax',
      'photometric',
      'rows',
      'cols',
      'frames',
      'bitsStored',
      'signed',
      'samples',
      'rawSha256',
      'mlut',
      'window',
    ]);
  });
});
