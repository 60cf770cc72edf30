/** @file `figure`: films of the library as rows, attention of the teacher and its students as panes, in one PNG or PDF. */
import { definedOnly } from '../../../shared/domain/defined-only.ts';
import { extname } from 'node:path';

import { figureRequest, type FigureRequest } from '../../../shared/contract/inference.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import type { OpenLibrary } from '../../services/library/open-library.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { tellBlindFilms } from '../blind-films.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { numberOption, textOption } from '../options.ts';
import { refuseUnlessWritable, tellPlain } from '../out-file.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

/** Ids of films by id or by file name. @throws Refusal NOT_FOUND, BAD_INPUT for a name that several films have */
function filmIds({ store }: OpenLibrary, names: readonly string[]): readonly string[] {
  const films = store.films.names();
  return names.map((name) => {
    const found = films.filter((film) => film.id === name || film.name === name);
    const [film] = found;
    if (film === undefined)
      throw new Refusal('NOT_FOUND', `No film of the library has the id or the file name "${name}".`, {
        name,
      });
    if (found.length > 1)
      throw new Refusal('BAD_INPUT', `${found.length} films are called "${name}". Name one by its id.`, {
        ids: found.map(({ id }) => id),
      });
    return film.id;
  });
}

const listOf = (text: string | undefined): readonly string[] | undefined =>
  text?.split(',').map((part) => part.trim());

function requestOf(library: OpenLibrary, options: VerbArguments['options'], out: string): FigureRequest {
  const head = numberOption(options, 'head');
  const request = figureRequest.safeParse({
    films: filmIds(library, listOf(textOption(options, 'film')) ?? []),
    format: extname(out).slice(1).toLowerCase(),
    ...definedOnly({
      runIds: listOf(textOption(options, 'runs'))?.map((id) => (id === '-' || id === '' ? null : id)),
      method: textOption(options, 'method'),
      head: head === undefined ? undefined : head - 1,
      target: textOption(options, 'target'),
      finding: textOption(options, 'finding'),
      scale: textOption(options, 'scale'),
      base: textOption(options, 'base'),
    }),
  });
  if (request.success) return request.data;
  const words = request.error.issues.map(({ path, message }) => `${path.join(' ')}: ${message}`);
  throw new Refusal('BAD_INPUT', `The figure cannot be drawn. ${words.join('; ')}`);
}

export const figure: Verb = {
  name: 'figure',
  usage:
    'figure --library DIR --film NAME|ID[,…] --out FILE.png|FILE.pdf [--runs RUN|-[,…]] [--method last|rollout|relevance] [--head N] [--target FINDING] [--finding FINDING] [--scale shared|own] [--base film|input] [--force]',
  summary: 'attention of teacher and students side by side, as a picture or a PDF',
  options: {
    ...LIBRARY_OPTION,
    film: { type: 'string' },
    out: { type: 'string' },
    runs: { type: 'string' },
    method: { type: 'string' },
    head: { type: 'string' },
    target: { type: 'string' },
    finding: { type: 'string' },
    scale: { type: 'string' },
    base: { type: 'string' },
    force: { type: 'boolean' },
  },
  run: async ({ options }) => {
    const out = textOption(options, 'out');
    if (out === undefined || !['.png', '.pdf'].includes(extname(out).toLowerCase()))
      throw new Refusal('BAD_INPUT', 'Name the file to write: --out FILE.png or --out FILE.pdf.');
    if (textOption(options, 'film') === undefined)
      throw new Refusal('BAD_INPUT', 'Name a film, or up to 8 with commas between: --film NAME|ID.');
    refuseUnlessWritable(out, options);
    return await withApp(options, 'read', async ({ inference, library }) => {
      const request = requestOf(library, options, out);
      const films = request.films as readonly FilmId[];
      await tellBlindFilms(options, library, films, { action: 'export', subject: 'figure' });
      const bytes = await inference.drawFigure(request, { signal: new AbortController().signal });
      await writeFileAtomic(out, bytes);
      tellPlain(library.files, out);
      const json = { out, bytes: bytes.byteLength, films: request.films, method: request.method };
      return { json, text: `${out}: ${request.films.length} × attention by ${request.method}` };
    });
  },
};
