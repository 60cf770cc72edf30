/** @file The picture of the first batch: the films of the first epoch in training order, exactly as the network gets them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';

import { plainVault } from '../../main/files/vault.ts';
import { renderView, viewSettings } from '../../main/numeric/augment/views.ts';
import { epochOrder } from '../../main/worker/epoch-order.ts';
import { FilmSet } from '../../main/worker/film-set.ts';
import { modelInput } from '../../main/worker/model-input.ts';
import { writeFirstBatch } from '../../main/worker/first-batch.ts';
import { presetRecipe } from '../../shared/domain/recipe.ts';

const size = 32;
const gap = 4;
const dir = mkdtempSync(join(tmpdir(), 'chestlight-first-batch-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** `count` training films behind two validation films, so that positions in set and part differ. */
async function filmSet(count: number): Promise<FilmSet> {
  const plan = Array.from({ length: count + 2 }, (_, index) => {
    const image = join(dir, `${index}.grey`);
    writeFileSync(
      image,
      Uint8Array.from({ length: size * size }, (__, at) => (at * (index + 3) + index * 17) % 251),
    );
    const part = index < 2 ? ('validation' as const) : ('train' as const);
    return { filmId: `film-${index}`, patient: `p${index}`, part, image, t1: [1 as const], t2: null };
  });
  return await FilmSet.load(plainVault(), plan, 1, size);
}

const seed = 9;
const at = (resolution: number) =>
  ({ resolution, side: size, reduce: 'area', upsample: 'bilinear' }) as const;
const recipe = { ...presetRecipe('robust', 'tiny'), batch: 2, microBatch: 2 };

async function cells(file: string, count: number): Promise<{ sheet: [number, number]; films: number[][] }> {
  const { data, info } = await sharp(file).greyscale().raw().toBuffer({ resolveWithObject: true });
  const films = Array.from({ length: count }, (_, film) => {
    const left = (film % 4) * (size + gap);
    const top = Math.floor(film / 4) * (size + gap);
    const at = (row: number, column: number) => data[(top + row) * info.width + left + column] ?? -1;
    return Array.from({ length: size * size }, (__, pixel) => at(Math.floor(pixel / size), pixel % size));
  });
  return { sheet: [info.width, info.height], films };
}

it.each([
  ['augmented, at low resolution', true, 8],
  ['as they are, at full size', false, size],
])('shows up to 16 films in rows of four, %s', async (_, augment, resolution) => {
  const films = await filmSet(19);
  const settings = { recipe: { ...recipe, augment }, seed };
  const { sheet, films: seen } = await cells(
    await writeFirstBatch(plainVault(), dir, films, settings, at(resolution)),
    16,
  );
  expect(sheet).toEqual([4 * (size + gap) - gap, 4 * (size + gap) - gap]);
  const order = epochOrder(19, seed, 0);
  seen.forEach((pixels, place) => {
    const film = (order[place] ?? 0) + 2;
    const view = augment
      ? renderView(films.image(film), size, viewSettings(0, film, size))
      : films.image(film);
    const expected = [...modelInput(view, size, at(resolution))].map((value) => value * 255);
    const worst = Math.max(...pixels.map((pixel, at) => Math.abs(pixel - (expected[at] ?? -1))));
    expect(worst).toBeLessThanOrEqual(0.51); // rounded to a grey level
  });
});

it('has as many rows as it needs for few films', async () => {
  const films = await filmSet(5);
  const { sheet } = await cells(await writeFirstBatch(plainVault(), dir, films, { recipe, seed }, at(8)), 5);
  expect(sheet).toEqual([4 * (size + gap) - gap, 2 * (size + gap) - gap]);
});
