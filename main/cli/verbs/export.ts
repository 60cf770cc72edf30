/** @file `export --what … --out DIR`: annotations and predictions out of a library, read back and compared before it says done. */
import { resolve } from 'node:path';

import { exportRequest } from '../../../shared/contract/exchange.ts';
import { EXPORT_KINDS, READ_CHOICES, TABLE_FORMATS } from '../../../shared/domain/exchange.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { runExport } from '../../services/exchange/export-job.ts';
import { blindRounds, roundTrace, roundWords, scoredFilms } from '../../services/review/model-blinding.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { passphraseOption } from './session.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

/** The option's value, or what it may be instead. */
function choice<Name extends string>(
  options: VerbArguments['options'],
  name: string,
  choices: readonly Name[],
): Name | undefined {
  const value = textOption(options, name);
  if (value === undefined) return undefined;
  const known = choices.find((one) => one === value);
  if (known !== undefined) return known;
  throw new Refusal('BAD_INPUT', `--${name} takes ${choices.join(', ')}, not "${value}".`);
}

async function requestOf(options: VerbArguments['options']) {
  const what = choice(options, 'what', EXPORT_KINDS);
  if (what === undefined) throw new Refusal('BAD_INPUT', `--what takes ${EXPORT_KINDS.join(', ')}.`);
  const request = exportRequest.safeParse({
    what,
    format: choice(options, 'format', TABLE_FORMATS),
    reads: choice(options, 'reads', READ_CHOICES),
    reviewId: textOption(options, 'review'),
    runId: textOption(options, 'run'),
    passphrase: await passphraseOption(options),
    withFilms: options.films === true,
  });
  if (request.success) return request.data;
  throw new Refusal(
    'BAD_INPUT',
    'A session is named by its id (review-…) and a run by its own (run-…); a passphrase has at least 8 characters.',
  );
}

export const exportVerb: Verb = {
  name: 'export',
  usage: `export --what ${EXPORT_KINDS.join('|')} --out DIR --library DIR [--format ${TABLE_FORMATS.join('|')}] [--review ID] [--reads ${READ_CHOICES.join('|')}] [--run RUN] [--passphrase-file FILE] [--films] [--force]`,
  summary:
    'annotations, predictions, models, review sessions and their reports as files, read back and compared',
  options: {
    ...LIBRARY_OPTION,
    what: { type: 'string' },
    out: { type: 'string' },
    format: { type: 'string' },
    review: { type: 'string' },
    reads: { type: 'string' },
    run: { type: 'string' },
    'passphrase-file': { type: 'string' },
    films: { type: 'boolean' },
    force: { type: 'boolean' },
  },
  run: async ({ options }) => {
    const request = await requestOf(options);
    const out = textOption(options, 'out');
    if (out === undefined) throw new Refusal('BAD_INPUT', 'Say where to: --out DIR.');
    const folder = resolve(out);
    const stop = new AbortController();
    const cancel = (): void => stop.abort(new ServiceError('CANCELLED', 'Stopped. Nothing was written.'));
    process.once('SIGINT', cancel);
    let told = 0;
    const progress = {
      signal: stop.signal,
      report(phase: string, done: number, total: number | null): void {
        if (Date.now() - told < 1000) return;
        told = Date.now();
        process.stderr.write(`${phase}: ${done}${total === null ? '' : ` of ${total}`}\n`);
      },
    };
    try {
      return await withApp(options, 'write', async ({ library, inference }) => {
        const blind = blindRounds(library.store, scoredFilms(library.store, request));
        const place = { folder, replace: options.force === true };
        const result = await runExport(
          { library, predict: inference.service.predict, score: inference.scoreAfresh, clock: Date },
          request,
          place,
          progress,
        );
        const subject = request.reviewId ?? request.runId ?? '';
        library.audit.record('export', subject, { what: request.what, format: request.format });
        for (const round of blind) {
          library.audit.record('export', subject, roundTrace(round));
          process.stderr.write(`warning: ${roundWords(round)}\n`);
        }
        const files = result.files.map(({ path, sha256 }) => ({ path, sha256 }));
        const lines = [...files.map(({ path }) => path), result.check, ...result.notes];
        return { json: { files, films: result.films, notes: result.notes }, text: lines.join('\n') };
      });
    } finally {
      process.off('SIGINT', cancel);
    }
  },
};
