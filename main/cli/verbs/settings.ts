/** @file `settings check FILE`: says what a settings file of a window holds, or why it would be refused there. */
import { readFile } from 'node:fs/promises';

import { readSettings } from '../../../shared/domain/window-settings.ts';
import { Refusal, type Verb } from '../verb.ts';

export const settings: Verb = {
  name: 'settings',
  usage: 'settings check FILE',
  summary: 'checks a settings file before windows take it (Settings, These settings as a file)',
  options: {},
  run: async ({ positionals: [action, file, ...more] }) => {
    if (action !== 'check' || file === undefined || more.length > 0) {
      throw new Refusal('BAD_INPUT', 'Use: chestlight settings check FILE');
    }
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Refusal('NOT_FOUND', `${file} could not be read: ${(error as Error).message}`, { file });
    });
    const read = readSettings(text);
    if ('problem' in read) throw new Refusal('BAD_INPUT', read.problem, { file });
    return { json: read.settings, text: JSON.stringify(read.settings, null, 1) };
  },
};
