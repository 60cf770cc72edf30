/**
 * @file `npm run test:nightly`: what takes hours. 200 kills of each process, every call of a disk that fails, 10,000 generated files
 * a reader, 1,000 steps of the training process, the proof of offline; all of them whatever fails, then a summary. The counts are taken
 * from the environment where they stand there. `npm run test:nightly -- faults fuzz` runs those parts alone.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { namespace } from './namespace.mjs';
import { root } from './paths.mjs';
import { exitCodeOf, guarded, say, SetupError } from './run.mjs';

const COUNTS = {
  CHESTLIGHT_KILLS: '200',
  CHESTLIGHT_RESUMED: '20',
  CHESTLIGHT_FAULTS: 'all',
  CHESTLIGHT_FUZZ: '10000',
  CHESTLIGHT_STEPS: '1000',
};
/** A fault that was found must be found again: the points of the kills come from it. */
const SEED = 'CHESTLIGHT_SEED';

const TESTS = join(root, 'resources', 'setup', 'test.mjs');
const OFFLINE = join(root, 'resources', 'packaging', 'offline-proof.mjs');
const PARTS = {
  faults: {
    args: [TESTS, 'test/faults'],
    told: ({ CHESTLIGHT_KILLS: kills, CHESTLIGHT_RESUMED: resumed, CHESTLIGHT_FAULTS: faults }) =>
      `${kills} kills a process, ${resumed} runs resumed, ${faults === 'all' ? 'every' : 'some'} call of the disk failed`,
  },
  fuzz: {
    args: [TESTS, 'test/fuzz'],
    told: ({ CHESTLIGHT_FUZZ: fuzz }) => `${fuzz} files a reader`,
  },
  memory: {
    args: [TESTS, 'test/worker/long-training.test.ts'],
    told: ({ CHESTLIGHT_STEPS: steps }) => `${steps} steps of the training process, its memory watched`,
  },
  offline: {
    args: [OFFLINE],
    told: () => 'end-to-end tests and the packed app without a network',
    leftOut: () => (namespace() === null ? 'no network namespace can be made here' : null),
  },
};

/** Passes on what the program says, and keeps its last line on standard output. */
function runPart(args, env) {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    last = `${last}${text}`.split(/\n(?=[^\n])/).at(-1) ?? '';
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: exitCodeOf(code, signal), last: last.trim() }));
  });
}

await guarded(async () => {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    throw new SetupError(
      `There is no part ${unknown.join(', ')}. The parts: ${Object.keys(PARTS).join(', ')}.`,
    );
  }
  const seed = { [SEED]: String(Math.floor(Date.now() / 86_400_000)) };
  const env = { ...COUNTS, ...seed, ...process.env };
  const lines = [];
  let failed = 0;
  for (const [name, { args, told, leftOut = () => null }] of Object.entries(PARTS)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const why = leftOut();
    if (why !== null) {
      lines.push(`${name}: LEFT OUT, ${why}`);
      continue;
    }
    say(`\n==== ${name}: ${told(env)}`);
    const start = Date.now();
    const { code, last } = await runPart(args, env);
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    failed += code === 0 ? 0 : 1;
    const counts = /^\d+ passed, /.test(last) ? `; ${last}` : '';
    lines.push(
      `${name}: ${code === 0 ? 'passed' : `FAILED (exit ${code})`} in ${seconds} s; ${told(env)}${counts}`,
    );
  }
  process.stdout.write(
    `\n${SEED}=${env[SEED]}\n${lines.join('\n')}\n${failed} of ${lines.length} parts failed\n`,
  );
  return failed === 0 ? 0 : 1;
});
