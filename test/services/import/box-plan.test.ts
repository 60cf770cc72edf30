/** @file Boxes of readers: every published layout read, scaled to the film, and each wrong line refused before any import. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { boxesWithin, hasBoxes, planBoxes } from '../../../main/services/import/box-plan.ts';
import { readCsvTable } from '../../../main/services/import/csv-table.ts';
import { tempFolder } from '../../helpers/temp-library.ts';

async function plan(content: string) {
  const path = join(tempFolder(), 'boxes.csv');
  writeFileSync(path, content);
  return planBoxes(await readCsvTable(path));
}

describe('layouts', () => {
  it('VinDr-CXR and its Kaggle form: corners, readers, rows without a box, spellings', async () => {
    const boxes = await plan(
      [
        'image_id,rad_id,class_name,x_min,y_min,x_max,y_max',
        'a,R9,Interstitial lung disease,10,20,40.5,60',
        'a,R10,Lung Opacity,1,2,3,4',
        'b,R9,No finding,,,,',
      ].join('\n'),
    );
    expect([...boxes.keys()]).toEqual(['a']);
    expect(boxes.get('a')).toEqual([
      { finding: 'ILD', reader: 'R9', x: 10, y: 20, width: 30.5, height: 40, size: null },
      { finding: 'Lung Opacity', reader: 'R10', x: 1, y: 2, width: 2, height: 2, size: null },
    ]);
    expect(
      hasBoxes(['image_id', 'class_name', 'class_id', 'rad_id', 'x_min', 'y_min', 'x_max', 'y_max']),
    ).toBe(true);
    expect(hasBoxes(['image_id', 'class_name'])).toBe(false);
  });

  it('NIH BBox_List_2017: width and height under its own header', async () => {
    const boxes = await plan(
      'Image Index,Finding Label,"Bbox [x",y,w,h],,,\n00013118_008.png,Infiltrate,225.08,547.01,86.77,79.18,,,\n',
    );
    expect(boxes.get('00013118_008.png')).toMatchObject([
      { finding: 'Infiltration', reader: null, x: 225.08, width: 86.77 },
    ]);
  });
});

describe('refused, nothing imported', () => {
  const header = 'image_id,class_name,x_min,y_min,x_max,y_max';
  it.each([
    ['reversed corners', `${header}\na,Edema,40,20,10,60`, 'BAD_INPUT'],
    ['a negative corner', `${header}\na,Edema,-4,20,10,60`, 'BAD_INPUT'],
    ['words for numbers', `${header}\na,Edema,left,20,10,60`, 'BAD_INPUT'],
    ['a corner that is missing', `${header}\na,Edema,4,,10,60`, 'BAD_INPUT'],
    ['infinity', `${header}\na,Edema,4,5,Infinity,60`, 'BAD_INPUT'],
    ['a label that nobody knows', `${header}\na,Oedemia,4,5,10,60`, 'UNKNOWN_LABELS'],
    ['no columns for a box', 'image_id,class_name,x,y\na,Edema,1,2', 'MISSING_COLUMNS'],
  ])('%s', async (_, content, code) => {
    await expect(plan(content)).rejects.toMatchObject({ code });
  });
});

it('boxes are scaled from the size that the file speaks of; those outside the film are left out', () => {
  const box = { finding: 'Edema', reader: null, x: 512, y: 256, width: 512, height: 128 };
  const film = { rows: 512, cols: 512 };
  expect(boxesWithin([{ ...box, size: { width: 1024, height: 1024 } }], film)).toEqual([
    { finding: 'Edema', reader: null, x: 256, y: 128, width: 256, height: 64 },
  ]);
  expect(boxesWithin([{ ...box, size: null }], film)).toEqual([]);
  const onEdge = { ...box, x: 10, width: 502.4, size: null };
  expect(boxesWithin([onEdge], film)).toMatchObject([{ x: 10, width: 502 }]);
});
