/** @file The attention figure: ranges of colour, geometry on films of any shape, and the files from a real small model. */
import sharp from 'sharp';
import { expect, it } from 'vitest';

import { layOut } from '../../../main/services/inference/figure/lay-out.ts';
import { blendPane } from '../../../main/services/inference/figure/pane-picture.ts';
import { figureRequest } from '../../../shared/contract/inference.ts';
import { scaleMaps } from '../../../shared/domain/attention-scale.ts';
import { MODEL_SIDE, tokenBox } from '../../../shared/domain/geometry.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { openAppWithFilms, runToEnd, startRun } from '../../helpers/open-app.ts';
import { call } from '../../helpers/temp-library.ts';

/** As SCIENCE allows: at 224 px. */
const TOLERANCE = 8;

it.each([
  [14, 480, 480],
  [14, 400, 480],
  [7, 480, 390],
  [4, 333, 480],
])('lays a cell of a %i × %i grid over its place on the film', (grid, width, height) => {
  const film = { grey: new Uint8Array(width * height), width, height };
  for (const cell of [0, grid + 2, grid * grid - 1]) {
    const shares = Array.from({ length: grid * grid }, (_, index) => Number(index === cell));
    const pixels = blendPane(film, { shares, grid, colourMap: 'inferno', opacity: 1 });
    let [sum, x, y] = [0, 0, 0];
    const box = tokenBox(cell % grid, Math.floor(cell / grid), grid, height, width);
    for (let row = Math.floor(box.y); row < box.y + box.height && row < height; row++) {
      for (let column = Math.floor(box.x); column < box.x + box.width && column < width; column++) {
        const light = pixels[(row * width + column) * 3] ?? 0;
        sum += light;
        x += light * (column + 0.5);
        y += light * (row + 0.5);
      }
    }
    expect(Math.abs(x / sum - (box.x + box.width / 2)) * (MODEL_SIDE / width)).toBeLessThan(TOLERANCE);
    expect(Math.abs(y / sum - (box.y + box.height / 2)) * (MODEL_SIDE / height)).toBeLessThan(TOLERANCE);
    const total = pixels.reduce((all, value, index) => all + (index % 3 === 0 ? value : 0), 0);
    expect(sum / total).toBeGreaterThan(0.3); // bilinear spreads the rest over the neighbours
  }
});

it('colours grids of different size alike where attention is alike, and relevance by itself', () => {
  const map = (grid: number, times: readonly number[]) => {
    const equal = 1 / (grid * grid + 1);
    const peak = Math.max(...times) * equal;
    return { method: 'last' as const, grid, peak, values: times.map((value) => (value * equal) / peak) };
  };
  const few = map(2, [0, 1, 2, 4]);
  const many = map(3, [0, 1, 2, 2, 2, 2, 2, 2, 2]);
  const [a, b] = scaleMaps([few, many], 'shared');
  expect(a?.shares[2]).toBeCloseTo(b?.shares[2] ?? -1, 9);
  expect([a?.low, a?.high]).toEqual([b?.low, b?.high]);
  const own = scaleMaps([few, many], 'own');
  expect(own[1]?.shares[2]).toBe(1);
  expect(own[0]?.shares[2]).toBeLessThan(0.6);
  expect(scaleMaps([map(2, [1, 1, 1, 1])], 'own')[0]?.shares).toEqual([0, 0, 0, 0]);
});

it('says below a pane why its film is none for the model', () => {
  const prediction = (suitable: boolean) => ({
    t1: [],
    t2: { score: 0.5 },
    suitability: { suitable, reasons: suitable ? [] : ['View LL is not frontal.'] },
  });
  const scaled = { shares: [1], low: 0, high: 1 };
  const row = (suitable: boolean) => ({
    ...{ patient: 'P1', labels: [], ratio: 1, film: new Uint8Array() },
    panes: [{ png: new Uint8Array(), prediction: prediction(suitable), scaled }],
  });
  const cell = { method: 'teacher', resolution: 224 };
  const drawn = (suitable: boolean) => {
    const data = { columns: [{ cell, run: null }], rows: [row(suitable)] };
    return layOut(data as never, figureRequest.parse({ films: ['film-00000000'] }), new Uint8Array(), 0);
  };
  const words = (suitable: boolean) =>
    drawn(suitable).marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(words(true).join(' ')).not.toContain('Not for this film');
  expect(words(false)).toContain('Not for this film: View LL is not frontal.');
  expect(drawn(false).height).toBeGreaterThan(drawn(true).height);
});

it('writes PNG and PDF with an empty pane for what is not trained, and gives them back by their address', async () => {
  const app = await openAppWithFilms();
  const runId = await startRun(app, { method: 'none', resolution: 28 });
  expect((await runToEnd(app, runId)).state).toBe('finished');
  const films = app.library.store.films
    .names()
    .slice(0, 2)
    .map(({ id }) => id);
  const request = figureRequest.parse({ films });
  const png = await app.app.services.inference.figure(request, call);
  const { bytes } = await app.app.bytes.figure(png.sha256, 'png');
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  expect((await sharp(bytes).metadata()).density).toBe(300);
  expect(info.width).toBe(Math.round((842 / 72) * 300));
  // (A) is a film, (B) the teacher that is missing: grey paper, (E) the run that is there
  const across = (pane: number): number => 20 + 6 * pane + ((842 - 40 - 42) / 8) * (pane + 0.5);
  const at = (pane: number, y: number): readonly number[] => {
    const start =
      (Math.round((y * 300) / 72) * info.width + Math.round((across(pane) * 300) / 72)) * info.channels;
    return [...data.subarray(start, start + 3)];
  };
  expect(at(1, 80)).toEqual([0xf2, 0xf4, 0xf6]);
  expect(at(4, 80)).not.toEqual([0xf2, 0xf4, 0xf6]);

  const pdf = await app.app.services.inference.figure({ ...request, runIds: [runId], format: 'pdf' }, call);
  const text = Buffer.from((await app.app.bytes.figure(pdf.sha256, 'pdf')).bytes).toString('latin1');
  expect(text.startsWith('%PDF-')).toBe(true);
  expect(text.match(/\/Type \/Page\b/g)).toHaveLength(1);
  expect(text.match(/\/Subtype \/Image/g)?.length).toBeGreaterThanOrEqual(4);
  expect(text).toContain('/BaseFont /Helvetica');
  await expect(app.app.bytes.figure('0'.repeat(64), 'pdf')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const nobody = { ...request, films: ['film-0000000000000000' as FilmId] };
  await expect(app.inference.drawFigure(nobody, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
