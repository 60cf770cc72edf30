/**
 * @file `settings check|export|import`: a settings file as windows have it. On the command line it holds and takes the library's part;
 * theme, layout and keys are the window's own and stay there.
 */
import { readFile } from 'node:fs/promises';

import type { TakenSettings } from '../../../shared/contract/settings.ts';
import { readSettings, settingsText } from '../../../shared/domain/window-settings.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { librarySettings, takeLibrarySettings } from '../../services/system/library-settings.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { refuseInEncrypted, refuseUnlessWritable, tellPlain } from '../out-file.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

type Options = VerbArguments['options'];

/** @throws Refusal NOT_FOUND, BAD_INPUT */
async function readFileOfSettings(file: string) {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Refusal('NOT_FOUND', `${file} could not be read: ${(error as Error).message}`, { file });
  });
  const read = readSettings(text);
  if ('problem' in read) throw new Refusal('BAD_INPUT', read.problem, { file });
  return read;
}

async function check(file: string): Promise<VerbResult> {
  const { settings: window, library } = await readFileOfSettings(file);
  const json = library === null ? window : { ...window, library };
  return { json, text: JSON.stringify(json, null, 1) };
}

async function write(file: string, options: Options): Promise<VerbResult> {
  refuseUnlessWritable(file, options);
  const json = await withLibrary(options, false, async (library) => {
    refuseInEncrypted(library.files, file);
    const settings = librarySettings(library);
    await writeFileAtomic(file, new TextEncoder().encode(settingsText({}, settings)));
    tellPlain(library.files, file);
    return { file, library: settings };
  });
  return { json, text: `The library’s settings are in ${file}.` };
}

function inWords({ lockMinutes, set, same, left, why }: TakenSettings): string {
  const lock =
    lockMinutes === null
      ? []
      : [lockMinutes === 0 ? 'The window does not lock.' : `The window locks after ${lockMinutes} min.`];
  const points = `Operating points: ${set} set, ${same} as they were, ${left} left out.`;
  return [...lock, points, ...why.map((one) => `  ${one}`)].join('\n');
}

async function take(file: string, options: Options): Promise<VerbResult> {
  const { library: settings } = await readFileOfSettings(file);
  if (settings === null) {
    throw new Refusal(
      'BAD_INPUT',
      'The file has settings of a window only: take it in the window (Settings, Look). Nothing was changed.',
      { file },
    );
  }
  const taken = await withLibrary(options, true, (library) =>
    Promise.resolve(takeLibrarySettings(library, Date, null, settings)),
  );
  return { json: taken, text: inWords(taken) };
}

export const settings: Verb = {
  name: 'settings',
  usage:
    'settings check FILE · settings export OUT --library DIR [--force] · settings import FILE --library DIR',
  words: 2,
  summary:
    'settings as a file for a second workstation: operating points set by hand and the lock’s minutes; checks one before it is taken',
  options: { ...LIBRARY_OPTION, force: { type: 'boolean' } },
  run: async ({ positionals: [action, file], options }) => {
    const acts = { check, export: write, import: take } as const;
    if (action === undefined || !Object.hasOwn(acts, action) || file === undefined) {
      throw new Refusal('BAD_INPUT', 'Use: chestlight settings check|export|import FILE');
    }
    return await acts[action as keyof typeof acts](file, options);
  },
};
