/**
 * @file `verify`: database, artifacts, weights and copies of a library; what is wrong stands in `problems`, with what to do. With
 * --repair what can be made again is made again first.
 */
import { repairLibrary } from '../../services/library/repair-library.ts';
import { checkLibrary, libraryFacts } from '../../services/system/library-facts.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import type { Verb } from '../verb.ts';

export const verify: Verb = {
  name: 'verify',
  usage: 'verify --library DIR [--repair]',
  summary: 'checks database and files of a library and names what is damaged; repairs what can be made again',
  options: { ...LIBRARY_OPTION, repair: { type: 'boolean' } },
  run: ({ options }) =>
    withLibrary(options, options.repair === true, async (library) => {
      const found = await checkLibrary(library, Date);
      const { repaired, failed } =
        options.repair === true && !found.ok
          ? await repairLibrary(library, Date, found.problems)
          : { repaired: [], failed: [] };
      const left = repaired.length === 0 ? found : await checkLibrary(library, Date);
      const lines = [
        ...libraryFacts(library).trouble,
        ...(repaired.length === 0
          ? []
          : [`Repaired: ${repaired.map(({ what, subject }) => `${what} ${subject}`).join(', ')}.`]),
        ...failed.map(({ subject, message }) => `Not repaired: film ${subject}. ${message}`),
        ...(left.ok
          ? ['The library is sound.']
          : left.problems.map((one) => `${one.code}: ${one.message} ${one.remedy}`)),
      ];
      return { json: { ...left, repaired }, text: lines.join('\n') };
    }),
};
