/** @file Tidying up when a library opens ends before the library is closed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { openTestApp } from '../../helpers/open-app.ts';

it('an app that is closed as soon as it is open has removed a knowledge cache without a row', async () => {
  const first = await openTestApp();
  const { dir } = first;
  const { knowledgeDir } = first.library.files;
  await first.app.close();
  const left = join(knowledgeDir, 'a'.repeat(64));
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, 'view-00-000000.bin'), 'left by a power cut');

  const again = await openTestApp({ dir });
  await again.app.close();
  expect(again.log.lines.filter((line) => line.includes('tidied'))).toEqual([]);
  expect(existsSync(left)).toBe(false);
});
