/** @file De-identification of whole films: nothing of the patient remains anywhere in the file, the picture does, the record says what was done. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { checkClean } from '../../../main/dicom/deidentify/check.ts';
import { deidentifyFilm, type DeidentifyRequest } from '../../../main/dicom/deidentify/deidentify.ts';
import { DEFAULT_OPTIONS, type DeidentifyOptions } from '../../../main/dicom/deidentify/options.ts';
import { createPseudonyms } from '../../../main/dicom/deidentify/pseudonyms.ts';
import { readFilm } from '../../../main/dicom/film.ts';
import { textElement, writePart10, type NewDataSet } from '../../../main/dicom/part10-writer.ts';
import { displayImage, pixelHash } from '../../../main/dicom/render.ts';
import { listTags, type TagRow } from '../../../main/dicom/tag-list.ts';
import { golden } from '../fixtures.ts';

const ROOT = new URL('../../fixtures/deidentify/', import.meta.url);
const films = new URL('../../fixtures/dicom/', import.meta.url);
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, ROOT)));
const names = readdirSync(ROOT);

const ALL: DeidentifyOptions = {
  shiftDates: true,
  keepPatientCharacteristics: true,
  keepDevice: true,
  keepOverlays: true,
  safePrivate: [],
};

function request(
  options: Partial<DeidentifyOptions> = {},
  more: Partial<DeidentifyRequest> = {},
): DeidentifyRequest {
  return {
    options: { ...DEFAULT_OPTIONS, ...options },
    pseudonyms: createPseudonyms(new Uint8Array(32).fill(7)),
    patient: null,
    boxes: [],
    pixelsSeen: false,
    version: '1.2.3',
    ...more,
  };
}

/** True when `text` stands in the bytes in any common encoding. */
function holds(bytes: Uint8Array, text: string): boolean {
  const buffer = Buffer.from(bytes);
  const plain = /^[\x20-\xff]*$/.test(text) ? (['latin1'] as const) : [];
  return [...plain, 'utf8' as const, 'utf16le' as const].some((code) =>
    buffer.includes(Buffer.from(text, code)),
  );
}

const valueOf = (rows: readonly TagRow[], tag: string): string | undefined =>
  rows.find((row) => row.tag === tag && row.depth === 0)?.value;

describe('canaries', () => {
  const canaries = names.filter((name) => name.startsWith('canaries-'));
  it.each(canaries)('none of %s remains, in whatever field it stood', async (name) => {
    expect(holds(file(name), 'KANARI')).toBe(true);
    for (const options of [{}, { shiftDates: true, keepPatientCharacteristics: true, keepOverlays: true }]) {
      const { bytes, sopInstanceUid, patientCode } = await deidentifyFilm(file(name), request(options));
      expect(holds(bytes, 'KANARI')).toBe(false);
      expect(holds(bytes, '1.2.826.0.1.3680043')).toBe(false);
      expect(sopInstanceUid + patientCode).not.toContain('KANARI');
    }
  });

  it('bits beside the stored ones are empty', async () => {
    const { bytes } = await deidentifyFilm(file('canaries-explicit.dcm'), request());
    const pixels = new Uint16Array(bytes.slice(-512).buffer);
    expect(Math.max(...pixels)).toBeLessThan(4096);
    const before = new Uint16Array(file('canaries-explicit.dcm').slice(-512 - 28, -28).buffer);
    expect([...pixels]).toEqual(Array.from(before, (value) => value & 0xfff));
    expect(Math.max(...before)).toBeGreaterThan(4096);
  });

  it('the option for the machine keeps what tells of the machine and nothing else', async () => {
    const { bytes, actions } = await deidentifyFilm(
      file('canaries-explicit.dcm'),
      request({ keepDevice: true }),
    );
    const found = Buffer.from(bytes)
      .toString('latin1')
      .match(/KANARI\w+/g);
    const kept = actions.filter(({ treatment, after }) => treatment === 'kept' && after.includes('KANARI'));
    expect(kept.map(({ tag }) => tag)).toEqual(['(0008,0070)']);
    expect(found).toEqual([kept[0]?.before.trim()]);
  });
});

describe('names in other alphabets', () => {
  const parts: Readonly<Record<string, readonly string[]>> = {
    latin: ['Müller', 'Jürgen'],
    greek: ['Διονυσιος'],
    russian: ['Петрова', 'Анна'],
    utf8: ["O'Connor", 'Siobhán'],
    japanese: ['Yamada', 'Tarou', '山田', 'やまだ', 'たろう'],
    korean: ['Hong', 'Gildong', '길동'],
  };
  it.each(Object.keys(parts))('%s: no part of the name remains, with every option taken', async (label) => {
    const source = file(`name-${label}.dcm`);
    const { bytes, actions } = await deidentifyFilm(source, request(ALL));
    const shown = JSON.stringify(listTags(bytes));
    for (const part of parts[label] ?? []) {
      expect(JSON.stringify(listTags(source))).toContain(part);
      expect(shown).not.toContain(part);
      expect(holds(bytes, part)).toBe(false);
    }
    expect(shown).toContain('ACME'); // the maker stays, the machine's name with the patient's in it does not
    expect(actions.find(({ tag }) => tag === '(0008,1090)')).toMatchObject({
      treatment: 'removed',
      reason: 'holds-identity',
      after: '',
    });
  });
});

it('records what was done as the standard asks', async () => {
  const plain = listTags((await deidentifyFilm(file('name-utf8.dcm'), request())).bytes);
  expect(valueOf(plain, '(0012,0062)')).toBe('YES');
  expect(valueOf(plain, '(0012,0063)')).toBe('Chestlight 1.2.3\\PS3.15 2026d Annex E');
  expect(valueOf(plain, '(0028,0303)')).toBe('REMOVED');
  const codes = (rows: readonly TagRow[]) =>
    rows
      .filter(({ tag, depth, value }) => tag === '(0008,0100)' && depth === 1 && value.startsWith('113'))
      .map(({ value }) => value);
  expect(codes(plain)).toEqual(['113100']);
  const seen = { pixelsSeen: true, boxes: [{ x: 0, y: 0, width: 2, height: 2 }] };
  const all = listTags((await deidentifyFilm(file('name-utf8.dcm'), request(ALL, seen))).bytes);
  expect(codes(all)).toEqual(['113100', '113101', '113103', '113107', '113108', '113109']);
  expect(valueOf(all, '(0028,0303)')).toBe('MODIFIED');
  expect(valueOf(all, '(0028,0301)')).toBe('NO');
});

it('keeps by option: moved dates at the same distance, characteristics with rare ages capped, the machine', async () => {
  const rows = listTags((await deidentifyFilm(file('name-utf8.dcm'), request(ALL))).bytes);
  const date = (tag: string): number => {
    const text = valueOf(rows, tag) ?? '';
    return Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`);
  };
  expect(date('(0008,0021)') - date('(0008,0020)')).toBe(86_400_000);
  expect(date('(0008,0020)')).toBeLessThan(Date.parse('2019-02-03'));
  expect(valueOf(rows, '(0008,0030)')).toBe('093115');
  expect(valueOf(rows, '(0010,0030)')).toBe('');
  expect(valueOf(rows, '(0010,1010)')).toBe('090Y');
  expect(valueOf(rows, '(0010,0040)')).toBe('F');
  expect(valueOf(rows, '(0018,1000)')).toBe('SN-4711');
  const none = listTags((await deidentifyFilm(file('name-utf8.dcm'), request())).bytes);
  for (const tag of ['(0008,0020)', '(0010,0040)', '(0018,1000)', '(0008,0070)'])
    expect(valueOf(none, tag)).toBe('');
  for (const tag of ['(0008,0021)', '(0010,1010)', '(0010,1030)']) expect(valueOf(none, tag)).toBeUndefined();
});

it('gives the same film the same codes again, films of a patient one code, another key other codes', async () => {
  const once = await deidentifyFilm(file('name-utf8.dcm'), request());
  const again = await deidentifyFilm(file('name-utf8.dcm'), request());
  expect(Buffer.from(again.bytes).equals(once.bytes)).toBe(true);
  const other = await deidentifyFilm(
    file('name-utf8.dcm'),
    request({}, { pseudonyms: createPseudonyms(new Uint8Array(32)) }),
  );
  expect(other.patientCode).not.toBe(once.patientCode);
  expect(other.sopInstanceUid).not.toBe(once.sopInstanceUid);
  const rows = listTags(once.bytes);
  const referenced = rows.find(({ tag, depth }) => tag === '(0008,1155)' && depth === 1);
  expect(referenced?.value).toBe(once.sopInstanceUid); // the film that it was made from is itself: the map is consistent
  expect(once.sopInstanceUid).toMatch(/^2\.25\.(0|[1-9]\d{0,38})$/);
});

it('codes of public schemes stay with a meaning of ours', async () => {
  const rows = listTags((await deidentifyFilm(file('name-utf8.dcm'), request())).bytes);
  const at = rows.findIndex(({ tag }) => tag === '(0054,0220)');
  expect(rows.slice(at + 1, at + 4).map(({ value }) => value)).toEqual([
    '272479007',
    'SCT',
    'postero-anterior',
  ]);
});

it('private elements stay only where the site vouches for them, as plain numbers', async () => {
  const safePrivate = [
    { creator: 'ACME 1.1', group: 0x0019, element: 0x23 },
    { creator: 'ACME 1.1', group: 0x0019, element: 0x24 },
  ];
  const rows = listTags((await deidentifyFilm(file('name-utf8.dcm'), request({ safePrivate }))).bytes);
  const groups = rows.filter(({ tag }) => tag.startsWith('(0019'));
  expect(groups.map(({ tag, value }) => [tag, value])).toEqual([
    ['(0019,0010)', 'ACME 1.1'],
    ['(0019,1023)', '12.5'],
  ]);
  const other = [{ creator: 'ACME 2', group: 0x0019, element: 0x23 }];
  const none = listTags((await deidentifyFilm(file('name-utf8.dcm'), request({ safePrivate: other }))).bytes);
  expect(none.some(({ tag }) => tag.startsWith('(0019'))).toBe(false);
});

it('black boxes cover the picture and the overlay, as the darkest value shown', async () => {
  const boxes = [
    { x: 2, y: 3, width: 4, height: 5 },
    { x: 14, y: 14, width: 50, height: 50 },
  ];
  const source = await readFilm(file('name-latin.dcm'), '');
  const { bytes, actions } = await deidentifyFilm(
    file('name-latin.dcm'),
    request({ keepOverlays: true }, { boxes, pixelsSeen: true }),
  );
  const film = await readFilm(bytes, '');
  const before = source.frame(0);
  const inside = (at: number): boolean => {
    const [row, col] = [Math.floor(at / 16), at % 16];
    return (row >= 3 && row < 8 && col >= 2 && col < 6) || (row >= 14 && col >= 14);
  };
  const black = Math.min(...displayImage(source));
  const shown = displayImage(film);
  film.frame(0).forEach((value, at) => {
    if (inside(at)) expect(shown[at]).toBe(black);
    else expect(value).toBe(before[at]);
  });
  const overlay = actions.find(({ tag }) => tag === '(6000,3000)');
  expect(overlay?.after).toBe('32 bytes');
  const tags = listTags(bytes);
  expect(tags.filter(({ tag }) => tag.startsWith('(6000')).map(({ tag }) => tag)).not.toContain(
    '(6000,0022)',
  );
  const from = Buffer.from(bytes).indexOf(Buffer.from([0x00, 0x60, 0x00, 0x30])) + 12;
  const bits = bytes.subarray(from, from + 32);
  for (let at = 0; at < 256; at++) expect(((bits[at >> 3] ?? 0) >> (at & 7)) & 1).toBe(inside(at) ? 0 : 1);
  expect(valueOf(tags, '(0028,0120)')).toBe('-2000');
});

it('says nothing about writing in the picture without a person and a box', async () => {
  const boxes = [{ x: 0, y: 0, width: 1, height: 1 }];
  for (const more of [{}, { boxes }, { pixelsSeen: true }]) {
    const rows = listTags((await deidentifyFilm(file('name-latin.dcm'), request({}, more))).bytes);
    expect(valueOf(rows, '(0028,0301)')).toBeUndefined();
  }
});

it.each(golden.map(([name]) => name))('%s keeps its picture, read by our reader', async (name) => {
  const source = new Uint8Array(readFileSync(new URL(`good/${name}`, films)));
  const before = await readFilm(source, name);
  const after = await readFilm((await deidentifyFilm(source, request())).bytes, '');
  expect(pixelHash(after)).toBe(pixelHash(before));
  expect(after.frames).toBe(before.frames);
  for (let frame = 0; frame < before.frames; frame++) {
    expect(Buffer.from(after.grey(frame).buffer).equals(Buffer.from(before.grey(frame).slice().buffer))).toBe(
      true,
    );
  }
  expect(after.voiLuts.map(({ kind }) => kind)).toEqual(before.voiLuts.map(({ kind }) => kind));
  expect(after.spacing).toEqual(before.spacing);
  expect(after.invert).toBe(before.invert);
});

it('another reader of DICOM reads what was written', async () => {
  const { data } = createRequire(import.meta.url)('dcmjs') as {
    data: {
      DicomMessage: {
        readFile(bytes: ArrayBuffer): { dict: Record<string, { vr: string; Value: unknown[] }> };
      };
    };
  };
  const { bytes, patientCode } = await deidentifyFilm(file('name-japanese.dcm'), request(ALL));
  const { dict } = data.DicomMessage.readFile(bytes.slice().buffer);
  expect(dict['00100020']?.Value).toEqual([patientCode]);
  expect(dict['00280010']?.Value).toEqual([16]);
  expect(dict['00120064']?.Value).toHaveLength(5);
});

it('a value, a picture or a sequence that was written wrong is found in the second look, by its tag', () => {
  const inner = [textElement(0x00080100, 'SH', '113100'), textElement(0x00080102, 'SH', 'DCM')];
  const meant = [
    textElement(0x00080018, 'UI', '2.25.17'),
    textElement(0x00100020, 'LO', 'P-1'),
    textElement(0x00120062, 'CS', 'YES'),
    { tag: 0x00120064, vr: 'SQ', value: [inner] },
    { tag: 0x7fe00010, vr: 'OW', value: Uint8Array.of(1, 2, 3, 4) },
  ];
  const meta = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    sopInstanceUid: '2.25.17',
    implementationVersion: 'TEST',
  };
  const check = (written: Uint8Array) => {
    const rest = { options: DEFAULT_OPTIONS, gone: [], uids: new Set<string>(), patientCode: 'P-1' };
    return () => checkClean(written, { ...rest, meant });
  };
  expect(check(writePart10(meta, meant))).not.toThrow();
  const other = (tag: number, value: Uint8Array | NewDataSet[]) =>
    writePart10(
      meta,
      meant.map((one) => (one.tag === tag ? { ...one, value } : one)),
    );
  expect(check(other(0x7fe00010, Uint8Array.of(1, 2, 3, 5)))).toThrow(/7FE0,0010/);
  expect(check(other(0x00120064, [[...inner.slice(1)]]))).toThrow(/0008,0100/);
  expect(check(other(0x00120064, []))).toThrow(/0012,0064/);
  expect(check(writePart10(meta, meant.slice(0, 4)))).toThrow(/7FE0,0010/);
  expect(check(writePart10(meta, [...meant, textElement(0x00280301, 'CS', 'NO')]))).toThrow(/0028,0301/);
});
