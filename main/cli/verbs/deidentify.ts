/** @file `deidentify IN OUT`: films without their patients, by PS3.15 Annex E. Names nobody; what is skipped is named by its file. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

import { z } from 'zod';

import { ServiceError } from '../../../shared/domain/service-error.ts';
import type { Action } from '../../dicom/deidentify/action.ts';
import type { CleanFile } from '../../dicom/deidentify/clean-file.ts';
import type { BlackBox, DeidentifyOptions, SafePrivate } from '../../dicom/deidentify/options.ts';
import { writeFileAtomic } from '../../files/atomic-write.ts';
import { readVersion } from '../../services/app-version.ts';
import { SAME_UID } from '../../services/deidentify/write-films.ts';
import type { DeidentifyTask } from '../../services/import/decode-messages.ts';
import { gatherFiles, type FoundFile, type SkippedFile } from '../../services/import/gather-files.ts';
import { FILM_LIMIT_OPTIONS, FILM_LIMIT_USAGE, filmLimits, inOrder, withFilmReader } from '../film-reader.ts';
import { textOption } from '../options.ts';
import { makeFolder, refuseUnlessWritable } from '../out-file.ts';
import { tell } from '../until-stopped.ts';
import { Refusal, type Verb, type VerbArguments } from '../verb.ts';

type Options = VerbArguments['options'];

const KEY_BYTES = 32;
const boxText = /^\d{1,6},\d{1,6},\d{1,6},\d{1,6}$/;
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`));
const safeList = z
  .array(z.object({ creator: z.string().min(1).max(64), group: hex(4), element: hex(2) }))
  .max(1000);

/** `x,y,width,height`, several with semicolons between. */
function readBoxes(options: Options): readonly BlackBox[] {
  const text = textOption(options, 'boxes');
  if (text === undefined) return [];
  return text.split(';').map((part) => {
    if (!boxText.test(part)) {
      throw new Refusal(
        'BAD_INPUT',
        `--boxes takes x,y,width,height in pixels, not "${part}"; several with ; between.`,
      );
    }
    const [x = 0, y = 0, width = 0, height = 0] = part.split(',').map(Number);
    return { x, y, width, height };
  });
}

/** The key that pseudonyms come from; without one it is made for this run and forgotten. */
async function readKey(options: Options): Promise<Uint8Array> {
  const path = textOption(options, 'key');
  if (path === undefined) return randomBytes(KEY_BYTES);
  const key = await readInput(path);
  if (key.length >= 16) return createHash('sha256').update(key).digest();
  throw new Refusal(
    'BAD_INPUT',
    'The key file is shorter than 16 bytes: it could be guessed. Take 32 random bytes.',
  );
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Refusal('UNREADABLE_FILE', `${path} could not be read: ${(error as Error).message}`, { path });
  }
}

async function readSafeList(options: Options): Promise<readonly SafePrivate[]> {
  const path = textOption(options, 'safe-private');
  if (path === undefined) return [];
  try {
    const list = safeList.parse(JSON.parse(Buffer.from(await readInput(path)).toString('utf8')));
    return list.map(({ creator, group, element }) => ({
      creator,
      group: Number.parseInt(group, 16),
      element: Number.parseInt(element, 16),
    }));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const form = '[{"creator":"ACME 1.1","group":"0019","element":"23"}]';
    throw new Refusal(
      'BAD_INPUT',
      `The list of safe private elements cannot be read. It looks like this: ${form}`,
    );
  }
}

async function requestOf(options: Options): Promise<Omit<DeidentifyTask, 'path' | 'name'>> {
  const chosen: DeidentifyOptions = {
    shiftDates: options['shift-dates'] === true,
    keepPatientCharacteristics: options['keep-patient'] === true,
    keepDevice: options['keep-device'] === true,
    keepOverlays: options['keep-overlays'] === true,
    safePrivate: await readSafeList(options),
  };
  return {
    kind: 'deidentify',
    options: chosen,
    key: await readKey(options),
    patient: null,
    boxes: readBoxes(options),
    pixelsSeen: options['pixels-seen'] === true,
    version: await readVersion(),
  };
}

export interface ActionCount {
  readonly tag: string;
  readonly keyword: string | null;
  readonly treatment: Action['treatment'];
  readonly reason: Action['reason'];
  readonly count: number;
}

/** What was done, by tag, over all films; no values. */
function createTally() {
  const counts = new Map<string, ActionCount>();
  return {
    add(actions: readonly Action[]): void {
      for (const { tag, keyword, treatment, reason } of actions) {
        const key = `${tag} ${treatment} ${reason}`;
        counts.set(key, { tag, keyword, treatment, reason, count: (counts.get(key)?.count ?? 0) + 1 });
      }
    },
    all: (): readonly ActionCount[] => [...counts.values()].sort((a, b) => (a.tag < b.tag ? -1 : 1)),
  };
}

interface Written {
  readonly path: string;
  readonly sha256: string;
  readonly methods: readonly string[];
}

async function gather(input: string) {
  try {
    return await gatherFiles([input], { except: new Set(), signal: new AbortController().signal });
  } catch (error) {
    if (error instanceof ServiceError) throw new Refusal(error.code, error.message, error.detail);
    throw error;
  }
}

type Outcome =
  | { readonly file: FoundFile; readonly made: CleanFile; readonly refusal: null }
  | { readonly file: FoundFile; readonly made: null; readonly refusal: Refusal };

/** A file that is refused is an outcome as well; a defect is thrown. */
async function settled(making: Promise<CleanFile>, file: FoundFile): Promise<Outcome> {
  try {
    return { file, made: await making, refusal: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { file, made: null, refusal: error };
  }
}

function skip(skipped: SkippedFile[], file: FoundFile, { code, message }: Refusal): void {
  skipped.push({ file: file.shown, code, message });
}

export const deidentify: Verb = {
  name: 'deidentify',
  usage: `deidentify IN OUT [--shift-dates] [--keep-patient] [--keep-device] [--keep-overlays] [--safe-private JSON] [--boxes X,Y,W,H;…] [--pixels-seen] [--key FILE] [--force] ${FILM_LIMIT_USAGE}`,
  words: 2,
  summary:
    'films without their patients (PS3.15 Annex E): IN is a file or a folder, OUT the file or folder to write; --key keeps codes and UIDs the same from run to run',
  options: {
    'shift-dates': { type: 'boolean' },
    'keep-patient': { type: 'boolean' },
    'keep-device': { type: 'boolean' },
    'keep-overlays': { type: 'boolean' },
    'safe-private': { type: 'string' },
    boxes: { type: 'string' },
    'pixels-seen': { type: 'boolean' },
    key: { type: 'string' },
    force: { type: 'boolean' },
    ...FILM_LIMIT_OPTIONS,
  },
  run: async ({ positionals, options }) => {
    const [input, output] = positionals;
    if (input === undefined || output === undefined) {
      throw new Refusal('BAD_INPUT', 'Name what to read and what to write: chestlight deidentify IN OUT');
    }
    const request = await requestOf(options);
    const { files, skipped: left } = await gather(input);
    const oneFile = existsSync(input) && statSync(input).isFile() && files.length === 1;
    const intoFolder =
      !oneFile || output.endsWith(sep) || (existsSync(output) && statSync(output).isDirectory());
    if (!intoFolder) refuseUnlessWritable(output, options);
    const skipped: SkippedFile[] = [...left];
    const written: Written[] = [];
    const tally = createTally();
    const put = async (clean: CleanFile): Promise<void> => {
      const path = intoFolder ? join(resolve(output), ...clean.path.split('/')) : resolve(output);
      // --force is for films of an earlier run
      if (written.some((one) => one.path === path))
        throw new Refusal(SAME_UID.code, SAME_UID.message, { path });
      await makeFolder(dirname(path));
      refuseUnlessWritable(path, options);
      await writeFileAtomic(path, clean.bytes);
      const sha256 = createHash('sha256').update(clean.bytes).digest('hex');
      written.push({ path, sha256, methods: clean.methods.map(({ value }) => value) });
      tally.add(clean.actions);
    };
    await withFilmReader(filmLimits(options), async (reader) => {
      let seen = 0;
      const clean = (file: FoundFile) =>
        settled(reader.read({ ...request, path: file.path, name: '' }), file);
      for await (const { file, made, refusal } of inOrder(files, reader.ahead, clean)) {
        try {
          if (made === null) skip(skipped, file, refusal);
          else await put(made);
        } catch (error) {
          if (!(error instanceof Refusal) || oneFile) throw error;
          skip(skipped, file, error);
        }
        seen++;
        if (files.length > 1 && seen % 100 === 0) tell(`${seen} of ${files.length} files`);
      }
    });
    if (written.length === 0) {
      const [first] = skipped;
      throw new Refusal(first?.code ?? 'NOT_FOUND', first?.message ?? 'There is no film to de-identify.', {
        skipped,
      });
    }
    const counts = tally.all();
    const warning = request.pixelsSeen
      ? ''
      : '\nWriting in the pictures was not looked for by a person: see them before they leave.';
    return {
      json: { files: written, skipped, actions: counts },
      text: `${written.length} films written, ${skipped.length} files left out, ${counts.length} kinds of header fields treated.${warning}`,
    };
  },
};
