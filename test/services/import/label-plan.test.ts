/** @file A labels file: header read, cells understood, and every way of being wrong refused with words before any import. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  nearestFindings,
  resolveMapping,
  suggestMapping,
  unusedColumns,
} from '../../../main/services/import/column-mapping.ts';
import { readCsvTable } from '../../../main/services/import/csv-table.ts';
import { planLabels, type FilmLabels } from '../../../main/services/import/label-plan.ts';
import { parseAge, parseLabel, parsePart } from '../../../main/services/import/label-values.ts';
import { SAMPLES_DIR } from '../../../main/services/library/sample-library.ts';
import type { ColumnMapping } from '../../../shared/contract/library.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { tempFolder } from '../../helpers/temp-library.ts';

function csvFile(content: string | Uint8Array): string {
  const path = join(tempFolder(), 'labels.csv');
  writeFileSync(path, content);
  return path;
}

async function plan(content: string | Uint8Array, mapping: ColumnMapping | null = null) {
  const table = await readCsvTable(csvFile(content));
  return await planLabels(table, resolveMapping(table, mapping));
}

async function refusal(
  content: string | Uint8Array,
  mapping: ColumnMapping | null = null,
): Promise<ServiceError> {
  const error: unknown = await plan(content, mapping).catch((caught: unknown) => caught);
  if (error instanceof ServiceError) return error;
  throw new Error(`expected a refusal, got ${JSON.stringify(error)}`);
}

const labelsOf = (film: FilmLabels | undefined) => Object.fromEntries(film?.labels ?? []);

describe('the header', () => {
  it('of the sample library is understood whole', async () => {
    const table = await readCsvTable(join(SAMPLES_DIR, 'labels.csv'));
    const mapping = suggestMapping(table.columns);
    expect(unusedColumns(table.columns, mapping)).toEqual([]);
    expect(mapping).toMatchObject({
      file: 'file',
      patient: 'patient_id',
      abnormal: 'normal_abnormal',
      part: 'split',
    });
    expect(mapping.findings.map(({ finding }) => finding)).toContain('Pleural effusion');
  });

  it('of VinDr-CXR is understood with its two spellings and its readers', async () => {
    const mapping = suggestMapping([
      'image_id',
      'rad_id',
      'Aortic enlargement',
      'ILD',
      'Other disease',
      'No finding',
    ]);
    expect(mapping.file).toBe('image_id');
    expect(mapping.findings.map(({ finding }) => finding)).toEqual([
      'Aortic enlargement',
      'ILD',
      'Other diseases',
      'No finding',
    ]);
    const { films } = await plan(
      'image_id,rad_id,Edema,No finding\na,R1,1,0\na,R2,0,1\na,R3,1,0\nb,R1,0,1\nb,R2,1,0\n',
    );
    expect(labelsOf(films[0])).toEqual({ Edema: true, 'No finding': false });
    expect(films[0]?.abnormal).toBe(true);
    expect(labelsOf(films[1])).toEqual({ Edema: null, 'No finding': null });
    expect(films[1]?.abnormal).toBeNull();
  });

  it('of NIH ChestX-ray14 names findings in its cells', async () => {
    const { films } = await plan(
      'Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender,View Position\n' +
        '1.png,Cardiomegaly|Effusion,7,058Y,M,PA\n2.png,No Finding,8,411,F,AP\n',
    );
    expect(
      films.map(({ file, patient, ageYears, sex, view }) => [file, patient, ageYears, sex, view]),
    ).toEqual([
      ['1.png', '7', 58, 'M', 'PA'],
      ['2.png', '8', null, 'F', 'AP'],
    ]);
    expect(labelsOf(films[0])).toEqual({ Cardiomegaly: true, 'Pleural effusion': true, 'No finding': false });
    expect(films.map(({ abnormal }) => abnormal)).toEqual([true, false]);
  });

  it('of the Kaggle form has one row a box; a finding that no reader named is absent', async () => {
    const { films } = await plan(
      'image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max\n' +
        'a,Cardiomegaly,3,R1,1,2,3,4\na,Cardiomegaly,3,R2,1,2,3,4\na,ILD,5,R1,1,2,3,4\na,No finding,14,R3,,,,\n' +
        'b,No finding,14,R1,,,,\nb,No finding,14,R2,,,,\n',
    );
    expect(labelsOf(films[0])).toEqual({ Cardiomegaly: true, ILD: false, 'No finding': false });
    expect(labelsOf(films[1])).toEqual({ Cardiomegaly: false, ILD: false, 'No finding': true });
    expect(films.map(({ abnormal }) => abnormal)).toEqual([true, false]);
  });

  it('may use semicolons, a byte order mark and Windows line ends', async () => {
    const { films } = await plan('\ufefffile;Edema\r\na.png;1\r\n');
    expect(films).toHaveLength(1);
    expect(labelsOf(films[0])).toEqual({ Edema: true });
  });
});

describe('cells', () => {
  it('unknown stays unknown and is never negative', () => {
    for (const cell of ['', ' ', 'unknown', 'NaN', '-1', '-1.0', 'n/a', '?'])
      expect(parseLabel(cell)).toBeNull();
    for (const cell of ['1', '1.0', 'yes', 'TRUE', 'positive']) expect(parseLabel(cell)).toBe(true);
    for (const cell of ['0', '0.0', 'no', 'False', 'absent']) expect(parseLabel(cell)).toBe(false);
    for (const cell of ['0.5', '2', 'maybe', 'ja']) expect(parseLabel(cell)).toBeUndefined();
  });

  it.each(['constructor', '__proto__'])('%s is a word like any other that nobody knows', async (word) => {
    expect(parsePart(word)).toBeUndefined();
    expect((await refusal(`file,Edema,${word}\na.png,0,1\n`)).code).toBe('UNKNOWN_LABELS');
    expect((await refusal(`file,finding\na.png,${word}\n`)).code).toBe('UNKNOWN_LABELS');
  });

  it('parts have synonyms; ages have units', () => {
    expect(['valid', 'VAL', 'training', 'Test', ''].map(parsePart)).toEqual([
      'validation',
      'validation',
      'train',
      'test',
      null,
    ]);
    expect(['006M', '45', '45.5', '999', 'old'].map(parseAge)).toEqual([0.5, 45, 45.5, null, null]);
  });

  it('T2 comes from its own column, unknown included, else from “No finding”, else from any finding', async () => {
    const own = await plan('file,normal_abnormal,Edema\na,abnormal,0\nb,normal,0\nc,unknown,1\n');
    expect(own.films.map(({ abnormal }) => abnormal)).toEqual([true, false, null]);
    const derived = await plan('file,Edema,No finding\na,1,0\nb,0,1\nc,,\nd,1,\n');
    expect(derived.films.map(({ abnormal }) => abnormal)).toEqual([true, false, null, true]);
  });

  it('two columns of one finding count together', async () => {
    const { films } = await plan('file,Mass,Nodule\na,1,0\nb,0,0\nc,,0\n');
    expect(films.map((film) => film.labels.get('Nodule/Mass'))).toEqual([true, false, null]);
  });

  it('tells when “No finding” and a finding are both there', async () => {
    expect((await plan('file,Edema,No finding\na,1,1\n')).warnings.join()).toMatch(/1 film/);
  });
});

describe('refused, with words', () => {
  it('no column for the film', async () => {
    expect(await refusal('name_of_it,Edema\na,1\n')).toMatchObject({ code: 'MISSING_COLUMNS' });
  });

  it('a mapping that names a column which is not there', async () => {
    const mapping = { ...suggestMapping(['file', 'Edema']), patient: 'patient_id' };
    const error = await refusal('file,Edema\na,1\n', mapping);
    expect(error.code).toBe('MISSING_COLUMNS');
    expect(error.message).toContain('“patient_id”');
  });

  it('no column for a finding', async () => {
    expect(await refusal('file,width\na,512\n')).toMatchObject({ code: 'MISSING_COLUMNS' });
  });

  it('unknown finding names, with the nearest known ones', async () => {
    const error = await refusal('file,Edema,Cardiomegally,Xyzzy\na,1,1,0\nb,0,0,1\n');
    expect(error.code).toBe('UNKNOWN_LABELS');
    expect(error.detail['unknown']).toEqual(['Cardiomegally', 'Xyzzy']);
    expect(error.message).toContain('perhaps Cardiomegaly');
    expect(await refusal('file,class_name\na,Edemaa\n')).toMatchObject({ code: 'UNKNOWN_LABELS' });
  });

  it('but not when they are mapped, or kept as the file’s own', async () => {
    const base = suggestMapping(['file', 'Edema']);
    const mapping = {
      ...base,
      findings: [
        { column: 'Cardiomegally', finding: 'cardiomegaly' },
        { column: 'Xyzzy', finding: 'Xyzzy' },
      ],
    };
    const { films } = await plan('file,Edema,Cardiomegally,Xyzzy\na,1,1,0\n', mapping);
    expect(labelsOf(films[0])).toEqual({ Cardiomegaly: true, Xyzzy: false });
    const wrong = { ...base, findings: [{ column: 'Xyzzy', finding: 'Cardiomegalyy' }] };
    expect(await refusal('file,Edema,Xyzzy\na,1,0\n', wrong)).toMatchObject({ code: 'UNKNOWN_LABELS' });
  });

  it('two rows for one film that say different things, by name and line', async () => {
    const error = await refusal('file,Edema\na.png,1\nb.png,0\nA.png,0\n');
    expect(error.code).toBe('DUPLICATE_IDS');
    expect(error.message).toContain('line 4');
    expect((await plan('file,Edema\na.png,1\na.png,1\n')).warnings.join()).toMatch(/repeats 1 row/);
  });

  it('one film with two patients, even between readers', async () => {
    expect(await refusal('file,patient,rad_id,Edema\na,1,R1,1\na,2,R2,1\n')).toMatchObject({
      code: 'DUPLICATE_IDS',
    });
  });

  it.each([
    ['nothing', '', /empty/],
    ['a header only', 'file,Edema\n', /no rows/],
    ['a row of other width', 'file,Edema\na,1\nb\n', /line 3/],
    ['an open quote', 'file,Edema\n"a,1\n', /not a table/],
    ['a cell that is no label', 'file,Edema\na,1\nb,0.4\n', /Line 3.*“0\.4”.*“Edema”/],
    ['a row without a film', 'file,Edema\n,1\n', /Line 2/],
    ['a part of another name', 'file,Edema,split\na,1,fold1\n', /“fold1”/],
    ['a column twice', 'file,Edema,Edema\na,1,0\n', /twice/],
    ['a workbook', Uint8Array.from([0x50, 0x4b, 3, 4, 20]), /workbook/],
    [
      'Latin-1 text',
      Uint8Array.from([...Buffer.from('file,Edema\nM'), 0xfc, ...Buffer.from('ller,1\n')]),
      /UTF-8/,
    ],
    ['UTF-16 text', Buffer.from('\ufefffile,Edema\na,1\n', 'utf16le'), /UTF-8/],
  ])('%s', async (_what, content, words) => {
    const error = await refusal(content);
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toMatch(words);
  });

  it('a file that is not there, or a folder', async () => {
    await expect(readCsvTable(join(tempFolder(), 'none.csv'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(readCsvTable(tempFolder())).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

it('ends in a plan or a typed error whatever the bytes are', async () => {
  const sample = readFileSync(join(SAMPLES_DIR, 'labels.csv')).subarray(0, 1500);
  const damaged = fc
    .array(fc.record({ at: fc.nat(sample.length - 1), byte: fc.nat(255) }), { maxLength: 8 })
    .map((changes) => {
      const bytes = Uint8Array.from(sample);
      for (const { at, byte } of changes) bytes[at] = byte;
      return bytes;
    });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(damaged, fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 300 })),
      async (content) => {
        const result: unknown = await plan(content).catch((caught: unknown) => caught);
        if (result instanceof Error) expect(result).toBeInstanceOf(ServiceError);
      },
    ),
    { numRuns: 300, seed: 20 },
  );
});

it('finds the nearest names', () => {
  expect(nearestFindings('Cardiomegalia')).toEqual(['Cardiomegaly']);
  expect(nearestFindings('plural effusion')[0]).toBe('Pleural effusion');
  expect(nearestFindings('device')).toEqual([]);
});
