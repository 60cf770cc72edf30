/** @file PNG, JPEG, TIFF and BMP: one picture in many encodings comes out the same; what it loses is said. */
import { describe, expect, it } from 'vitest';

import { readFilm } from '../../main/dicom/film.ts';
import { displayImage, pixelHash } from '../../main/dicom/render.ts';
import { differences, film, fixture, outcome } from './fixtures.ts';

const reference = async () => displayImage(await film('plain/grey8.png'));

describe('the same picture', () => {
  it.each([
    ['grey16.png', 16, 1],
    ['palette.png', 8, 3],
    ['rgb.png', 8, 3],
    ['grey-alpha.png', 8, 1],
    ['rgba.png', 8, 3],
    ['grey.bmp', 8, 1],
    ['rgb24.bmp', 8, 1],
    ['grey.tif', 8, 1],
    ['grey16.tif', 16, 1],
  ])('%s is exact', async (name, bits, samples) => {
    const found = await film(`plain/${name}`);
    expect([found.cols, found.rows, found.bitsStored, found.samples]).toEqual([96, 80, bits, samples]);
    expect(differences(displayImage(found), await reference()).max).toBe(0);
  });

  it.each(['grey.jpg', 'progressive.jpg', 'cmyk.jpg', 'exif-rotated.jpg'])(
    '%s is close, and upright',
    async (name) => {
      const found = await film(`plain/${name}`);
      expect([found.cols, found.rows]).toEqual([96, 80]);
      expect(differences(displayImage(found), await reference()).mean).toBeLessThan(1.5);
    },
  );

  it.each(['bilevel.png', 'bilevel.bmp'])('%s is black and white', async (name) => {
    expect([...new Set(displayImage(await film(`plain/${name}`)))].sort()).toEqual([0, 255]);
  });

  it('16 bits are kept', async () => {
    const [wide, narrow] = [await film('plain/grey16.png'), await film('plain/grey8.png')];
    expect(wide.frame(0)).toBeInstanceOf(Uint16Array);
    expect([...wide.frame(0)]).toEqual([...narrow.frame(0)].map((value) => value * 257));
  });

  it('12 bits in a 16-bit picture are not black', async () => {
    const dim = displayImage(await film('plain/grey12-in-16.png'));
    expect(Math.max(...dim)).toBe(255);
    expect(dim.reduce((sum, grey) => sum + grey, 0) / dim.length).toBeGreaterThan(100);
  });

  it('counts as a duplicate across formats, not after a lossy one', async () => {
    const hash = async (name: string) => pixelHash(await film(`plain/${name}`));
    const own = await hash('grey8.png');
    expect(await hash('grey.tif')).toBe(own);
    expect(await hash('rgb.png')).toBe(own);
    expect(await hash('grey.bmp')).toBe(own);
    expect(await hash('grey.jpg')).not.toBe(own);
  });
});

describe('recognised by content', () => {
  it('a wrong picture ending does not matter, a DICOM ending on a picture does, no ending on DICOM does not', async () => {
    expect((await readFilm(fixture('plain/grey.jpg'), 'x.png')).format).toBe('jpeg');
    expect(await outcome(fixture('plain/grey.jpg'), 'x.dcm')).toBe('WRONG_NAME');
    expect((await readFilm(fixture('good/explicit-le.dcm'), 'no-ending')).format).toBe('dicom');
  });

  it('a film with a TIFF preamble is DICOM', async () => {
    const bytes = fixture('good/explicit-le.dcm');
    bytes.set([0x49, 0x49, 0x2a, 0x00]);
    expect((await readFilm(bytes, 'x.dcm')).format).toBe('dicom');
  });

  it('says what is not used', async () => {
    expect((await film('plain/rgba.png')).warnings.map(({ code }) => code)).toEqual(['ALPHA_DROPPED']);
    expect((await film('plain/grey8.png')).warnings).toEqual([]);
  });
});

describe('broken pictures', () => {
  it.each(['truncated-grey8.png', 'truncated-grey.jpg', 'truncated-grey.tif', 'truncated-grey.bmp'])(
    '%s',
    async (name) => {
      expect(await outcome(fixture(`plain/${name}`), name)).toBe('TRUNCATED');
    },
  );

  it('a BMP that claims more pixels than a film may have is refused before it is read', async () => {
    const bytes = fixture('plain/grey.bmp');
    const view = new DataView(bytes.buffer);
    view.setInt32(18, 60_000, true);
    view.setInt32(22, -60_000, true);
    expect(await outcome(bytes, 'x.bmp')).toBe('TOO_LARGE');
    view.setInt32(18, 0, true);
    expect(await outcome(bytes, 'x.bmp')).toBe('BAD_GEOMETRY');
  });

  it('only the first bytes are right', async () => {
    const signatures = [
      [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
      [0xff, 0xd8, 0xff],
      [0x49, 0x49, 0x2a, 0x00],
    ];
    for (const signature of signatures) {
      expect(['TRUNCATED', 'CODEC_FAILED']).toContain(
        await outcome(Uint8Array.from([...signature, ...Array<number>(64).fill(7)]), 'x'),
      );
    }
  });
});
