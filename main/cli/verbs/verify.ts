/** @file `verify`: database, artifacts and files of a library. What is wrong stands in `problems`. */
import { checkLibrary } from '../../services/system/library-facts.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import type { Verb } from '../verb.ts';

export const verify: Verb = {
  name: 'verify',
  usage: 'verify --library DIR',
  summary: 'checks database and files of a library and names what is damaged',
  options: LIBRARY_OPTION,
  run: ({ options }) =>
    withLibrary(options, false, async (library) => {
      const json = await checkLibrary(library, Date);
      const text = json.ok
        ? 'The library is sound.'
        : json.problems.map((one) => `${one.code}: ${one.message} ${one.remedy}`).join('\n');
      return { json, text };
    }),
};
