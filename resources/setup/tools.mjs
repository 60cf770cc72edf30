/** @file Programs that set-up needs from the system: installed with apt where nobody has to be asked, else named. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { onPath } from './paths.mjs';
import { run, say, SetupError } from './run.mjs';

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', windowsHide: true }).status === 0;
}

/** Tools by name: how to see that one is there, its Debian packages, and the command on other systems. */
export const TOOLS = {
  'Python with pip': {
    present: () => works('python3', ['-m', 'pip', '--version']),
    packages: ['python3', 'python3-pip'],
    mac: 'xcode-select --install',
  },
  'a C++ compiler': {
    present: () => onPath(process.platform === 'darwin' ? 'clang++' : 'g++') !== null,
    packages: ['g++'],
    mac: 'xcode-select --install',
  },
};

/** The system that tools would be installed on; a test passes its own. */
export function thisSystem() {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    hasApt: existsSync('/etc/debian_version') && onPath('apt-get') !== null,
  };
}

/**
 * What to do about missing tools: `{ apt: [...] }` when apt-get can be run without asking, else `{ refusal }`, one line
 * that names the command.
 */
export function planFor(missing, { platform, isRoot, hasApt }) {
  const names = missing.map(({ name }) => name).join(' and ');
  const packages = [...new Set(missing.flatMap((tool) => tool.packages))];
  const apt = ['install', '-y', '--no-install-recommends', ...packages];
  if (platform === 'linux' && hasApt && isRoot) return { apt };
  const again = 'then run the same command again.';
  if (platform === 'linux' && hasApt) {
    return { refusal: `Missing: ${names}. Run: sudo apt-get ${apt.join(' ')} – ${again}` };
  }
  if (platform === 'darwin') {
    const commands = [...new Set(missing.map((tool) => tool.mac).filter(Boolean))].join(' && ');
    return { refusal: `Missing: ${names}. Run: ${commands} – ${again}` };
  }
  return {
    refusal: `Missing: ${names}. Install it with this system's package manager (on Debian: apt-get ${apt.join(' ')}) – ${again}`,
  };
}

/** Makes sure that the named tools are there. @throws SetupError with the command to run */
export function needTools(tools) {
  const missing = Object.entries(tools)
    .filter(([, tool]) => !tool.present())
    .map(([name, tool]) => ({ name, ...tool }));
  if (missing.length === 0) return;
  const plan = planFor(missing, thisSystem());
  if (plan.refusal !== undefined) throw new SetupError(plan.refusal);
  say(`  missing: ${missing.map(({ name }) => name).join(' and ')}; running apt-get ${plan.apt.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['-qq', ...plan.apt], { env });
  const still = missing.filter((tool) => !tool.present());
  if (still.length > 0) {
    throw new SetupError(`Still missing after apt-get: ${still.map(({ name }) => name).join(' and ')}.`);
  }
}
