/** @file The command line: picks the verb, parses options, prints one JSON object or text. Exit 0 done, 2 refused, 1 defect. */
import { parseArgs } from 'node:util';

import { Refusal, type Verb } from './verb.ts';
import { bench } from './verbs/bench.ts';
import { decode } from './verbs/decode.ts';
import { demo } from './verbs/demo.ts';
import { distill } from './verbs/distill.ts';
import { doctor } from './verbs/doctor.ts';
import { evaluate } from './verbs/evaluate.ts';
import { importVerb } from './verbs/import.ts';
import { metrics } from './verbs/metrics.ts';
import { predict } from './verbs/predict.ts';
import { resume, runs } from './verbs/runs.ts';
import { train } from './verbs/train.ts';
import { verify } from './verbs/verify.ts';
import { weights } from './verbs/weights.ts';

const VERBS: readonly Verb[] = [
  importVerb,
  train,
  distill,
  resume,
  runs,
  predict,
  evaluate,
  decode,
  metrics,
  weights,
  verify,
  doctor,
  bench,
  demo,
];

function help(): string {
  const width = Math.max(...VERBS.map((verb) => verb.usage.length));
  return [
    'chestlight VERB … [--json]',
    ...VERBS.map((verb) => `  ${verb.usage.padEnd(width)}  ${verb.summary}`),
  ].join('\n');
}

function parse(argv: readonly string[]) {
  const [name, ...rest] = argv;
  const verb = VERBS.find((one) => one.name === name);
  if (verb === undefined) {
    throw new Refusal('BAD_INPUT', `There is no verb "${name ?? ''}".\n${help()}`, {
      verbs: VERBS.map((one) => one.name),
    });
  }
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' }, ...verb.options } as const;
    return { verb, ...parseArgs({ args: rest, options, allowPositionals: true }) };
  } catch (error) {
    throw new Refusal('BAD_INPUT', `${(error as Error).message}\nUse: chestlight ${verb.usage}`);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  try {
    if (argv.length === 0 || argv[0] === '--help' || argv[0] === 'help') {
      process.stdout.write(`${help()}\n`);
      return 0;
    }
    const { verb, values, positionals } = parse(argv);
    if (values.help === true) {
      process.stdout.write(`chestlight ${verb.usage}\n  ${verb.summary}\n`);
      return 0;
    }
    const result = await verb.run({ positionals, options: values });
    if (json) print(result.json);
    else process.stdout.write(`${result.text}\n`);
    return 0;
  } catch (error) {
    const refusal = error instanceof Refusal;
    const message = error instanceof Error ? error.message : String(error);
    const code = refusal ? error.code : 'DEFECT';
    if (json) print({ error: { code, message, detail: refusal ? error.detail : {} } });
    else process.stderr.write(`${refusal ? message : `A defect of Chestlight: ${message}`}\n`);
    return refusal ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
