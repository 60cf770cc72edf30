/** @file Progress lines, running a command from set-up, and the error that a person can act on. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';

/** One progress line. Standard output stays free for programs. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** A set-up problem that a person can act on: printed as it is, without a stack. */
export class SetupError extends Error {}

/** Runs `command` with its output on standard error; throws SetupError when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (result.error) throw new SetupError(`${command} could not be started: ${result.error.message}`);
  if (result.signal) throw new SetupError(`"${command} ${args[0] ?? ''} …" was stopped (${result.signal}).`);
  if (result.status !== 0) {
    throw new SetupError(`"${command} ${args.join(' ')}" failed (exit ${result.status}).`);
  }
}

/** Runs a step, says what it does and how long it took. */
export async function step(title, work) {
  const start = Date.now();
  say(`· ${title}`);
  const result = await work();
  say(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** `247 MB`: how much a step will fetch or keep. */
export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Exit code of a child as a shell reports it: its own, or 128 + the signal that ended it. */
export function exitCodeOf(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}

/** Runs `main`, turning set-up problems into one line and exit code 2. */
export async function guarded(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 2;
  }
}
