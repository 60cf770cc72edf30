/** @file Identity that cannot leak, attributes, character sets, the tag list, DICOMDIR. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';

import { readAttributes, sealIdentity } from '../../main/dicom/attributes.ts';
import { decodeText } from '../../main/dicom/character-set.ts';
import { dicomdirFiles, isDicomdir } from '../../main/dicom/dicomdir.ts';
import { readDicomFile } from '../../main/dicom/part10.ts';
import { textElement, writePart10 } from '../../main/dicom/part10-writer.ts';
import { listTags } from '../../main/dicom/tag-list.ts';
import { film, fixture } from './fixtures.ts';

describe('identity', () => {
  it('is read in its own script', async () => {
    const { identity } = await film('good/phi-1.dcm');
    expect(identity.patientName).toBe('Yamada^Tarou=山田^太郎=やまだ^たろう');
    expect(identity.patientId).toBe('JP110077');
    expect(identity.sopUid).toMatch(/^1\.2\.826\./);
  });

  it('does not come out of JSON, strings or inspection of a film', async () => {
    const read = await film('good/phi-1.dcm');
    const printed = [
      JSON.stringify(read),
      inspect(read, { depth: 9 }),
      [read.identity as unknown].join(),
      JSON.stringify({ a: read.identity }),
    ];
    for (const text of printed) expect(text).not.toMatch(/Yamada|JP110077|1\.2\.826/);
  });

  it('cannot be changed', () => {
    const identity = sealIdentity({ patientId: 'A' });
    expect(() => Object.assign(identity, { patientId: 'B' })).toThrow(TypeError);
  });
});

it('attributes of the exposure', async () => {
  const { attributes, modality } = await film('good/explicit-le.dcm');
  expect(modality).toBe('DX');
  expect(attributes).toMatchObject({ viewPosition: 'PA', bodyPart: 'CHEST' });
  expect(attributes.ageYears === null || attributes.ageYears > 0).toBe(true);
});

// CID 4010 of PS3.16.
it.each([
  ['272479007', 'PA'],
  ['R-10214', 'PA'],
  ['399348003', 'AP'],
  ['R-10206', 'AP'],
  ['399173006', 'LL'],
  ['399198007', 'RL'],
  ['399067008', 'LATERAL'],
  ['399182000', null],
])('view code %s is %s', (code, view) => {
  const value = [[textElement(0x00080100, 'SH', code), textElement(0x00080102, 'SH', 'SCT')]];
  const meta = { sopClassUid: '1.2.3', sopInstanceUid: '1.2.4', implementationVersion: 'TEST' };
  const { dataSet } = readDicomFile(writePart10(meta, [{ tag: 0x00540220, vr: 'SQ', value }]));
  expect(readAttributes(dataSet).viewPosition).toBe(view);
});

describe('character sets', () => {
  const bytes = (...parts: (string | number)[]) =>
    Uint8Array.from(
      parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])),
    );

  it.each([
    ['ISO_IR 100', bytes('M', 0xfc, 'ller'), 'Müller'],
    ['ISO_IR 144', bytes(0xbb, 0xee, 0xda), 'Люк'],
    ['ISO_IR 126', bytes(0xc4, 0xe9), 'Δι'],
    ['ISO_IR 192', Uint8Array.from(Buffer.from('Wang^小东')), 'Wang^小东'],
    ['GB18030', bytes(0xcd, 0xf5), '王'],
    ['ISO_IR 13', bytes(0xd4, 0xcf), 'ﾔﾏ'],
    ['', bytes('Doe^J'), 'Doe^J'],
  ])('%s', (set, value, text) => {
    expect(decodeText(value, [set])).toBe(text);
  });

  it('switches by escape sequence and back at a delimiter (PS3.5 H.3, I.2)', () => {
    const japanese = bytes('Yamada=', 0x1b, '$B;3ED', 0x1b, '(B^', 0x1b, '$BB@O:', 0x1b, '(B');
    expect(decodeText(japanese, ['', 'ISO 2022 IR 87'])).toBe('Yamada=山田^太郎');
    const korean = bytes('Hong=', 0x1b, '$)C', 0xfb, 0xf3, '^', 0x1b, '$)C', 0xd1, 0xce);
    expect(decodeText(korean, ['', 'ISO 2022 IR 149'])).toBe('Hong=洪^吉');
  });
});

describe('tags', () => {
  it('lists names, nested items and values, and no pixel bytes', () => {
    const rows = listTags(fixture('good/phi-1.dcm'));
    expect(rows.find(({ tag }) => tag === '(0010,0020)')).toEqual({
      tag: '(0010,0020)',
      vr: 'LO',
      keyword: 'PatientID',
      value: 'JP110077',
      depth: 0,
    });
    expect(rows.find(({ keyword }) => keyword === 'PixelData')?.value).toBe('18432 bytes');
    expect(rows.some(({ depth }) => depth > 0)).toBe(true);
  });

  it('is the same for a film with and without value representations', () => {
    const strip = (name: string) =>
      listTags(fixture(`good/${name}.dcm`))
        .filter(({ tag }) => !tag.startsWith('(0002'))
        .map(({ tag, keyword, value }) => [tag, keyword, value].join(' '));
    expect(strip('implicit-le')).toEqual(strip('explicit-le'));
    expect(strip('explicit-be')).toEqual(strip('explicit-le'));
  });
});

describe('DICOMDIR', () => {
  const ascii = (text: string) => [...Buffer.from(text, 'latin1')];
  const element = (group: number, number: number, vr: string, value: number[]) => {
    const padded = value.length % 2 === 0 ? value : [...value, 0];
    const long = vr === 'SQ';
    const length = [padded.length & 0xff, padded.length >> 8];
    return [
      group & 0xff,
      group >> 8,
      number & 0xff,
      number >> 8,
      ...ascii(vr),
      ...(long ? [0, 0, ...length, 0, 0] : length),
      ...padded,
    ];
  };
  const directory = (...ids: string[]) => {
    const items = ids.flatMap((id) => {
      const record = element(0x0004, 0x1500, 'CS', ascii(id));
      return [0xfe, 0xff, 0x00, 0xe0, record.length, 0, 0, 0, ...record];
    });
    return Uint8Array.from([
      ...Array<number>(128).fill(0),
      ...ascii('DICM'),
      ...element(0x0002, 0x0002, 'UI', ascii('1.2.840.10008.1.3.10')),
      ...element(0x0002, 0x0010, 'UI', ascii('1.2.840.10008.1.2.1')),
      ...element(0x0004, 0x1220, 'SQ', items),
    ]);
  };

  it('lists its files once each', () => {
    const bytes = directory('IMG\\I0000000', 'IMG\\I0000001', 'IMG\\I0000001');
    expect(isDicomdir(bytes)).toBe(true);
    expect(dicomdirFiles(bytes)).toEqual({
      files: [
        ['IMG', 'I0000000'],
        ['IMG', 'I0000001'],
      ],
      unsafe: 0,
    });
    expect(isDicomdir(fixture('good/explicit-le.dcm'))).toBe(false);
    expect(isDicomdir(fixture('plain/grey8.png'))).toBe(false);
  });

  it.each(['..\\etc', 'a/b', 'C:', '\\x', '...'])(
    'passes by %s, which could leave its folder, and reads the rest',
    (id) => {
      const read = dicomdirFiles(directory(id, 'IMG\\I0000001'));
      expect(read).toEqual({ files: [['IMG', 'I0000001']], unsafe: 1 });
    },
  );
});
