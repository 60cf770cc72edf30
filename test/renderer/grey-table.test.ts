/** @file Greys of a preview: as the film opens exactly, near the film's own greys when the window is changed. */
import { expect, it } from 'vitest';

import { greyTable } from '../../renderer/src/viewer/grey-table.ts';
import { displayGrey, presetWindow, WINDOW_PRESETS, type VoiLut } from '../../shared/domain/lut.ts';

const WINDOWS: readonly VoiLut[] = [
  { kind: 'window', center: 2000, width: 3600, function: 'LINEAR' },
  { kind: 'window', center: 2000, width: 3600, function: 'SIGMOID' },
  { kind: 'table', first: 0, bits: 10, entries: Array.from({ length: 4096 }, (_, at) => Math.floor(at / 4)) },
];
const shown = (voi: VoiLut, invert: boolean) => ({
  source: {
    modalityLut: { kind: 'rescale', slope: 1, intercept: 0 } as const,
    voiLuts: [voi],
    minStored: 0,
    maxStored: 4095,
    invert,
  },
  isPreview: true,
});

it.each(WINDOWS.flatMap((voi) => [false, true].map((invert) => [voi, invert] as const)))(
  'a preview is shown as it is: $0.kind, inverted $1',
  (voi, invert) => {
    const film = shown(voi, invert);
    const table = greyTable(film, { voi, inverted: false });
    const own = greyTable({ ...film, isPreview: false }, { voi, inverted: false });
    expect(table.first).toBe(0);
    for (const grey of new Set(own.grey)) expect(table.grey[grey]).toBe(grey);
  },
);

it('with a narrower window it shows the greys of the film, as fine as 256 steps allow', () => {
  const [own] = WINDOWS;
  const [, lung] = WINDOW_PRESETS;
  if (own === undefined || lung === undefined) throw new Error('a window and a preset are needed');
  const film = shown(own, false);
  const voi = presetWindow(own, lung, false);
  const chain = { modality: film.source.modalityLut, voi, invert: false };
  const { grey } = greyTable(film, { voi, inverted: false });
  const opened = greyTable({ ...film, isPreview: false }, { voi: own, inverted: false });
  for (let stored = 300; stored < 3700; stored++) {
    const asPreview = grey[opened.grey[stored] ?? 0] ?? 0;
    expect(Math.abs(asPreview - displayGrey(chain, stored))).toBeLessThanOrEqual(2);
  }
});
