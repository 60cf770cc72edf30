/** @file `predict`: scores of film files and folders by a finished run, with attention overlays as PNG where asked for. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';

import {
  attentionMethod,
  type AttentionMap,
  type AttentionMethod,
} from '../../../shared/contract/inference.ts';
import type { FilmId, RunId } from '../../../shared/domain/ids.ts';
import { keptWords } from '../../../shared/domain/kept-threshold.ts';
import { ServiceError } from '../../../shared/domain/service-error.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import type { AppParts } from '../../services/compose.ts';
import type { ImagePrediction } from '../../services/inference/inference-service.ts';
import { overlayPng } from '../../services/inference/overlay-png.ts';
import { suitabilityOf } from '../../services/inference/suitability.ts';
import { blindRounds } from '../../services/review/model-blinding.ts';
import type { ModelView } from '../../services/import/decode-messages.ts';
import type { SkippedFile } from '../../services/import/gather-files.ts';
import { filmIdOf } from '../../services/import/film-writer.ts';
import { tellBlindFilms } from '../blind-films.ts';
import { withApp } from '../app-option.ts';
import { filmFiles } from '../film-files.ts';
import {
  FILM_LIMIT_OPTIONS,
  FILM_LIMIT_USAGE,
  filmLimits,
  inOrder,
  withFilmReader,
  type FilmReader,
} from '../film-reader.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { tellPlain } from '../out-file.ts';
import { textOption } from '../options.ts';
import { overlayPaths } from '../overlay-names.ts';
import { tell } from '../until-stopped.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

interface Wanted {
  readonly runId: RunId;
  readonly method: AttentionMethod;
}

/** Rows of the grid, each value 0..1 of the peak. */
function gridRows({ grid, values }: AttentionMap): number[][] {
  return Array.from({ length: grid }, (_, row) => values.slice(row * grid, (row + 1) * grid));
}

/** Where the overlay of each film goes, or null a film when none are asked for. @throws Refusal before anything is computed */
async function overlayFiles(
  options: VerbArguments['options'],
  films: readonly string[],
  method: AttentionMethod,
): Promise<readonly (string | null)[]> {
  const dir = textOption(options, 'attention');
  if (dir === undefined) return films.map(() => null);
  const paths = overlayPaths(dir, films, method);
  const there = paths.filter((path) => existsSync(path));
  const [path] = there;
  if (path !== undefined && options.force !== true) {
    const more = there.length === 1 ? '' : ` and ${there.length - 1} more`;
    throw new Refusal(
      'CONFLICT',
      `${path}${more} ${there.length === 1 ? 'is' : 'are'} there already. Choose another folder or add --force.`,
      {
        path,
        there,
      },
    );
  }
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw new Refusal('BAD_INPUT', `Overlays cannot be written to ${dir}: ${(error as Error).message}`, {
      dir,
    });
  });
  return paths;
}

/** Films that are read before they are predicted together. */
const FILMS_A_TURN = 8;

interface ReadFile extends ModelView {
  readonly file: string;
  readonly png: string | null;
}

/** @throws Refusal for a file that is no film, or takes too long */
const readFilmFile = (reader: FilmReader, file: string): Promise<ModelView> =>
  reader.read({ kind: 'model', path: file, name: file });

async function finishFile({ file, png, facts, image }: ReadFile, predicted: ImagePrediction) {
  const { t1, t2, attention, seconds, likeness } = predicted;
  const [map] = attention;
  if (map === undefined) throw new Error('a map was asked for');
  if (png !== null) {
    await writeFileAtomic(png, await overlayPng(image, map)).catch((error: unknown) => {
      if (error instanceof ServiceError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ServiceError('READ_ONLY', `Its overlay could not be written: ${why}`);
    });
  }
  return {
    file,
    t2: t2.score,
    t1: Object.fromEntries(t1.map(({ name, score }) => [name, score])),
    operatingPoint: {
      t2: t2.threshold,
      t1: Object.fromEntries(t1.map(({ name, threshold }) => [name, threshold])),
      /** Tasks whose threshold is not the fitted one, with who set it. */
      setByHand: Object.fromEntries(
        [t2, ...t1].flatMap(({ name, kept }) => (kept === null ? [] : ([[name, kept]] as const))),
      ),
    },
    suitability: suitabilityOf(facts, image, likeness),
    attention: { method: map.method, grid: gridRows(map), png },
    seconds,
  };
}

type FilePrediction = Awaited<ReturnType<typeof finishFile>>;

type Asked = readonly { readonly file: string; readonly png: string | null }[];

/** The readable ones of `files`; the others are added to `skipped`. */
async function readFiles(
  reader: FilmReader,
  files: Asked,
  skipped: SkippedFile[],
): Promise<readonly ReadFile[]> {
  const asked = files.map(({ file }) => readFilmFile(reader, file));
  const read: ReadFile[] = [];
  for (const [at, one] of (await Promise.allSettled(asked)).entries()) {
    const { file = '', png = null } = files[at] ?? {};
    if (one.status === 'fulfilled') read.push({ file, png, ...one.value });
    else if (one.reason instanceof Refusal)
      skipped.push({ file, code: one.reason.code, message: one.reason.message });
    else throw one.reason;
  }
  return read;
}

/** Failures that may be one film's own: others are the model's or the machine's, and end the verb. */
const OF_A_FILM = new Set(['WORKER_CRASHED', 'OUT_OF_MEMORY', 'DISK_FULL', 'READ_ONLY']);

/** So many films in a row that fail are not the films' fault. */
const MOST_FAILED = 3;

type Outcome = { readonly made: FilePrediction } | { readonly file: string; readonly failed: ServiceError };

/** What `make` gives, or why this film has nothing. @throws what is not the film's own */
async function outcomeOf(file: string, make: () => Promise<FilePrediction>): Promise<Outcome> {
  try {
    return { made: await make() };
  } catch (error) {
    if (error instanceof ServiceError && OF_A_FILM.has(error.code)) return { file, failed: error };
    throw error;
  }
}

/** The films of a turn together; where that ends the process, one by one in a new one, so that a film costs itself alone. */
async function* predictTurn(
  { inference }: AppParts,
  read: readonly ReadFile[],
  { runId, method }: Wanted,
): AsyncGenerator<Outcome, void> {
  const predictedOf = (films: readonly ReadFile[]) =>
    inference.predictImages(
      runId,
      films.map(({ image }) => image),
      [{ method, head: null, target: null }],
    );
  const together = await predictedOf(read).catch((error: unknown) => {
    if (error instanceof ServiceError && OF_A_FILM.has(error.code)) return null;
    throw error;
  });
  for (const [at, one] of read.entries()) {
    yield await outcomeOf(one.file, async () => {
      const predicted = together === null ? (await predictedOf([one]))[0] : together[at];
      if (predicted === undefined) throw new Error('the inference process gave no answer');
      return await finishFile(one, predicted);
    });
  }
}

/**
 * A turn of films after the other; the films of the next are read while the model looks at those of this one. Films that cannot be
 * read or predicted are added to `skipped`. @throws Refusal where films in a row fail
 */
async function* predictFiles(
  parts: AppParts,
  reader: FilmReader,
  files: Asked,
  wanted: Wanted,
  skipped: SkippedFile[],
): AsyncGenerator<FilePrediction, void> {
  const turn = (start: number): Promise<readonly ReadFile[]> => {
    const reading = readFiles(reader, files.slice(start, start + FILMS_A_TURN), skipped);
    reading.catch(() => undefined); // told when it is its turn
    return reading;
  };
  let coming = turn(0);
  let inARow = 0;
  for (let start = 0; start < files.length; start += FILMS_A_TURN) {
    const read = await coming;
    coming = turn(start + FILMS_A_TURN);
    if (read.length === 0) continue;
    for await (const outcome of predictTurn(parts, read, wanted)) {
      if ('made' in outcome) {
        inARow = 0;
        yield outcome.made;
        continue;
      }
      const { file, failed } = outcome;
      skipped.push({ file, code: failed.code, message: failed.message });
      inARow += 1;
      if (inARow < MOST_FAILED) continue;
      const message = `${MOST_FAILED} films in a row could not be predicted. ${failed.message} What is printed above holds.`;
      throw new Refusal(failed.code, message, { skipped });
    }
  }
}

/** Before anything is scored: files are read for who they are only where a session is being read without a model. */
async function tellBlind(
  { library }: AppParts,
  reader: FilmReader,
  options: VerbArguments['options'],
  files: readonly string[],
  runId: RunId,
): Promise<void> {
  if (blindRounds(library.store, null).length === 0) return;
  const films: FilmId[] = [];
  const hashOf = (file: string): Promise<string | null> =>
    readFilmFile(reader, file).then(
      ({ pixelSha256 }) => pixelSha256,
      (error: unknown) => {
        if (error instanceof Refusal) return null; // told when it is its turn
        throw error;
      },
    );
  for await (const hash of inOrder(files, reader.ahead, hashOf)) {
    if (hash !== null) films.push(filmIdOf(hash));
  }
  await tellBlindFilms(options, library, films, { action: 'predict', subject: runId });
}

function inWords({ file, t1, t2, operatingPoint, suitability }: FilePrediction): string {
  const kept = operatingPoint.setByHand['abnormal'];
  const byHand = kept === undefined ? '' : `, ${keptWords(kept)}`;
  const call =
    operatingPoint.t2 === null
      ? ''
      : t2 >= operatingPoint.t2
        ? ` (above its threshold${byHand})`
        : ` (below its threshold${byHand})`;
  const findings = Object.entries(t1).map(([name, score]) => {
    const own = operatingPoint.setByHand[name];
    const note = own === undefined ? '' : ` (threshold ${operatingPoint.t1[name]}, ${keptWords(own)})`;
    return `  ${name}: ${score.toFixed(3)}${note}`;
  });
  const warnings = suitability.reasons.map((reason) => `  Not what the model was made for: ${reason}`);
  const { likeness } = suitability;
  const unknown = likeness.state === 'not-fitted' ? [`  ${likeness.reason}`] : [];
  return [`${file}: abnormal ${t2.toFixed(3)}${call}`, ...warnings, ...unknown, ...findings].join('\n');
}

export const predict: Verb = {
  name: 'predict',
  usage: `predict --library DIR --run RUN FILE|FOLDER… [--attention DIR] [--attention-method last|rollout|relevance] ${FILM_LIMIT_USAGE}`,
  words: Infinity,
  summary: 'scores of film files and folders by a finished run, overlays as PNG',
  options: {
    ...LIBRARY_OPTION,
    run: { type: 'string' },
    attention: { type: 'string' },
    'attention-method': { type: 'string' },
    force: { type: 'boolean' },
    ...FILM_LIMIT_OPTIONS,
  },
  run: async ({ options, positionals }, printed) => {
    const runId = textOption(options, 'run') as RunId | undefined;
    if (runId === undefined)
      throw new Refusal('BAD_INPUT', 'Name the run: --run RUN. The verb "runs" lists them.');
    if (positionals.length === 0) throw new Refusal('BAD_INPUT', 'Name at least one film file or folder.');
    const method = attentionMethod.safeParse(textOption(options, 'attention-method') ?? 'last');
    if (!method.success)
      throw new Refusal('BAD_INPUT', '--attention-method takes last, rollout or relevance.');
    const wanted = { runId, method: method.data };
    const named = await filmFiles(positionals);
    if (named.files.length === 0)
      throw new Refusal('BAD_INPUT', `There is no film in ${positionals.join(', ')}.`, {
        skipped: named.skipped,
      });
    const pngs = await overlayFiles(options, named.files, method.data);
    const limits = filmLimits(options);
    return await withApp(options, 'read', async (parts) => {
      const skipped = [...named.skipped];
      const files = named.files.map((file, index) => ({ file, png: pngs[index] ?? null }));
      let films = 0;
      await withFilmReader(limits, async (reader) => {
        await tellBlind(parts, reader, options, named.files, runId);
        for await (const made of predictFiles(parts, reader, files, wanted, skipped)) {
          printed.member({ runId }, 'predictions', { json: made, text: inWords(made) });
          films += 1;
          if (files.length > FILMS_A_TURN && films % FILMS_A_TURN === 0)
            tell(`${films} of ${files.length} films`);
        }
      });
      const pictures = textOption(options, 'attention');
      if (pictures !== undefined) tellPlain(parts.library.files, pictures);
      const [first] = skipped;
      if (films === 0 && first !== undefined) {
        throw new Refusal(first.code, `${first.file}: ${first.message}`, { skipped });
      }
      const text = [
        ...skipped.map(({ file, message }) => `${file} was skipped: ${message}`),
        `${films} film${films === 1 ? '' : 's'} predicted, ${skipped.length} skipped.`,
      ].join('\n');
      return { json: { skipped }, text };
    });
  },
};
