/** @file Running a command from set-up: output to standard error, a clear error with the command on failure. */
import { spawnSync } from 'node:child_process';

/** One progress line. Standard output stays free for programs. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** A set-up problem that a person can act on: printed as one line, without a stack. */
export class SetupError extends Error {}

/** Runs `command`; throws SetupError when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
    ...options,
  });
  if (result.error) throw new SetupError(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    throw new SetupError(`"${command} ${args.join(' ')}" failed (exit ${result.status}).`);
  }
}

/** True when `command --version` works. */
export function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a step and says how long it took. */
export async function step(title, work) {
  const start = Date.now();
  say(`· ${title}`);
  const result = await work();
  say(`  done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** Installs missing Debian packages when that is possible without asking (root, apt); else names the command. */
export function needTools(tools) {
  const missing = tools.filter(({ command }) => !has(command));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((tool) => tool.packages))];
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const isRoot = process.getuid?.() === 0;
  if (process.platform === 'linux' && isRoot && has('apt-get')) {
    say(`  installing ${packages.join(', ')} with apt-get`);
    run('apt-get', ['update', '-qq']);
    run('apt-get', command.split(' ').slice(1), {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return;
  }
  throw new SetupError(
    `Missing: ${missing.map((tool) => tool.command).join(', ')}. Install with: sudo ${command} (or your system's equivalent), then run the same command again.`,
  );
}
