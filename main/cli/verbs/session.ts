/** @file `session show|merge FILE`, `session key`: packages of review sessions between sites; `export --what session` writes them. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { mergePackage, viewPackage } from '../../services/exchange/package/package-service.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

/** The first line of the file, so that a passphrase stands in no list of processes. */
export async function passphraseOption(options: VerbArguments['options']): Promise<string | null> {
  const file = textOption(options, 'passphrase-file');
  if (file === undefined) return null;
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    throw new Refusal('NOT_FOUND', `${file} could not be read: ${(error as Error).message}`, { file });
  }
}

export function inLines(json: Readonly<Record<string, unknown>>): VerbResult {
  const lines = Object.entries(json).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return { json, text: lines.join('\n') };
}

export const session: Verb = {
  name: 'session',
  usage:
    'session show|merge FILE --library DIR [--passphrase-file FILE] [--trust FINGERPRINT] · session key --library DIR',
  words: 2,
  summary: 'looks into a package of a review session from another site, or takes it in',
  options: { ...LIBRARY_OPTION, 'passphrase-file': { type: 'string' }, trust: { type: 'string' } },
  run: async ({ positionals: [action, file], options }) => {
    const passphrase = await passphraseOption(options);
    if (action === 'key' && file === undefined) {
      return await withApp(options, 'write', async ({ library }) =>
        inLines({ name: library.files.name, fingerprint: (await library.files.signingKey()).fingerprint }),
      );
    }
    if (file === undefined || (action !== 'show' && action !== 'merge')) {
      throw new Refusal('BAD_INPUT', 'Use: chestlight session show FILE, session merge FILE or session key.');
    }
    const path = resolve(file);
    if (action === 'show') {
      return await withApp(options, 'read', async ({ library }) =>
        inLines(await viewPackage(library, path, passphrase)),
      );
    }
    const trust = textOption(options, 'trust') ?? null;
    return await withApp(options, 'write', async ({ library }) =>
      inLines(await mergePackage(library, path, { passphrase, trust, now: Date.now() })),
    );
  },
};
