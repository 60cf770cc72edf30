/** @file The command line: picks the verb, parses options, prints one JSON object or text. cli.ts and the packed app's shell run it. */
import { parseArgs } from 'node:util';

import { ServiceError } from '../../shared/domain/service-error.ts';
import type { WorkerHost } from '../services/service-types.ts';
import { keepOutput } from './kept-output.ts';
import { refusalOf } from './library-option.ts';
import { PrintedResult } from './printed-result.ts';
import { Refusal, type Verb } from './verb.ts';
import { useWorkers } from './verb-workers.ts';
import { audit } from './verbs/audit.ts';
import { backup } from './verbs/backup.ts';
import { bench } from './verbs/bench.ts';
import { decode } from './verbs/decode.ts';
import { deidentify } from './verbs/deidentify.ts';
import { demo } from './verbs/demo.ts';
import { distill } from './verbs/distill.ts';
import { doctor } from './verbs/doctor.ts';
import { encryption } from './verbs/encryption.ts';
import { evaluate } from './verbs/evaluate.ts';
import { exportVerb } from './verbs/export.ts';
import { figure } from './verbs/figure.ts';
import { importVerb } from './verbs/import.ts';
import { metrics } from './verbs/metrics.ts';
import { predict } from './verbs/predict.ts';
import { pretrain } from './verbs/pretrain.ts';
import { review } from './verbs/review.ts';
import { resume, runs } from './verbs/runs.ts';
import { model } from './verbs/model.ts';
import { settings } from './verbs/settings.ts';
import { session } from './verbs/session.ts';
import { study } from './verbs/study.ts';
import { threshold } from './verbs/threshold.ts';
import { train } from './verbs/train.ts';
import { update } from './verbs/update.ts';
import { verify } from './verbs/verify.ts';
import { weights } from './verbs/weights.ts';

const VERBS: readonly Verb[] = [
  importVerb,
  pretrain,
  train,
  distill,
  resume,
  study,
  runs,
  review,
  predict,
  figure,
  evaluate,
  threshold,
  exportVerb,
  session,
  model,
  settings,
  decode,
  deidentify,
  metrics,
  weights,
  verify,
  backup,
  encryption,
  update,
  audit,
  doctor,
  bench,
  demo,
];

const LINE_WIDTH = 100;

/** `text` in lines of at most `LINE_WIDTH` characters, each behind `indent` spaces; a longer word keeps a line of its own. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** Every verb with what it does and, below, what it takes. */
function help(): string {
  const column = Math.max(...VERBS.map(({ name }) => name.length)) + 4;
  return [
    'chestlight [--output FILE] VERB … [--json]',
    ...VERBS.map(({ name, usage, summary }) => {
      const takes = usage.slice(name.length + 1);
      return `  ${name.padEnd(column - 2)}${wrapped(summary, column)}\n${' '.repeat(column)}${wrapped(takes, column)}`;
    }),
    'VERB --help names every option of a verb. --output FILE keeps what is printed in a new file as well.',
  ].join('\n');
}

function helpOn({ usage, summary, options }: Verb): string {
  const names = ['json', ...Object.keys(options)].map((name) => `--${name}`);
  return [
    `chestlight ${wrapped(usage, 11)}`,
    `  ${wrapped(summary, 2)}`,
    `  Options: ${wrapped(names.join(', '), 11)}`,
  ].join('\n');
}

/** The word after `--output`. @throws Refusal BAD_INPUT */
function outputFile(word: string | undefined): string {
  if (word !== undefined && word !== '' && !word.startsWith('-')) return word;
  throw new Refusal('BAD_INPUT', 'Name a file: chestlight --output FILE VERB …');
}

function parse(argv: readonly string[]) {
  const [name, ...rest] = argv;
  const verb = VERBS.find((one) => one.name === name);
  if (verb === undefined) {
    throw new Refusal('BAD_INPUT', `There is no verb "${name ?? ''}".\n${help()}`, {
      verbs: VERBS.map((one) => one.name),
    });
  }
  const parsed = optionsOf(verb, rest);
  const extra = parsed.positionals.slice(verb.words ?? 0);
  if (extra.length > 0) {
    throw new Refusal(
      'BAD_INPUT',
      `${verb.name} does not take “${extra.join(' ')}”: nothing was done.\nUse: chestlight ${verb.usage}`,
    );
  }
  return { verb, ...parsed };
}

function optionsOf(verb: Verb, args: string[]) {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' }, ...verb.options } as const;
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Refusal('BAD_INPUT', `${(error as Error).message}\nUse: chestlight ${verb.usage}`);
  }
}

export interface CliOptions {
  /** Starts the processes of a verb; default: plain Node. */
  readonly workerHost?: WorkerHost;
}

/**
 * Runs the verb that `argv` names, and prints what comes of it.
 * @param argv without the program and its entry
 * @returns the exit code: 0 done, 2 refused, 1 a defect
 */
export async function runCli(argv: readonly string[], { workerHost }: CliOptions = {}): Promise<number> {
  if (workerHost !== undefined) useWorkers(workerHost);
  const kept: (() => void)[] = [];
  try {
    return await runVerb(argv, (file) => void kept.push(keepOutput(file)));
  } finally {
    for (const release of kept.reverse()) release();
  }
}

/** @param keep told the file of `--output` before anything is printed */
async function runVerb(given: readonly string[], keep: (file: string) => void): Promise<number> {
  const printed = new PrintedResult(given.includes('--json'));
  try {
    let argv = given;
    // The launcher of a package may have named one before the person's own.
    while (argv[0] === '--output') {
      keep(outputFile(argv[1]));
      argv = argv.slice(2);
    }
    if (argv.length === 0 || argv[0] === '--help' || argv[0] === 'help') {
      process.stdout.write(`${help()}\n`);
      return 0;
    }
    const { verb, values, positionals } = parse(argv);
    if (values.help === true) {
      process.stdout.write(`${helpOn(verb)}\n`);
      return 0;
    }
    printed.end(await verb.run({ positionals, options: values }, printed));
    return 0;
  } catch (error) {
    const { exit, failure, words } = endOf(error);
    printed.fail(failure, words);
    return exit;
  }
}

/** How a verb ends that threw `error`: what a service refuses is a refusal too, anything else a defect. */
export function endOf(error: unknown) {
  const refusal = error instanceof ServiceError ? refusalOf(error) : error;
  if (refusal instanceof Refusal) {
    const { code, message, detail } = refusal;
    return { exit: 2, failure: { code, message, detail }, words: message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    exit: 1,
    failure: { code: 'DEFECT', message, detail: {} },
    words: `A defect of Chestlight: ${message}`,
  };
}
