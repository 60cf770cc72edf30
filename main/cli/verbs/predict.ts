/** @file `predict`: scores of film files by a finished run, with attention overlays as PNG where asked for. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';

import {
  attentionMethod,
  type AttentionMap,
  type AttentionMethod,
} from '../../../shared/contract/inference.ts';
import type { RunId } from '../../../shared/domain/ids.ts';
import { keptWords } from '../../../shared/domain/kept-threshold.ts';
import { FilmError } from '../../dicom/film-error.ts';
import { readFilm, type DecodedFilm } from '../../dicom/film.ts';
import { modelImage } from '../../dicom/render.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import type { AppParts } from '../../services/compose.ts';
import type { ImagePrediction } from '../../services/inference/inference-service.ts';
import { overlayPng } from '../../services/inference/overlay-png.ts';
import { suitabilityOf } from '../../services/inference/suitability.ts';
import { withApp } from '../app-option.ts';
import { LIBRARY_OPTION } from '../library-option.ts';
import { textOption } from '../options.ts';
import { overlayPaths } from '../overlay-names.ts';
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

interface ReadFile {
  readonly file: string;
  readonly png: string | null;
  readonly film: DecodedFilm;
  readonly image: Uint8Array;
}

/** @throws FilmError, Refusal for a file that is no film */
async function readFilmFile(file: string, png: string | null): Promise<ReadFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new Refusal('UNREADABLE_FILE', `The file could not be read: ${(error as Error).message}`, { file });
  });
  const film = await readFilm(bytes, file);
  return { file, png, film, image: modelImage(film) };
}

async function finishFile({ file, png, film, image }: ReadFile, predicted: ImagePrediction) {
  const { t1, t2, attention, seconds, likeness } = predicted;
  const { modality, attributes, rows, cols, aspect } = film;
  const facts = { modality, view: attributes.viewPosition, rows, cols, aspect };
  const [map] = attention;
  if (map === undefined) throw new Error('a map was asked for');
  if (png !== null) await writeFileAtomic(png, await overlayPng(image, map));
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

interface Skipped {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

/** The readable ones of `files`, predicted together; the others are added to `skipped`. */
async function predictFiles(
  { inference }: AppParts,
  files: readonly { readonly file: string; readonly png: string | null }[],
  { runId, method }: Wanted,
  skipped: Skipped[],
): Promise<FilePrediction[]> {
  const read: ReadFile[] = [];
  for (const { file, png } of files) {
    try {
      read.push(await readFilmFile(file, png));
    } catch (error) {
      if (!(error instanceof FilmError) && !(error instanceof Refusal)) throw error;
      skipped.push({ file, code: error.code, message: error.message });
    }
  }
  if (read.length === 0) return [];
  const images = read.map(({ image }) => image);
  const predicted = await inference.predictImages(runId, images, [{ method, head: null, target: null }]);
  return await Promise.all(read.map((one, at) => finishFile(one, predicted[at] as ImagePrediction)));
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
  usage:
    'predict --library DIR --run RUN FILE… [--attention DIR] [--attention-method last|rollout|relevance]',
  summary: 'scores of film files by a finished run, overlays as PNG',
  options: {
    ...LIBRARY_OPTION,
    run: { type: 'string' },
    attention: { type: 'string' },
    'attention-method': { type: 'string' },
    force: { type: 'boolean' },
  },
  run: async ({ options, positionals }) => {
    const runId = textOption(options, 'run') as RunId | undefined;
    if (runId === undefined)
      throw new Refusal('BAD_INPUT', 'Name the run: --run RUN. The verb "runs" lists them.');
    if (positionals.length === 0) throw new Refusal('BAD_INPUT', 'Name at least one film file.');
    const method = attentionMethod.safeParse(textOption(options, 'attention-method') ?? 'last');
    if (!method.success)
      throw new Refusal('BAD_INPUT', '--attention-method takes last, rollout or relevance.');
    const wanted = { runId, method: method.data };
    const pngs = await overlayFiles(options, positionals, method.data);
    return await withApp(options, 'read', async (parts) => {
      const predictions: FilePrediction[] = [];
      const skipped: Skipped[] = [];
      const files = positionals.map((file, index) => ({ file, png: pngs[index] ?? null }));
      for (let start = 0; start < files.length; start += FILMS_A_TURN) {
        predictions.push(
          ...(await predictFiles(parts, files.slice(start, start + FILMS_A_TURN), wanted, skipped)),
        );
      }
      const [first] = skipped;
      if (predictions.length === 0 && first !== undefined) {
        throw new Refusal(first.code, `${first.file}: ${first.message}`, { skipped });
      }
      const text = [
        ...predictions.map(inWords),
        ...skipped.map(({ file, message }) => `${file} was skipped: ${message}`),
      ].join('\n');
      return { json: { runId, predictions, skipped }, text };
    });
  },
};
