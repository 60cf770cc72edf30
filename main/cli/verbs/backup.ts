/** @file `backup`: the copies of a library's database; makes one with --make, goes back to one with --restore. */
import type { CopyPreview, LibraryCopy } from '../../../shared/contract/copies.ts';
import { formatBytes } from '../../../shared/domain/numbers.ts';
import { previewCopy } from '../../services/copies/copies-service.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { textOption } from '../options.ts';
import type { Verb, VerbArguments, VerbResult } from '../verb.ts';

const KIND_WORDS = {
  daily: 'copy',
  replaced: 'state before going back',
  updated: 'state before an update',
} as const satisfies Record<LibraryCopy['kind'], string>;

function inWords({ id, kind, at, bytes, content }: LibraryCopy): string {
  const { films, runs, readings } = content;
  const holds = `${films} films, ${runs} runs, ${readings} readings`;
  return `${id}  ${new Date(at).toISOString()}  ${KIND_WORDS[kind]}  ${holds}  ${formatBytes(bytes)}`;
}

function consequences({ lost, missing }: CopyPreview): string[] {
  const gone = missing.films + missing.weights + missing.others;
  return [
    `Not in it: ${lost.films} films, ${lost.runs} runs, ${lost.readings} readings that are in the library now.`,
    gone === 0
      ? 'Every file that it points at is there.'
      : `Missing: ${missing.films} films, ${missing.weights} weights and ${missing.others} other files that it points at.` +
        ' Import the films again to bring theirs back.',
  ];
}

function list(options: VerbArguments['options']): Promise<VerbResult> {
  return withLibrary(options, false, ({ store, files }) => {
    const copies = store.copies.list();
    const encrypted = files.access !== null;
    const lines = copies.length === 0 ? ['There are no copies yet.'] : copies.map(inWords);
    if (encrypted) lines.push('They are encrypted as the library is.');
    return Promise.resolve({
      json: { copies, now: store.copies.content(), encrypted },
      text: lines.join('\n'),
    });
  });
}

function make(options: VerbArguments['options']): Promise<VerbResult> {
  return withLibrary(options, true, ({ store }) => {
    const copy = store.copies.make();
    return Promise.resolve({ json: { copy }, text: `Made: ${inWords(copy)}` });
  });
}

async function restore(options: VerbArguments['options'], id: string): Promise<VerbResult> {
  const preview = await withLibrary(options, true, (library) => previewCopy(library, id));
  return await withLibrary(
    options,
    true,
    ({ store }) => {
      const kept = store.copies.list().find(({ kind }) => kind === 'replaced') ?? null;
      const sentence = `The library is as it was at ${new Date(preview.copy.at).toISOString()}.`;
      const back = kept === null ? [] : [`What was there before is kept as ${kept.id}.`];
      return Promise.resolve({
        json: { restored: preview, kept: kept?.id ?? null },
        text: [sentence, ...consequences(preview), ...back].join('\n'),
      });
    },
    id,
  );
}

export const backup: Verb = {
  name: 'backup',
  usage: 'backup --library DIR [--make | --look ID | --restore ID]',
  summary:
    'copies of the database: lists them, makes one, says what going back to one means, goes back to it',
  options: {
    ...LIBRARY_OPTION,
    make: { type: 'boolean' },
    look: { type: 'string' },
    restore: { type: 'string' },
  },
  run: async ({ options }) => {
    const back = textOption(options, 'restore');
    const look = textOption(options, 'look');
    if (back !== undefined) return await restore(options, back);
    if (look === undefined) return await (options.make === true ? make(options) : list(options));
    const preview = await withLibrary(options, false, (library) => previewCopy(library, look));
    return { json: preview, text: [inWords(preview.copy), ...consequences(preview)].join('\n') };
  },
};
