/** @file Which label row belongs to which file. */
import { expect, it } from 'vitest';

import { matchLabels } from '../../../main/services/import/label-index.ts';
import type { FilmLabels } from '../../../main/services/import/label-plan.ts';

const record = (file: string): FilmLabels => ({ file, patient: null, labels: new Map() });

function matched(records: readonly string[], files: readonly string[]) {
  const match = matchLabels(records.map(record), files);
  return {
    pairs: [...match.byFile].map(([file, { file: row }]) => `${row} → ${file}`).sort(),
    unmatched: match.unmatched.map(({ file }) => file),
    ambiguous: match.ambiguous,
  };
}

it('matches by name with or without ending and letter case', () => {
  expect(
    matched(['a.PNG', 'b', '1.2.840.3', 'd.jpg'], ['/x/A.png', '/x/b.dicom', '/x/1.2.840.3.dcm', '/x/d.png']),
  ).toEqual({
    pairs: ['1.2.840.3 → /x/1.2.840.3.dcm', 'a.PNG → /x/A.png', 'b → /x/b.dicom', 'd.jpg → /x/d.png'],
    unmatched: [],
    ambiguous: 0,
  });
});

it('uses folders and endings where names repeat', () => {
  expect(matched(['train/a.png', 'test/a'], ['/x/train/a.png', '/x/test/a.png'])).toEqual({
    pairs: ['test/a → /x/test/a.png', 'train/a.png → /x/train/a.png'],
    unmatched: [],
    ambiguous: 0,
  });
  expect(matched(['a.png'], ['/x/a.png', '/x/a.dcm']).pairs).toEqual(['a.png → /x/a.png']);
  expect(matched(['set\\a.png'], ['/set/a.png']).pairs).toEqual(['set\\a.png → /set/a.png']);
});

it('gives labels to none when nobody can tell', () => {
  expect(matched(['a'], ['/x/1/a.png', '/x/2/a.png'])).toEqual({ pairs: [], unmatched: [], ambiguous: 1 });
  expect(matched(['a.jpg', 'a.tif'], ['/x/a.png'])).toMatchObject({ pairs: [], ambiguous: 2 });
});

it('tells which rows have no file', () => {
  expect(matched(['a', 'b'], ['/x/a.png']).unmatched).toEqual(['b']);
});
