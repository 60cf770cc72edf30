/** @file What the recipe form refuses before anything is asked of the app. */
import { expect, it } from 'vitest';

import { epochsOf, mistakeIn, NUMBER_FIELDS } from '../../renderer/src/features/training/recipe-fields.ts';
import { presetRecipe, usualWarmup } from '../../shared/domain/recipe.ts';

const warmup = NUMBER_FIELDS.find(({ key }) => key === 'warmupEpochs');

it('warm-up ends before the run does: of the epochs typed, else of the preset', () => {
  if (warmup === undefined) throw new Error('there is no such field');
  const mistake = (warmupEpochs: string, epochs = '') => mistakeIn(warmup, { warmupEpochs, epochs }, 'quick');
  expect(mistake('4')).toBeUndefined(); // of 5
  expect(mistake('5')).toBe('Fewer than 5 epochs');
  expect(mistake('5', '10')).toBeUndefined();
  expect(mistake('2', '2')).toBe('Fewer than 2 epochs');
  expect(mistake('0', '1')).toBeUndefined();
  expect(mistake('', '1')).toBeUndefined();
  expect(mistake('-1')).toBe('0 to 100');
});

it('a blank field stands for what the run would have', () => {
  expect(epochsOf({ epochs: ' 3 ' }, 'robust')).toBe(3);
  expect(epochsOf({ epochs: 'many' }, 'robust')).toBe(40);
  expect(usualWarmup(presetRecipe('robust', 'tiny'), epochsOf({ epochs: '3' }, 'robust'))).toBe(1);
  expect(usualWarmup(presetRecipe('paper', 'tiny'), 3)).toBe(0);
});
