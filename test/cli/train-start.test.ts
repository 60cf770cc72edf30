/** @file What `train` starts from and what it says it will take, before anything is trained. */
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runCli } from '../helpers/cli-process.ts';
import { smallFilmFolder } from '../helpers/small-library.ts';
import { tempFolder } from '../helpers/temp-library.ts';

const OWN = 'bundled-vit-tiny-cxr';

it('starts from the weights that come with the app for its size unless told otherwise; --estimate says so and what it takes', async () => {
  const library = join(tempFolder(), 'library');
  const cli = (...args: string[]) => runCli([...args, '--library', library]);
  const { dir, labels } = smallFilmFolder();
  expect((await cli('import', dir, '--labels', labels)).json).toMatchObject({ imported: 20 });

  const starts: [init: string | null, ...args: string[]][] = [
    [OWN, '--model', 'tiny', '--preset', 'paper'],
    [null, '--model', 'small'],
    [null, '--model', 'tiny', '--init', 'none'],
    [OWN, '--model', 'tiny', '--resolution', '28', '--init', OWN],
  ];
  for (const [init, ...args] of starts) {
    expect(await cli('train', ...args, '--estimate'), args.join(' ')).toMatchObject({
      status: 0,
      json: {
        init,
        refusals: [],
        films: expect.any(Number) as number,
        seconds: expect.any(Number) as number,
      },
    });
  }
  expect(await cli('train', '--init', 'start-0123456789abcdef', '--estimate')).toMatchObject({
    status: 0,
    json: { refusals: [expect.stringContaining('no start weights') as string] },
  });
  expect(await cli('runs')).toMatchObject({ json: { runs: [] } });
});
