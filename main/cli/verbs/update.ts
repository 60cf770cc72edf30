/** @file `update verify|keep FILE`: an update from a stick, checked against the keys of this build, kept for the person to start. */
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { readVersion } from '../../services/app-version.ts';
import { checkUpdate, type UpdateCheck } from '../../services/update/check-update.ts';
import { keepUpdate } from '../../services/update/keep-update.ts';
import { ownUpdateKeys } from '../../services/update/update-keys.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

const check = async (): Promise<UpdateCheck> => ({
  keys: ownUpdateKeys(),
  current: await readVersion(),
  system: `${process.platform}-${process.arch}`,
});

async function verify(file: string): Promise<VerbResult> {
  try {
    const json = await checkUpdate(file, await check());
    const { version, current, signer, notes } = json;
    const head = `Chestlight ${version} (${current} runs here), signed by ${signer.name}, ${signer.fingerprint}.`;
    return { json, text: notes === '' ? head : `${head}\n${notes}` };
  } catch (error) {
    if (error instanceof ServiceError) throw new Refusal(error.code, error.message, error.detail);
    throw error;
  }
}

async function keep(file: string, options: VerbArguments['options']): Promise<VerbResult> {
  const rules = await check();
  const json = await withLibrary(options, true, (library) => keepUpdate(library, file, rules));
  const steps = json.steps.map((step, index) => `${index + 1}. ${step}`);
  return {
    json,
    text: [`Kept: ${json.path}`, `Copy of the library's database: ${json.copy}`, ...steps].join('\n'),
  };
}

export const update: Verb = {
  name: 'update',
  usage: 'update verify FILE · update keep FILE --library DIR',
  words: 2,
  summary: 'checks an update from a stick (signed, newer, for this system) and keeps its installer',
  options: LIBRARY_OPTION,
  run: async ({ positionals, options }) => {
    const [action, file] = positionals;
    if (file !== undefined) {
      if (action === 'verify') return await verify(file);
      if (action === 'keep') return await keep(file, options);
    }
    throw new Refusal('BAD_INPUT', 'Use: chestlight update verify FILE, or update keep FILE --library DIR');
  },
};
