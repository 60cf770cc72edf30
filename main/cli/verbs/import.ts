/** @file `import PATH…`: films of folders, files, DICOMDIR or a known dataset layout into a library, with their labels. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { z } from 'zod';

import {
  columnMapping,
  importSource,
  MOST_PATHS,
  type ImportSummary,
} from '../../../shared/contract/library.ts';
import { formatDuration } from '../../../shared/domain/numbers.ts';
import type { FilmId } from '../../../shared/domain/ids.ts';
import { blindRounds, roundTrace, roundWords } from '../../services/review/model-blinding.ts';
import type { OpenLibrary } from '../../services/library/open-library.ts';
import { looksLikeScores } from '../../services/exchange/outside-scores/read-scores.ts';
import { takeScores } from '../../services/exchange/outside-scores/take-scores.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION, withLibrary } from '../library-option.ts';
import { textOption } from '../options.ts';
import { tell } from '../until-stopped.ts';
import { Refusal, type Verb, type VerbArguments, type VerbResult } from '../verb.ts';

async function readMapping(file: string): Promise<z.infer<typeof columnMapping>> {
  try {
    return columnMapping.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Refusal('BAD_INPUT', `The mapping ${file} cannot be used: ${why}`, { file });
  }
}

async function runImport(library: OpenLibrary, source: z.infer<typeof importSource>): Promise<ImportSummary> {
  const importId = await library.imports.start(source);
  const stop = new AbortController();
  const cancel = (): void => library.imports.cancel(importId);
  process.once('SIGINT', cancel);
  try {
    let told = 0;
    for await (const event of library.imports.watch(importId, stop.signal)) {
      if (event.state === 'failed' && event.error !== null) {
        throw new Refusal(event.error.code, event.error.message, { summary: event.summary });
      }
      if (event.summary !== null) return event.summary;
      if (Date.now() - told < 1000) continue;
      told = Date.now();
      const { phase, done, total, etaSeconds } = event.progress;
      const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`;
      process.stderr.write(`${phase}: ${done}${total === null ? '' : ` of ${total}`}${left}\n`);
    }
    throw new Error('the import ended without a summary');
  } finally {
    process.off('SIGINT', cancel);
    stop.abort();
  }
}

function inWords(summary: ImportSummary): string {
  return [
    `${summary.imported} imported, ${summary.duplicates} duplicates, ${summary.skipped.length} skipped, ${summary.patients} patients`,
    ...summary.labels.map(
      (row) => `  ${row.finding}: ${row.positive} positive, ${row.negative} negative, ${row.unknown} unknown`,
    ),
    ...summary.skipped.map((row) => `  skipped ${row.file}: ${row.message}`),
    ...summary.warnings.map((warning) => `  ${warning}`),
  ].join('\n');
}

/** Scores of a model: of a run that is here compared, of any other kept. */
async function importScores(path: string, options: VerbArguments['options']): Promise<VerbResult> {
  const file = textOption(options, 'mapping');
  const mapping = file === undefined ? null : await readMapping(file);
  return await withApp(options, 'write', async ({ library, inference }) => {
    const stop = new AbortController();
    const deps = {
      ...{ library, predict: inference.service.predict, now: Date.now(), signal: stop.signal },
      // Whoever runs this owns the files: told, not refused, and never without a trace.
      onFound(films: readonly FilmId[]): void {
        for (const round of blindRounds(library.store, films)) {
          library.audit.record('import', 'scores', roundTrace(round));
          tell(`warning: ${roundWords(round)}`);
        }
      },
    };
    const taken = await takeScores(deps, { path, mapping, name: textOption(options, 'name') ?? '' });
    const lines = [
      taken.runId === null
        ? `${taken.model}: ${taken.added} films added, ${taken.known} were here already`
        : `${taken.model} is here: ${taken.same} of ${taken.films} films have the same scores, nothing was kept`,
      ...taken.differing.slice(0, 20).map(({ film, apart }) => `  ${film} differs by ${apart}`),
      ...(taken.missingCount === 0
        ? []
        : [`${taken.missingCount} films are not here: ${taken.missing.slice(0, 20).join(', ')}`]),
    ];
    return { json: taken, text: [...lines, ...taken.notes].join('\n') };
  });
}

export const importVerb: Verb = {
  name: 'import',
  usage:
    'import PATH… --library DIR [--labels CSV] [--boxes CSV] [--mapping JSON] · import FILE --scores [--name NAME] [--mapping JSON] --library DIR',
  words: Infinity,
  summary: 'films of folders, files, a DICOMDIR or a dataset layout, with labels; scores of a model',
  options: {
    ...LIBRARY_OPTION,
    labels: { type: 'string' },
    boxes: { type: 'string' },
    mapping: { type: 'string' },
    scores: { type: 'boolean' },
    name: { type: 'string' },
  },
  run: async ({ positionals, options }) => {
    const { labels, boxes, mapping } = options;
    const [only, ...more] = positionals;
    const isScores = options.scores === true;
    if (only !== undefined && more.length === 0 && (isScores || (await looksLikeScores(resolve(only))))) {
      return await importScores(resolve(only), options);
    }
    if (isScores)
      throw new Refusal(
        'BAD_INPUT',
        'Name one file of scores: chestlight import FILE --scores --library DIR',
      );
    if (positionals.length === 0 && typeof labels !== 'string') {
      throw new Refusal(
        'BAD_INPUT',
        'Name at least one folder or file: chestlight import PATH… --library DIR',
      );
    }
    if (positionals.length > MOST_PATHS) {
      throw new Refusal(
        'BAD_INPUT',
        `${positionals.length.toLocaleString()} files are named, ${MOST_PATHS.toLocaleString()} at most: name the folder that they lie in.`,
      );
    }
    const source = importSource.parse({
      paths: positionals.map((path) => resolve(path)),
      labels: typeof labels === 'string' ? resolve(labels) : null,
      boxes: typeof boxes === 'string' ? resolve(boxes) : null,
      mapping: typeof mapping === 'string' ? await readMapping(mapping) : null,
    });
    const summary = await withLibrary(options, true, (library) => runImport(library, source));
    const json = {
      ...summary,
      labels: Object.fromEntries(summary.labels.map(({ finding, ...counts }) => [finding, counts])),
    };
    return { json, text: inWords(summary) };
  },
};
