/** @file Names of overlays: one a film, the same in every call. */
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { overlayPaths } from '../../main/cli/overlay-names.ts';

it('keeps films of one name apart, also where a name is taken or differs only in case', () => {
  const films = ['a/1.dcm', 'b/1.dcm', 'c/1.dcm (2)', 'd/1.DCM', '2.png', 'b/1.dcm'];
  const names = [
    '1.dcm.last.png',
    '1.dcm (2).last.png',
    '1.dcm (2) (2).last.png',
    '1.DCM (3).last.png',
    '2.png.last.png',
    '1.dcm (4).last.png',
  ];
  expect(overlayPaths('out', films, 'last')).toEqual(names.map((name) => join('out', name)));
});
