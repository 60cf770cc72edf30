/** @file What is fuzzed: the product's own readers of files that come from elsewhere, real files to start from, and the one error allowed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { zipSync } from 'fflate';

import { DEFAULT_PLAN, readPlan } from '../../main/cli/study-plan-file.ts';
import { readReviewPlan } from '../../main/cli/review-plan-file.ts';
import { Refusal } from '../../main/cli/verb.ts';
import { cleanFile } from '../../main/dicom/deidentify/clean-file.ts';
import { DEFAULT_OPTIONS } from '../../main/dicom/deidentify/options.ts';
import { createPseudonyms } from '../../main/dicom/deidentify/pseudonyms.ts';
import { looksLikeScores, readScores } from '../../main/services/exchange/outside-scores/read-scores.ts';
import { PREDICTIONS_MARK } from '../../main/services/exchange/prediction-formats.ts';
import { dicomdirFiles, isDicomdir } from '../../main/dicom/dicomdir.ts';
import { FilmError } from '../../main/dicom/film-error.ts';
import { readFilm } from '../../main/dicom/film.ts';
import { describeFilm, displayImage, modelImage, pixelHash, thumbnail } from '../../main/dicom/render.ts';
import { listTags } from '../../main/dicom/tag-list.ts';
import { viewerFrame } from '../../main/dicom/viewer-frame.ts';
import { plainVit } from '../../main/numeric/weights/dinov2-onnx.ts';
import { exportWeights } from '../../main/numeric/weights/export-weights.ts';
import { importWeights } from '../../main/numeric/weights/import-weights.ts';
import { WeightsError } from '../../main/numeric/weights/weights-error.ts';
import { hasBoxes, planBoxes } from '../../main/services/import/box-plan.ts';
import { resolveMapping } from '../../main/services/import/column-mapping.ts';
import { readCsvTable } from '../../main/services/import/csv-table.ts';
import { planLabels } from '../../main/services/import/label-plan.ts';
import { readUpdate } from '../../main/services/update/update-file.ts';
import { signerOf } from '../../main/services/training/weights-signature.ts';
import { startFile } from '../../main/services/training/known-wheel.ts';
import { ServiceError } from '../../shared/domain/service-error.ts';
import { small, weightsOf } from '../numeric/reference.ts';
import { bundleSeeds, readBundle, shapedBundle } from './bundle-target.ts';
import type { Dice } from './mutate.ts';
import { readSession, sessionSeeds, shapedSession } from './session-target.ts';

export interface Target {
  /** Real files that the cases start from. */
  readonly seeds: () => readonly Uint8Array[];
  /** Words of the format. */
  readonly words: readonly string[];
  /** Files of the right form with wrong contents: half of the cases where it is there. */
  readonly shaped?: (roll: Dice) => Uint8Array;
  /** Reads one file as the product does. `folder` is for readers that want a path. */
  readonly read: (bytes: Uint8Array, folder: string) => unknown;
  /** The code of an error that is an answer; null = a defect. */
  readonly codeOf: (error: unknown) => string | null;
}

const at = (path: string): string => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
const file = (path: string): Uint8Array => new Uint8Array(readFileSync(at(path)));
const folder = (path: string): Uint8Array[] =>
  readdirSync(at(path))
    .sort()
    .map((name) => file(`${path}/${name}`));
const text = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));

const filmCode = (error: unknown): string | null => (error instanceof FilmError ? error.code : null);
const weightsCode = (error: unknown): string | null => (error instanceof WeightsError ? error.code : null);
const serviceCode = (error: unknown): string | null => (error instanceof ServiceError ? error.code : null);

/** Everything that the app does with a film's file: what an import stores, what the viewer and the tags dialog ask for. */
async function readEverything(bytes: Uint8Array, name: string): Promise<void> {
  if (name === 'film.dcm') listTags(bytes);
  const film = await readFilm(bytes, name);
  describeFilm(film);
  pixelHash(film);
  modelImage(film);
  await thumbnail(film, 160);
  displayImage(film);
  viewerFrame(film, 0);
}

const TAGS = [
  '\x28\x00\x10\x00US\x02\x00\xff\xff',
  '\x28\x00\x08\x00IS\x0a\x002147483647',
  '\xfe\xff\x00\xe0\xff\xff\xff\xff',
  '\xfe\xff\xdd\xe0\x00\x00\x00\x00',
  '\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff',
  '\xe0\x7f\x10\x00OW\x00\x00\xff\xff\xff\xff',
  '\xe0\x7f\x10\x00OB\x00\x00\x00\x00\x00\x00',
  '\x28\x00\x53\x10DS\x04\x001e99',
  '\x28\x00\x51\x10DS\x04\x00-0\\0',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.5',
  'MONOCHROME1',
  'PALETTE COLOR',
  'YBR_FULL_422',
];

const CSV_SEEDS = [
  'file,patient_id,split,Pneumonia,Nodule/Mass\na.png,p1,train,1,0\nb.png,p2,test,0,\n',
  'Image Index;Finding Labels;Patient ID;Patient Age;View Position\n1_000.png;Effusion|Mass;1;058Y;PA\n2.png;No Finding;2;12;AP\n',
  'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\nabc,R1,Cardiomegaly,10,20,300.5,400\nabc,R2,No finding,,,,\n',
  'file\tpatient\tage\tsex\n"a, b.dcm"\t"x ""y"""\t60\tF\n',
  '\ufefffile,patient_id,Pneumonia\r\nä.dcm,p,1\r\n',
].map(text);

const SCORE_SEEDS = [
  'film_id,file,run_id,weights_sha256,abnormal,Edema\nfilm-00000000000000000000000000000001,a.png,run-00000001,ab,0.5,0.25\n',
  'image,p_abnormal,Edema\na.png,0.5,0.25\nb.png,,1\n',
  JSON.stringify({
    format: PREDICTIONS_MARK,
    version: 1,
    run: { id: 'run-00000001', name: 'A', weightsSha256: 'ab' },
    findings: ['Edema'],
    films: [
      {
        filmId: 'film-00000000000000000000000000000001',
        file: 'a.png',
        abnormal: 0.5,
        scores: { Edema: 0.25 },
      },
    ],
  }),
];

const CSV_WORDS = [
  '"',
  '""',
  '\t',
  '\0',
  '=1+1',
  '__proto__',
  'constructor',
  '-1',
  '1e999',
  'NaN',
  '../../x',
  'toString',
];

/** A table whose rows fit its header, with some cells that do not belong there. */
function shapedTable(roll: Dice): Uint8Array {
  const lines = Buffer.from(roll.of(CSV_SEEDS)).toString().trimEnd().split(/\r?\n/);
  const delimiter = /[;\t]/.exec(lines[0] ?? '')?.[0] ?? ',';
  const rows = lines.map((line) => line.split(delimiter));
  for (let count = 1 + roll.below(6); count > 0; count--) {
    const row = roll.of(rows);
    row[roll.below(row.length)] = roll.below(3) === 0 ? roll.of(row) : roll.of(CSV_WORDS);
    if (roll.below(4) === 0) rows.push([...roll.of(rows)]);
  }
  return text(rows.map((row) => row.join(delimiter)).join('\n'));
}

const JSON_VALUES = [
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  '',
  'F32',
  'F64',
  'BOOL',
  null,
  [],
  [0],
  [-1, 2],
  {},
  true,
];

/** A container whose header is JSON and fits its length, with some values that do not belong there. */
function shapedWeights(roll: Dice, seeds: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.from(roll.of(seeds));
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, end).toString()) as Record<string, Record<string, unknown>>;
  for (let count = 1 + roll.below(4); count > 0; count--) {
    const name = roll.of(Object.keys(header));
    const entry = header[name] ?? {};
    const key = roll.of(Object.keys(entry).length > 0 ? Object.keys(entry) : ['x']);
    const part = entry[key];
    const way = roll.below(16);
    if (way < 7 && Array.isArray(part) && part.length > 0)
      part[roll.below(part.length)] = roll.of(JSON_VALUES);
    else if (way === 14) header[roll.of(['__metadata__', 'another', name])] = { ...entry };
    else if (way === 15) delete header[name];
    else entry[key] = roll.of([...JSON_VALUES, '{"variant":"custom","depth":1e9}', '{}', '[[[[']);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return new Uint8Array(Buffer.concat([length, json, bytes.subarray(end)]));
}

function weightFiles(): readonly Uint8Array[] {
  return [
    exportWeights(weightsOf(small, 1), small, 'app'),
    exportWeights(weightsOf(small, 2), small, 'hf'),
    exportWeights(weightsOf(small, 3), small, 'timm'),
    file('numeric/dinov2-small.safetensors'),
  ];
}

async function readLabels(bytes: Uint8Array, dir: string): Promise<void> {
  const path = join(dir, 'labels.csv');
  writeFileSync(path, bytes);
  const table = await readCsvTable(path);
  if (hasBoxes(table.columns)) planBoxes(table);
  await planLabels(table, resolveMapping(table, null));
}

const VIT = { width: 12, depth: 2, hidden: 24, from: { patch: 14, grid: 5 }, to: { patch: 16, grid: 3 } };

export const TARGETS: Readonly<Record<string, Target>> = {
  dicom: {
    seeds: () => [...folder('dicom/good'), ...folder('dicom/bad')],
    words: TAGS,
    read: (bytes) => readEverything(bytes, 'film.dcm'),
    codeOf: filmCode,
  },
  picture: {
    seeds: () => folder('dicom/plain'),
    words: [
      'IHDR\x7f\xff\xff\xff\x7f\xff\xff\xff',
      'IDAT',
      'IEND',
      'acTL',
      '\xff\xc0\x00\x11\x08\xff\xff\xff\xff',
      '\xff\xda',
      'II*\x00',
      'MM\x00*',
      'BM',
    ],
    read: (bytes) => readEverything(bytes, 'film'),
    codeOf: filmCode,
  },
  deidentify: {
    seeds: () => [...folder('deidentify'), file('dicom/good/phi-1.dcm'), file('dicom/good/multiframe2.dcm')],
    words: TAGS,
    read: (bytes) =>
      cleanFile(bytes, {
        options: { ...DEFAULT_OPTIONS, shiftDates: true, keepOverlays: true },
        pseudonyms: createPseudonyms(new Uint8Array(32).fill(7)),
        patient: null,
        boxes: [{ x: 0, y: 0, width: 4, height: 4 }],
        pixelsSeen: false,
        version: '1.2.3',
      }),
    codeOf: filmCode,
  },
  scores: {
    seeds: () => SCORE_SEEDS.map(text),
    words: [...CSV_WORDS, 'p_Edema', 'film_id', '"model":', '1.5', '-0.1', '{}', '[]', '"scores":1'],
    read: async (bytes, where) => {
      const path = join(where, bytes[0] === 0x7b ? 'scores.json' : 'scores.csv');
      writeFileSync(path, bytes);
      await looksLikeScores(path);
      return await readScores(path, null);
    },
    codeOf: serviceCode,
  },
  plan: {
    seeds: () =>
      [JSON.stringify(DEFAULT_PLAN), JSON.stringify({ ...DEFAULT_PLAN, init: { tiny: 'x' } })].map(text),
    words: [
      '"seeds":[-1]',
      '"models":[]',
      '__proto__',
      '1e400',
      '"init":{"tiny":7}',
      'null',
      '\\u0000',
      '\xff',
    ],
    read: async (bytes, where) => {
      const path = join(where, 'plan.json');
      writeFileSync(path, bytes);
      const codes: string[] = [];
      for (const read of [readPlan, readReviewPlan]) {
        await read(path).catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
          codes.push(error.code);
        });
      }
      if (codes.length === 2) throw new Refusal('BAD_INPUT', codes.join(', '));
      return codes;
    },
    codeOf: (error) => (error instanceof Refusal ? error.code : null),
  },
  dicomdir: {
    seeds: () => [file('dicomdir/DICOMDIR')],
    words: [
      '..\\..\\ETC',
      '..',
      '/',
      'C:\\',
      '\x04\x00\x00\x15CS\x06\x00..\\A\\B',
      '\xfe\xff\x00\xe0\xff\xff\xff\xff',
    ],
    read: (bytes) => {
      if (!isDicomdir(bytes)) return null;
      const { files, unsafe } = dicomdirFiles(bytes);
      if (files.flat().some((part) => /[\\/:]|^\.+$/.test(part)))
        throw new Error('it leads out of its folder');
      if (unsafe > 0) throw new FilmError('MALFORMED', 'names that are passed by are counted apart');
      return files;
    },
    codeOf: filmCode,
  },
  csv: {
    seeds: () => CSV_SEEDS,
    shaped: shapedTable,
    words: [
      '"',
      '""',
      ',',
      ';',
      '\t',
      '\r',
      '\n',
      '\0',
      '=1+1',
      '__proto__',
      'constructor',
      '\xc3',
      '-1',
      '1e999',
      'NaN',
      ',,,,,,,,',
    ],
    read: readLabels,
    codeOf: serviceCode,
  },
  safetensors: {
    seeds: weightFiles,
    shaped: (roll) => shapedWeights(roll, weightFiles()),
    words: [
      '"dtype":"F64"',
      '"shape":[',
      '4294967296',
      '-1',
      '9007199254740993',
      '"data_offsets":[0,0]',
      '__proto__',
      '__metadata__',
      'null',
      '\\u0000',
      '}}',
      '1e400',
    ],
    read: (bytes) => {
      importWeights(bytes);
      signerOf(bytes);
    },
    codeOf: (error) => weightsCode(error) ?? serviceCode(error),
  },
  onnx: {
    seeds: () => [file('numeric/dinov2-small.onnx')],
    words: [
      '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
      '\x0a\xff\xff\xff\x0f',
      '\x12\x00',
      'backbone.embeddings.cls_token',
      'MatMul',
    ],
    read: (bytes) => plainVit(bytes, VIT),
    codeOf: weightsCode,
  },
  update: {
    seeds: () => [file('update/small.chestlight-update')],
    words: ['CLUPDAT1', '"bytes":', '../../x.exe', '4294967296', '\xff\xff\xff\xff', '"version":"9.9.9"'],
    read: async (bytes, dir) => {
      const path = join(dir, 'update');
      writeFileSync(path, bytes);
      await readUpdate(path);
    },
    codeOf: serviceCode,
  },
  bundle: {
    seeds: bundleSeeds,
    shaped: shapedBundle,
    words: [
      '"version":2',
      '"bytes":4294967296',
      '"name":"../../x"',
      '__proto__',
      '\xff\xff\xff\xff',
      'CHESTLIGHT',
      '1e400',
    ],
    read: readBundle,
    codeOf: serviceCode,
  },
  session: {
    seeds: sessionSeeds,
    shaped: shapedSession,
    words: [
      '"version":2',
      '"bytes":4294967296',
      '"number":0',
      '"stage":"revised"',
      '__proto__',
      '\xff\xff\xff\xff',
      'CHESTLIGHT',
      '1e400',
    ],
    read: readSession,
    codeOf: serviceCode,
  },
  zip: {
    seeds: () => [
      zipSync({ '../../outside.safetensors': text('x'), 'model.onnx': file('numeric/dinov2-small.onnx') }),
      zipSync({ 'bomb.bin': new Uint8Array(1_000_000) }, { level: 9 }),
    ],
    words: ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', '../../', 'C:\\', '\xff\xff\xff\xff'],
    read: (bytes) => importWeights(startFile(bytes).bytes),
    codeOf: weightsCode,
  },
};

const faulty = (read: Target['read']): Target => ({
  seeds: () => [text('x')],
  words: ['x'],
  read,
  codeOf: () => null,
});

/** Readers that do what none may: the fuzzer must tell of each. */
export const FAULTY: Readonly<Record<string, Target>> = {
  defect: faulty(() => {
    throw new TypeError('not thought of');
  }),
  crash: faulty(() => process.kill(process.pid, 'SIGSEGV')),
  memory: faulty(async () => {
    const kept: Buffer[] = [];
    for (;;) {
      kept.push(Buffer.alloc(32 * 1024 * 1024, 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }),
};
