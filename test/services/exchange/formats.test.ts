/** @file Every format holds what it says it holds, whatever names and numbers a set has; damaged files are refused by name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type {
  AnnotationFormat,
  AnnotationSet,
  FilesByName,
} from '../../../main/services/exchange/annotation-set.ts';
import { cocoFormat, filmsOfCoco, parseCoco } from '../../../main/services/exchange/coco-format.ts';
import { csvFormat } from '../../../main/services/exchange/csv-format.ts';
import { jsonFormat } from '../../../main/services/exchange/json-format.ts';
import {
  holdsLikeness,
  predictionsMatch,
  writePredictions,
} from '../../../main/services/exchange/prediction-formats.ts';
import { vindrFormat } from '../../../main/services/exchange/vindr-format.ts';
import { TABLE_FORMATS, type TableFormat } from '../../../shared/domain/exchange.ts';

const FORMATS: Readonly<Record<TableFormat, AnnotationFormat>> = {
  csv: csvFormat,
  json: jsonFormat(null),
  coco: cocoFormat,
  vindr: vindrFormat,
};
const filesOf = (files: readonly { name: string; bytes: Uint8Array }[]): FilesByName =>
  new Map(files.map(({ name, bytes }) => [name, bytes]));
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Names that tables and spreadsheets trip over. */
const name = fc.oneof(
  fc.constantFrom(
    '=1+1',
    "'=x",
    '-1',
    '@cmd',
    'a,b',
    'a;b',
    'a"b',
    ' led',
    'tail ',
    'zwei\nZeilen',
    'Łódź',
    '0',
    "''",
  ),
  fc.string({ minLength: 1, maxLength: 20 }).filter((value) => !value.includes('\0')),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const pixel = fc
  .double({ min: 0, max: 4000, noNaN: true, noDefaultInfinity: true })
  .map((value) => value + 0);
const hexId = fc.stringMatching(/^[0-9a-f]{32}$/).map((hex) => `film-${hex}`);

const setOf = fc
  .record({
    findings: fc.uniqueArray(
      name.map((one) => one.trim()).filter((one) => one !== ''),
      { minLength: 1, maxLength: 4 },
    ),
    readers: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
  })
  .chain(({ findings, readers }): fc.Arbitrary<AnnotationSet> => {
    const finding = fc.constantFrom(...findings);
    const reader = fc.constantFrom(...readers);
    const film = fc.record({
      filmId: hexId,
      file: name,
      width: fc.integer({ min: 1, max: 5000 }),
      height: fc.integer({ min: 1, max: 5000 }),
      abnormal: fc.option(fc.boolean()),
      labels: fc.uniqueArray(fc.record({ finding, value: fc.boolean() }), { selector: (one) => one.finding }),
      readings: fc
        .uniqueArray(fc.record({ reader, finding, value: fc.boolean() }), {
          selector: (one) => JSON.stringify([one.reader, one.finding]),
        })
        .map((list) => [...Map.groupBy(list, (one) => one.reader).values()].flat()),
      boxes: fc.array(
        fc.record({
          finding,
          reader: fc.option(reader),
          x: pixel,
          y: pixel,
          width: pixel,
          height: pixel,
          frame: fc.nat(3),
          confidence: fc.option(share),
          outline: fc.option(fc.array(fc.tuple(pixel, pixel), { minLength: 3, maxLength: 5 })),
        }),
        { maxLength: 3 },
      ),
      remarks: fc.array(
        fc.record({
          reader,
          kind: fc.constantFrom('answer' as const, 'verdict' as const, 'note' as const),
          about: name,
          value: fc.string({ minLength: 1 }),
        }),
        { maxLength: 2 },
      ),
    });
    return fc.record({
      findings: fc.constant(findings),
      films: fc.uniqueArray(film, { minLength: 1, maxLength: 4, selector: (one) => one.filmId }),
    });
  });

describe.each(TABLE_FORMATS)('%s', (key) => {
  const format = FORMATS[key];

  it('reads back what it wrote, for any set', async () => {
    await fc.assert(
      fc.asyncProperty(setOf, async (set) => {
        // COCO and VinDr give only boxes with an extent.
        const films = set.films.map((film) => ({
          ...film,
          boxes: film.boxes.filter(({ x, y, width, height }) => x + width - x > 0 && y + height - y > 0),
        }));
        const sound = { ...set, films };
        expect(await format.read(filesOf(format.write(sound)))).toEqual(format.held(sound));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('sees a changed byte or refuses it', async () => {
    const set = small();
    const files = format.write(set);
    const [first] = files;
    const changed = text(first?.bytes).replace('Edema', 'Hernia');
    expect(changed).not.toBe(text(first?.bytes));
    const read = await format
      .read(
        filesOf([{ name: first?.name ?? '', bytes: new TextEncoder().encode(changed) }, ...files.slice(1)]),
      )
      .catch(() => null);
    expect(read).not.toEqual(format.held(set));
  });
});

function small(): AnnotationSet {
  return {
    findings: ['Edema', 'Own finding'],
    films: [
      {
        filmId: `film-${'0'.repeat(32)}`,
        file: 'a.dcm',
        width: 40,
        height: 30,
        abnormal: true,
        labels: [{ finding: 'Edema', value: true }],
        readings: [],
        boxes: [
          {
            finding: 'Edema',
            reader: 'R1',
            x: 1.5,
            y: 2,
            width: 10,
            height: 5,
            frame: 0,
            confidence: 0.5,
            outline: null,
          },
        ],
        remarks: [],
      },
      {
        filmId: `film-${'1'.repeat(32)}`,
        file: 'b/a.dcm',
        width: 40,
        height: 30,
        abnormal: null,
        labels: [],
        readings: [
          { reader: 'R1', finding: 'Edema', value: false },
          { reader: 'R2', finding: 'Edema', value: true },
        ],
        boxes: [],
        remarks: [{ reader: 'R1', kind: 'note', about: '', value: 'rotated' }],
      },
    ],
  };
}

it('VinDr-CXR’s layout is the dataset’s own: columns, corners, “No finding” without a box; and says what it has no place for', () => {
  const [labels, boxes] = vindrFormat.write(small());
  const [first, second] = [`film-${'0'.repeat(32)}`, `film-${'1'.repeat(32)}`]; // both are called a.dcm
  expect(text(labels?.bytes).split('\r\n')).toEqual([
    'image_id,rad_id,Edema,Own finding',
    `${first},,1,`,
    `${second},R1,0,`,
    `${second},R2,1,`,
    '',
  ]);
  expect(text(boxes?.bytes).split('\r\n')).toEqual([
    'image_id,rad_id,class_name,x_min,y_min,x_max,y_max',
    `${first},R1,Edema,1.5,2,11.5,7`,
    '',
  ]);
  expect(vindrFormat.leftOut(small())).toEqual([
    '1 film without a box has no row in annotations.csv: a finding without a box was seen, or nobody has read it.',
    'How sure a reader was has no column.',
    'Answers, verdicts and notes have no column.',
  ]);
});

it('VinDr-CXR’s “No finding” is said of a film that somebody has read and found nothing in, and of no other', () => {
  const set = small();
  const [, film] = set.films;
  if (film === undefined) throw new Error('no film');
  const rowsWith = (changed: Partial<typeof film>): string => {
    const [, boxes] = vindrFormat.write({ ...set, films: [{ ...film, ...changed }] });
    return text(boxes?.bytes);
  };
  const no = { reader: 'R1', finding: 'Edema', value: false };
  expect(rowsWith({ readings: [no] })).toContain('No finding');
  expect(rowsWith({ readings: [no, { ...no, reader: 'R2', value: true }] })).not.toContain('No finding');
  expect(rowsWith({ readings: [], labels: [] })).not.toContain('No finding');
});

it('VinDr-CXR’s layout is read as tables of numbers are saved too, and what is no answer is named', async () => {
  const read = (cell: string, place = '1,2,3,4') =>
    vindrFormat.read(
      new Map([
        ['image_labels.csv', new TextEncoder().encode(`image_id,rad_id,Edema\na,R1,${cell}\n`)],
        [
          'annotations.csv',
          new TextEncoder().encode(
            `image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Edema,${place}\n`,
          ),
        ],
      ]),
    );
  for (const [cell, value] of [
    ['1.0', true],
    ['1', true],
    ['0.0', false],
  ] as const) {
    expect((await read(cell)).films[0]?.readings).toEqual([{ reader: 'R1', finding: 'Edema', value }]);
  }
  expect((await read('')).films[0]?.readings).toEqual([]);
  await expect(read('yes')).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('row 2: "yes" under Edema is neither 1 nor 0') as unknown,
  });
  await expect(read('1', '1,2,nan,4')).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

it('a spreadsheet takes no cell for a formula', () => {
  const set = small();
  const [film] = set.films;
  if (film === undefined) throw new Error('no film');
  const [file] = csvFormat.write({ ...set, films: [{ ...film, file: '=HYPERLINK("x")' }] });
  expect(text(file?.bytes)).toContain(`"'=HYPERLINK(""x"")"`);
});

describe('COCO from elsewhere', () => {
  const images = [{ id: 'x1', file_name: 'images/a.png', width: 100, height: 50 }];
  const categories = [{ id: 7, name: 'Effusion' }];
  const read = (annotations: readonly object[], author: string | null = 'Site B') =>
    filmsOfCoco(parseCoco({ images, categories, annotations }), (one) => one, author);

  it('takes boxes and polygons, says how many it cannot use, and whose they are', () => {
    const { set, unusable } = read([
      { image_id: 'x1', category_id: 7, bbox: [1, 2, 3, 4] },
      { image_id: 'x1', category_id: 7, segmentation: [[10, 10, 20, 10, 20, 40]], reader: 'Bo' },
      { image_id: 'x1', category_id: 7, segmentation: { counts: 'abc', size: [50, 100] }, iscrowd: 1 },
      { image_id: 'x1', category_id: 7, bbox: [1, 2, 0, 4] },
    ]);
    expect(unusable).toBe(2);
    expect(set[0]?.size).toEqual({ width: 100, height: 50 });
    expect(set[0]?.boxes).toMatchObject([
      { reader: 'Site B', x: 1, y: 2, width: 3, height: 4 },
      { reader: 'Bo', x: 10, y: 10, width: 10, height: 30 },
    ]);
  });

  it.each([
    [
      'an annotation of an image that is not listed',
      [{ image_id: 'x2', category_id: 7, bbox: [1, 2, 3, 4] }],
      /image x2/,
    ],
    [
      'an annotation of a category that is not listed',
      [{ image_id: 'x1', category_id: 8, bbox: [1, 2, 3, 4] }],
      /category 8/,
    ],
  ])('refuses %s', (_what, annotations, words) => {
    expect(() => read(annotations)).toThrow(words);
  });

  it('refuses an image that is listed twice, and a file that is none', () => {
    const twice = { images: [...images, ...images], categories };
    expect(() => filmsOfCoco(parseCoco(twice), (one) => one, null)).toThrow(/twice/);
    expect(() => parseCoco({ images: [{ id: 1 }], categories: [] })).toThrow(/images.0.file_name/);
  });
});

it.each(TABLE_FORMATS)('scores read back from %s, and a changed one is seen', async (format) => {
  const set = {
    run: {
      id: 'run-00000000',
      name: '=Run',
      method: 'teacher',
      model: 'tiny',
      resolution: 224,
      weightsSha256: 'a'.repeat(64),
      operatingPoints: [],
      likeness: { limit: 17.25, quantile: 0.99, trainFilms: 512, validationFilms: 99 },
    },
    findings: ['Edema', '-odd', 'Hernia'],
    films: [
      {
        filmId: 'film-1',
        file: 'a,b.dcm',
        width: 3,
        height: 4,
        abnormal: 0.1 + 0.2,
        scores: [1e-17, 0.5, 1],
        likeness: { state: 'like' as const, distance: 10 / 7 },
      },
      {
        ...{ filmId: 'film-2', file: '=x', width: 3, height: 4, abnormal: 1, scores: [0, 1 / 3, 2 / 3] },
        likeness: { state: 'unlike' as const, distance: null },
      },
      {
        ...{ filmId: 'film-3', file: 'y', width: 3, height: 4, abnormal: 1, scores: [0, 0, 0] },
        likeness: { state: 'not-fitted' as const, distance: null },
      },
    ],
  };
  const files = writePredictions(set, format);
  expect(await predictionsMatch(set, format, filesOf(files))).toBe(true);
  const [file] = files;
  const changes = [
    ['0.3333333333333333', '0.3333333333333334'],
    ...(holdsLikeness(format)
      ? [
          ['1.4285714285714286', '1.4285714285714288'],
          ['unlike', 'like'],
          ['17.25', '17.5'],
        ]
      : []),
  ] as const;
  for (const [was, is] of changes) {
    const other = text(file?.bytes).replace(was ?? '', is ?? '');
    expect(other).not.toBe(text(file?.bytes));
    const changed = filesOf([{ name: file?.name ?? '', bytes: new TextEncoder().encode(other) }]);
    expect(await predictionsMatch(set, format, changed)).toBe(false);
  }
});

it('likeness stands in the last columns of CSV, so that what stood there before stands where it stood', () => {
  const run = {
    ...{ id: 'run-00000000', name: 'R', method: 'none', model: 'tiny', resolution: 224 },
    ...{ weightsSha256: 'a'.repeat(64), operatingPoints: [] },
    likeness: { limit: 2.5, quantile: 0.99, trainFilms: 512, validationFilms: 99 },
  };
  const film = { filmId: 'film-1', file: 'a.dcm', width: 3, height: 4, abnormal: 1, scores: [0.5] };
  const films = [{ ...film, likeness: { state: 'unlike' as const, distance: 3.75 } }];
  const [file] = writePredictions({ run, findings: ['Edema'], films }, 'csv');
  expect(text(file?.bytes).split('\r\n').slice(0, 2)).toEqual([
    'film_id,file,run_id,weights_sha256,abnormal,Edema,likeness,likeness_distance,likeness_limit',
    `film-1,a.dcm,run-00000000,${'a'.repeat(64)},1,0.5,unlike,3.75,2.5`,
  ]);
});

it('a file of a newer version is refused by its version', async () => {
  const newer = new TextEncoder().encode(JSON.stringify({ format: 'chestlight-annotations', version: 9 }));
  const read = async () => await jsonFormat(null).read(new Map([['annotations.json', newer]]));
  await expect(read()).rejects.toMatchObject({ code: 'INCOMPATIBLE', message: /version 9/ });
});
